"""The interface's words: every sentence in every language that is there, and mails that are read from right to left."""

from __future__ import annotations

import ast
import re
import runpy
import textwrap
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.editing.edit import notes
from newsletter.editing.since import gained
from newsletter.models import Edition, Match, Message, Reading, Section, SourceState, Words, counted, said
from newsletter.render import Renderer, default_templates
from newsletter.render.columns import columns, fill
from newsletter.render.language import PATTERNS, Language, available, check, faults, find
from tests.factories import DAY, candidate, digest, edition, match, numbered, period, section, stamp, subscriber
from tests.homes import invented_day, make_home, readers, text_of
from tests.test_render import Page, imprint

ROOT = Path(__file__).parents[1]
SHIPPED = default_templates()
GATHERED = runpy.run_path(str(ROOT / "scripts" / "words"), run_name="words")
MESSAGES: Catalog = GATHERED["messages"]()
CATALOGUES = sorted((SHIPPED / "locales").glob("*.po"))
HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
TRENDING = 'msgid "Trending"\nmsgstr "{}"\n'


def language(tag: str) -> Language:
    return find([SHIPPED], tag)


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def place(folder: Path, **catalogues: str) -> Path:
    """A folder of templates with these catalogues, whose names have `_` for `-`."""
    (folder / "locales").mkdir(parents=True, exist_ok=True)
    for tag, text in catalogues.items():
        (folder / "locales" / f"{tag.replace('_', '-')}.po").write_text(text, "utf-8")
    return folder


# -- the catalogues that come with the program


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_has_every_sentence_of_the_code_and_the_designs_translated(path: Path):
    have = {message.id for message in catalogue(path) if message.id and all([*message.string]) and not message.fuzzy}
    wanted = {message.id for message in MESSAGES if message.id}

    assert wanted == have, "scripts/words brings the catalogues up to date; then translate what is new"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_is_as_scripts_words_writes_it(path: Path):
    assert path.read_bytes() == GATHERED["updated"](path, MESSAGES)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_has_no_faults(path: Path):
    assert [] == list(faults(path))


def test_what_comes_with_the_program_is_english_one_more_and_one_from_right_to_left():
    assert ("ar", "de", "en") == available([SHIPPED])
    assert ["rtl", "ltr", "ltr"] == [language(tag).direction for tag in available([SHIPPED])]


def test_sentences_stand_where_they_are_said_so_that_they_are_found():
    odd = []
    for path in sorted((ROOT / "newsletter").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("said", "counted", "language.say"):
                texts = node.args[: 2 if ast.unparse(node.func) == "counted" else 1]
                if not all(isinstance(text, ast.Constant) for text in texts):
                    odd.append(f"{path.name}:{node.lineno}")
    assert [] == odd


def test_new_sentences_come_in_old_ones_go_and_translations_stay(tmp_path: Path):
    home = place(tmp_path, fr=HEAD + TRENDING.format("Tendances") + '\nmsgid "Gone"\nmsgstr "Parti"\n')
    told = GATHERED["updated"](home / "locales" / "fr.po", MESSAGES).decode()

    assert 'msgid "Trending"\nmsgstr "Tendances"' in told
    assert "Gone" not in told
    assert 'msgid "Just missed"\nmsgstr ""' in told
    assert "#: newsletter/render/contents.py\n" in told


def test_a_language_is_begun_with_its_own_rule_for_plurals(tmp_path: Path):
    told = GATHERED["updated"](tmp_path / "pl.po", MESSAGES).decode()

    assert "The words of newsletter in Polish." in told
    assert "nplurals=3" in told
    assert 'msgstr[2] ""' in told


# -- how they say it


def test_arabic_has_six_forms_for_numbers():
    words = language("ar")
    papers = [words.count("{n} paper", "{n} papers", n) for n in (0, 1, 2, 3, 11, 100)]
    votes = [words.told(counted("{n} upvote", "{n} upvotes", n)) for n in (0, 1, 2, 3, 11, 100)]

    assert ["لا أوراق", "ورقة واحدة", "ورقتان", "3 أوراق", "11 ورقة", "100 ورقة"] == papers
    assert ["لا أصوات", "صوت واحد", "صوتان", "3 أصوات", "11 صوتًا", "100 صوت"] == votes


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", ("Tuesday, 3 March 2026", "Tuesday, 3 March", "3 March", "Week 10, 2026", "March 2026")),
        ("de", ("Dienstag, 3. März 2026", "Dienstag, 3. März", "3. März", "Kalenderwoche 10, 2026", "März 2026")),
        ("ar", ("الثلاثاء، 3 مارس 2026", "الثلاثاء، 3 مارس", "3 مارس", "الأسبوع 10، 2026", "مارس 2026")),
    ],
)
def test_dates_are_written_as_in_the_language(tag: str, expected: tuple[str, ...]):
    words = language(tag)
    day, week, month = (words.period(replace(period(), name=name)) for name in ("2026-03-03", "2026-W10", "2026-03"))

    assert expected == (day, words.date(DAY, "EEEE, d MMMM"), words.date(DAY, "d MMMM"), week, month)


def test_a_date_in_a_phrase_is_in_the_language_too():
    assert "12 Arbeiten aus der Zeit vor dem 20. Februar fehlen hier." == language("de").told(
        counted(
            "{n} paper from before {day} was left out.",
            "{n} papers from before {day} were left out.",
            12,
            day=date(2026, 2, 20),
        )
    )


def test_what_is_not_ours_stands_apart_only_where_it_would_change_the_order():
    arabic = language("ar")

    assert "السبب: \u2068C++\u2069 · بقلم \u2068Ada B.\u2069" == arabic.say(
        "Why: {reasons}", reasons=arabic.listed(["C++", arabic.told(said("by {author}", author="Ada B."))])
    )
    assert "شبيهة بـ 2011.13456" == arabic.told(said("like {paper}", paper="2011.13456"))
    assert "von Ada B." == language("de").told(said("by {author}", author="Ada B."))


def test_a_name_cannot_bring_its_own_marks_of_direction():
    assert "بقلم \u2068Ada\u2069" == language("ar").told(said("by {author}", author="\u2069\u202eAda\u2068"))


# -- which language it is


def test_a_dialect_is_said_in_its_language_and_an_unknown_language_in_english(tmp_path: Path):
    home = place(tmp_path, pt=HEAD + TRENDING.format("Em alta"))

    assert ("pt", "Em alta") == (find([home], "pt-BR").tag, find([home], "pt-BR").say("Trending"))
    assert ("en", "Trending") == (find([home], "fr-CA").tag, find([home], "fr-CA").say("Trending"))


def test_an_own_catalogue_is_asked_first_and_lacks_nothing_that_comes_with_the_program(tmp_path: Path):
    home = place(tmp_path, de=HEAD + TRENDING.format("Beliebt"), en=HEAD + TRENDING.format("Popular"))
    german = find([home, SHIPPED], "de")

    assert ("Beliebt", "Knapp nicht dabei") == (german.say("Trending"), german.say("Just missed"))
    assert "Popular" == find([home, SHIPPED], "en").say("Trending")
    assert language("de").version != german.version


# -- what is wrong with one


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + 'msgid "by {author}"\nmsgstr "von {autor}"\n', ":5: other {values} than in the English sentence"),
        (HEAD + 'msgid "by {author}"\nmsgstr "von"\n', ":5: other {values}"),
        (HEAD + 'msgid "by {author}"\nmsgstr "von {author} {"\n', ":5: other {values}"),
        (HEAD + 'msgid "by {author}"\nmsgstr "{author!r}"\n', ":5: other {values}"),
        (HEAD + 'msgid "Trending"\nmsgstr "{% raw %}"\n', ":5: other {values}"),
        (HEAD + 'msgid "d MMMM"\nmsgstr "HH:mm"\n', ":5: a date cannot be written so"),
        (HEAD + 'msgid "d MMMM"\nmsgstr "dddddd"\n', ":5: a date cannot be written so"),
        (HEAD + 'msgid "Trending"\n', ":5: missing msgstr"),
        (HEAD + 'msgid "Trending"\nmsgtsr "Beliebt"\n', ":6: Unknown or misformatted keyword"),
        (HEAD + TRENDING.format(""), ": nothing is translated"),
        ("", ": nothing is translated"),
        (HEAD.replace("utf-8", "utf-89") + TRENDING.format("ü"), ": not a catalogue of gettext's, or damaged"),
        (HEAD.replace("utf-8", "ascii") + TRENDING.format("ü"), ": not a catalogue of gettext's, or damaged"),
        (HEAD[:-1] + '"Plural-Forms: nplurals=2; plural=n/0;\\n"\n\n' + TRENDING.format("B"), ": the Plural-Forms"),
        (HEAD[:-1] + '"Plural-Forms: nplurals=2; plural=x;\\n"\n\n' + TRENDING.format("B"), ": the Plural-Forms"),
    ],
)
def test_a_fault_is_named_with_its_file_and_line_and_the_sentence_stays_english(tmp_path: Path, text: str, told: str):
    home = place(tmp_path, nl=text)
    words = find([home], "nl")

    assert any(f"nl.po{told}" in fault for fault in faults(home / "locales" / "nl.po"))
    assert "by Ada" == words.say("by {author}", author="Ada")
    assert "3 March" == words.date(DAY, "d MMMM").replace("maart", "March")
    assert "2 papers" == words.count("{n} paper", "{n} papers", 2)


def test_sentences_that_wait_for_their_translation_are_counted(tmp_path: Path):
    waiting = '\nmsgid "Just missed"\nmsgstr ""\n\n#, fuzzy\nmsgid "Wild card"\nmsgstr "Joker"\n'
    home = place(tmp_path, nl=HEAD + TRENDING.format("Populair") + waiting)
    path = home / "locales" / "nl.po"

    assert [f"{path}:8: 2 of its sentences are not translated, the first of them here"] == list(faults(path))
    assert "Wild card" == find([home], "nl").say("Wild card")


def test_a_file_that_is_named_after_no_language_is_told(tmp_path: Path):
    home = place(tmp_path, xx=HEAD + TRENDING.format("?"))

    assert ["'xx' is no language"] == [fault.split(": ")[1].split(";")[0] for fault in faults(home / "locales/xx.po")]
    assert "en" == find([home], "xx").tag


def test_a_language_without_words_is_told_with_those_that_there_are():
    told = "no words in 'fr': the mails are in English; languages there: ar, de, en"

    assert [told] == list(check([SHIPPED], "fr"))
    assert [] == [*check([SHIPPED], "de-AT"), *check([SHIPPED], "en"), *check([SHIPPED], "en-GB")]


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_catalogue_costs_no_mail(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    sound = (SHIPPED / "locales" / "ar.po").read_bytes()
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(start, min(start + 40, len(sound))))
    home = place(tmp_path_factory.mktemp("damaged"))
    path = home / "locales" / "ar.po"
    path.write_bytes(sound[:start] + data.draw(st.binary(max_size=8)) + sound[end:])
    words = find([home], "ar")

    assert all(f"{path}:" in fault for fault in faults(path))
    assert all(words.count("{n} paper", "{n} papers", n) for n in range(120))
    assert all(words.date(DAY, pattern) for pattern in PATTERNS)  # type: ignore[arg-type]
    assert "Ada" in words.say("You get this because you subscribed to {name}.", name="Ada")


# -- an edition that has everything in it

GREEK = "Γράμμα"
"""What is not ours is Greek here, so that English letters in these mails are ours."""


def greek(number: int, **changes: object):  # type: ignore[no-untyped-def]
    usual = numbered(
        number,
        title=f"{GREEK} {number} (C++)",
        summary=f"Τι λέει το {number}.",
        abstract=f"Τι είναι το {number}.",
        authors=("Άλφα Βήτα", "Γάμμα Δέλτα"),
        organization="Εψιλον",
        code="https://github.com/x/γ",
        project="https://γ.example.org/",
        stars=1204,
        upvotes=number + 1,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def found(number: int, *reasons: Words, listed: date | None = None, **changes: object) -> Match:
    """A match with a paper of that number; `listed` before DAY."""
    return match(greek(number, **changes), reasons=reasons or ("λέξη",), new=listed is None, day=listed or DAY)


def everything(tag: str, design: str = "daily") -> Edition:
    interest = section(
        found(1, said("like {paper}", paper="2011.13456"), said("by {author}", author="Άλφα"), "λέξη"),
        found(2, listed=date(2026, 3, 2), summary="", authors=tuple(f"Άλφα {letter}" for letter in "ΑΒΓΔΕΖΗ")),
        found(3, said("close to {interest}", interest="Άλφα"), summary_by="μοντέλο"),
        found(14, id="10.1/γ", summary="", abstract="", organization="", code="", project=""),
        found(4, id="title:4", url="https://example.org/δ"),
        found(5, id="title:5"),
        title="Ενδιαφέρον",
    )
    trending = section(
        found(6, said("top {share} % of {day}", share=3, day=DAY)),
        found(7, said("most upvoted of {day}", day=DAY)),
        found(8, said("listed on {day}", day=DAY)),
        kind="trending",
    )
    between = said("between {first} and {second}", first="Άλφα", second="Βήτα")
    later = gained([candidate(greek(9, upvotes=90, version=2))], {greek(9).id: Reading(3, code="", version=1)})
    sources = (SourceState("πηγή", "broken"), SourceState("άλλη", "quiet"))
    return edition(
        interest,
        section(found(10, between), kind="wildcard"),
        trending,
        Section("titles", "", (found(11), found(12))),
        subscriber=replace(subscriber(), name="Άλφα", language=tag, design=design),
        notes=(
            counted("{n} paper was hidden by your excludes.", "{n} papers were hidden by your excludes.", 3),
            *notes(digest(sources=sources, left_out=12)),
            counted("{n} more paper did not fit into this mail.", "{n} more papers did not fit into this mail.", 2),
        ),
        note="Από **εμάς**.",
        later=later,
        missed=(candidate(greek(13)),),
        considered=140,
        first=True,
    )


RENDERERS = {
    way: Renderer(imprint(name="Νέα", sender="Νέα", postal_address="Οδός 1", base_url=way), default_templates())
    for way in ("https://news.example.org", "")
}


def rendered(tag: str, design: str = "daily", way: str = "https://news.example.org") -> Message:
    return RENDERERS[way].render(everything(tag, design), stamp())


def english_letters(message: Message) -> set[str]:
    """Words of English letters that a reader sees: not those of addresses."""
    subject = dict(message.headers)["Subject"]
    page = Page(message.html)
    named = [name for _, name in page.links]
    seen = " ".join((subject, page.words, *named, re.sub(r"(https?|mailto):\S+", "", message.text)))
    return set(re.findall(r"[A-Za-zÄÖÜäöüß]{2,}", re.sub(r"\b\S+\.(com|org)\S*|title:\d+", "", seen)))


NAMES = {"arXiv", "PDF", "DOI", "Hugging", "Face"}


@pytest.mark.parametrize("design", ["daily", "weekly", "plain"])
@pytest.mark.parametrize("way", ["https://news.example.org", ""])
def test_no_english_word_is_left_in_an_arabic_edition(design: str, way: str):
    assert set() == english_letters(rendered("ar", design, way)) - NAMES


@pytest.mark.parametrize("design", ["daily", "weekly", "plain"])
@pytest.mark.parametrize("way", ["https://news.example.org", ""])
def test_every_word_of_a_german_edition_is_in_the_german_catalogue(design: str, way: str):
    german = " ".join(" ".join(m.string) if m.pluralizable else m.string for m in catalogue(SHIPPED / "locales/de.po"))
    known = set(re.findall(r"[A-Za-zÄÖÜäöüß]{2,}", german)) | {"Dienstag", "Montag", "März"}

    assert set() == english_letters(rendered("de", design, way)) - NAMES - known


@pytest.mark.parametrize("design", ["daily", "weekly", "plain"])
@pytest.mark.parametrize(("tag", "direction", "start"), [("ar", "rtl", "right"), ("de", "ltr", "left")])
def test_a_page_goes_the_way_of_its_language(design: str, tag: str, direction: str, start: str):
    message = rendered(tag, design)
    html = Page(message.html)
    [root] = [attributes for name, attributes in html.tags if name == "html"]
    styles = [attributes.get("style") or "" for name, attributes in html.tags if name in ("td", "div", "table")]
    cells = [attributes for name, attributes in html.tags if name == "td" and "align" in attributes]

    assert tag == message_from_bytes(message.mime, policy=default)["Content-Language"]
    assert (tag, direction) == (root["lang"], root["dir"])
    assert {direction} == {way for style in styles for way in re.findall(r"(?<!-)direction:(\w+)", style)}
    assert {start} == {attributes["align"] for attributes in cells}
    # Text has its own alignment; MJML centres sections, and has columns begin at the left, around it.
    words = [style for style in styles if "font-family" in style]
    assert words
    assert all(f"text-align:{start};" in style for style in words)


def test_titles_are_as_written_and_each_finds_its_own_direction():
    arabic, german = rendered("ar"), rendered("de")
    titles = [f"{GREEK} {number} (C++)" for number in range(1, 15)]

    assert all(title in arabic.text and title in german.text for title in titles)
    shown = re.findall(r'<(?:h3[^>]*><a|a class="ink") dir="auto"[^>]*>([^<]*)</a>', arabic.html)
    assert sorted(titles) == sorted(shown)
    assert "\u2068" not in german.html + german.text


def test_the_subject_of_an_arabic_edition_has_no_marks_of_direction():
    quiet = replace(everything("ar"), sections=())
    subjects = [RENDERERS[""].render(of, stamp()).subject for of in (everything("ar"), quiet)]

    assert [f"{GREEK} 1 (C++) و11 ورقة أخرى", "Νέα: لا جديد، الثلاثاء، 3 مارس 2026"] == subjects


def test_an_arabic_text_part_fits_its_columns_and_no_mark_stands_alone():
    lines = rendered("ar").text.splitlines()

    assert [] == [line for line in lines if columns(line) > 74 and "://" not in line]
    assert [] == [line for line in lines if line.strip() and not line.strip("\u2068\u2069 ")]


@given(st.lists(st.text("abc-·é", min_size=1, max_size=20), min_size=1, max_size=30), st.sampled_from(["", "  ", "- "]))
def test_plain_words_are_filled_as_pythons_own_textwrap_does(words: list[str], indent: str):
    rest = " " * len(indent)
    wrapped = textwrap.fill(" ".join(words), 40, initial_indent=indent, subsequent_indent=rest, break_on_hyphens=False)

    assert wrapped == fill(" ".join(words), 40, indent, rest)


def test_a_word_is_not_broken_for_the_letters_it_has():
    assert "Nguyễn’s\nNguyễn’s" == fill("Nguyễn’s Nguyễn’s", 9)


# -- end to end


@pytest.mark.parametrize(
    ("tag", "welcome", "unsubscribe"), [("de", "Willkommen!", "Abbestellen"), ("ar", "مرحبًا!", "إلغاء الاشتراك")]
)
def test_a_home_sends_in_the_readers_language(tmp_path: Path, tag: str, welcome: str, unsubscribe: str):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada"]).replace("trending: 0", f"trending: 3, language: {tag}-XY"))
    assert "language" not in home.run("check")
    home.run("send", "--date", "2026-03-03")
    [mail] = (home.path / "outbox").glob("*.eml")
    read = message_from_bytes(mail.read_bytes(), policy=default)

    assert tag == read["Content-Language"]
    assert welcome in text_of(mail.read_bytes())
    assert f'<html lang="{tag}"' in read.get_body(("html",)).get_content()
    assert unsubscribe in read.get_body(("html",)).get_content() + text_of(mail.read_bytes())


def test_check_names_a_language_without_words_and_the_faults_of_one_in_use(tmp_path: Path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 3))
    place(home.path / "own", de=HEAD + 'msgid "by {author}"\nmsgstr "von {autor}"\n')
    text = readers(["ada", "bo"]).replace("    name: Ada\n", "    language: fr\n")
    home.subscribers(text.replace("    name: Bo\n", "    language: de-AT\n"))
    told = home.run("check", NEWSLETTER_TEMPLATES="own")

    assert "warning language fr: no words in 'fr': the mails are in English; languages there: ar, de, en\n" in told
    assert "own/locales/de.po:5: other {values} than in the English sentence, which is shown instead\n" in told
