"""The subscribers' file: what it means, and every fault of it at once with its line and cure."""

from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import SubscriberError
from newsletter.models import Cadence, Interest, Subscriber
from newsletter.subscribers import parse, read
from newsletter.subscribers.words import category

HERE = Path(__file__).parent


def of(text: str) -> tuple[Subscriber, ...]:
    return parse(text, "s.yaml", HERE)


def faults(text: str) -> list[str]:
    with pytest.raises(SubscriberError) as caught:
        of(text)
    return str(caught.value).split("\n")


def ada(keys: str) -> Subscriber:
    """The one subscriber of a file whose keys these are, one a line."""
    return of(ada_file(keys))[0]


def ada_file(keys: str) -> str:
    return "subscribers:\n  - email: ada@example.org\n" + "".join(f"    {line}\n" for line in keys.splitlines())


def interest(keys: str) -> Interest:
    return ada(f"interests:\n  - name: Robots\n{indented(keys)}").interests[0]


def interest_fault(keys: str) -> str:
    (fault,) = faults(ada_file(f"interests:\n  - name: Robots\n{indented(keys)}"))
    return fault


def indented(keys: str) -> str:
    return "".join(f"    {line}\n" for line in keys.splitlines())


def test_an_address_alone_is_a_subscriber_with_every_default():
    assert (Subscriber(key="ada@example.org", email="ada@example.org"),) == of(
        "subscribers: [{email: ada@example.org}]"
    )


def test_every_key_is_read_as_it_is_typed():
    expected = Subscriber(
        key="7",
        email="Ada@example.org",
        name="Ada",
        timezone="Asia/Tokyo",
        send_at=time(18, 30),
        cadence=Cadence("weekly", 4),
        max_papers=20,
        interests=(
            Interest(
                name="Diffusion models",
                about="how to sample faster",
                keywords=("diffusion", "flow matching"),
                authors=("Yang Song",),
                categories=("cs.LG",),
                like=("2011.13456", "10.5555/abc"),
                dislike=("2401.10020",),
                exclude=("NO",),
                threshold="strict",
                weight=1.5,
                max_papers=5,
            ),
        ),
        trending=0,
        exclude=("survey",),
        paused_until=date(2026, 12, 24),
        sources=("huggingface", "arxiv:cs.CL+cs.LG"),
        language="no",
        design="plain",
        quiet="send",
    )
    assert (expected,) == of(
        """
subscribers:
  - email: Ada@Example.org
    id: 7
    name: Ada
    timezone: Asia/Tokyo
    send_at: 18:30
    cadence: weekly friday
    max_papers: 20
    interests:
      - name: Diffusion models
        about: |
          how to
          sample faster
        keywords: [diffusion, "flow matching", diffusion]
        authors: Yang Song
        categories: cs.lg
        like: [https://arxiv.org/abs/2011.13456v2, "doi:10.5555/ABC"]
        dislike: 2401.10020
        exclude: NO
        threshold: strict
        weight: 1.5
        max_papers: 5
    trending: 0
    exclude: [survey]
    paused_until: 2026-12-24
    sources: [huggingface, arxiv:cs.CL+cs.LG]
    language: no
    design: plain
    quiet: send
"""
    )


def test_defaults_hold_for_whoever_does_not_say_else():
    text = """
defaults: {timezone: Europe/Paris, cadence: weekdays, exclude: [survey], interests: [Robots]}
subscribers:
  - {email: ada@example.org}
  - {email: bob@example.org, timezone: UTC, exclude: , interests: [Speech]}
"""
    first, second = of(text)
    assert ("Europe/Paris", Cadence("weekdays"), ("survey",)) == (first.timezone, first.cadence, first.exclude)
    assert ("UTC", Cadence("weekdays"), ()) == (second.timezone, second.cadence, second.exclude)
    assert [(Interest("Robots"),), (Interest("Speech"),)] == [first.interests, second.interests]


def test_an_empty_value_counts_as_not_typed():
    assert Subscriber(key="ada@example.org", email="ada@example.org") == ada("name:\ncadence:\ninterests:\nquiet: ''")


def test_the_key_is_the_id_or_else_the_folded_address():
    first, second = of("subscribers:\n  - {email: Ada@Example.org}\n  - {email: bob@example.org, id: bob}\n")
    assert [("ada@example.org", "Ada@example.org"), ("bob", "bob@example.org")] == [
        (one.key, one.email) for one in (first, second)
    ]


def test_nobody_listed_on_purpose_is_nobody():
    assert () == of("subscribers: []")


def test_interests_may_be_names_alone():
    assert (Interest("Robots"), Interest("Speech")) == ada("interests: [Robots, {name: Speech}]").interests


def test_a_name_is_one_line_without_line_ends():
    assert "Ada Bcc: all@example.org" == ada(r'name: "Ada\r\nBcc: all@example.org"').name


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("daily", Cadence()),
        ("Weekdays", Cadence("weekdays")),
        ("weekly", Cadence("weekly", 0)),
        ("weekly Sunday", Cadence("weekly", 6)),
        ("MONTHLY", Cadence("monthly")),
    ],
)
def test_cadences(typed: str, expected: Cadence):
    assert expected == ada(f"cadence: {typed}").cadence


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("weekly fri", "weekly friday"),
        ("weekly tusday", "weekly tuesday"),
        ("friday", "weekly friday"),
        ("weekly [monday]", "weekly monday"),
        ("weekdayss", "weekdays"),
        ("month", "monthly"),
    ],
)
def test_a_cadence_that_is_none_gets_the_nearest(typed: str, meant: str):
    (fault,) = faults(ada_file(f"cadence: {typed}"))
    assert fault.startswith("s.yaml:3:14: subscribers[0].cadence: ")
    assert fault.endswith(f"; did you mean {meant}?")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Europe/Pariss", "Europe/Paris"), ("Paris", "Europe/Paris"), ("new york", "America/New_York")],
)
def test_an_impossible_time_zone_gets_the_nearest(typed: str, meant: str):
    assert [f"s.yaml:3:15: subscribers[0].timezone: '{typed}' is not a time zone; did you mean {meant}?"] == faults(
        ada_file(f"timezone: {typed}")
    )


@pytest.mark.parametrize("typed", ["PST", "UTC+2", "+02:00", "../etc/passwd", "somewhere"])
def test_a_time_zone_with_no_neighbour_is_told_the_form(typed: str):
    assert faults(ada_file(f"timezone: {typed}"))[0].endswith("is not a time zone; write Area/City, as Europe/Paris")


def test_a_time_zone_is_read_in_any_case():
    assert "Europe/Paris" == ada("timezone: europe/paris").timezone


def test_times_may_lack_the_leading_zero():
    assert time(8, 5) == ada("send_at: 8:05").send_at


@pytest.mark.parametrize(
    ("key", "typed", "complaint"),
    [
        ("send_at", "24:00", "is not a time of day; write HH:MM from 00:00 to 23:59, as 08:00"),
        ("send_at", "8am", "is not a time of day"),
        ("send_at", "08:00:00", "is not a time of day"),
        ("max_papers", "0", "0 is out of range; write 1 to 500"),
        ("max_papers", "501", "501 is out of range; write 1 to 500"),
        ("max_papers", "many", "'many' is not a whole number"),
        ("trending", "-1", "-1 is out of range; write 0 to 500"),
        ("trending", "13", "13 is more than the 12 papers of an edition (max_papers); lower it"),
        ("paused_until", "24.12.2026", "is not a date; write YYYY-MM-DD"),
        ("paused_until", "20261224", "is not a date; write YYYY-MM-DD"),
        ("paused_until", "2026-02-30", "is not in the calendar"),
        ("quiet", "snd", "'snd' is not skip or send; did you mean send?"),
        ("design", "../../etc", "is not the name of a design"),
        ("language", "en/US", "is not a language"),
        ("id", "a b", "is not an id"),
        ("name", r'"a\0b"', "holds an invisible character (U+0000)"),
        ("name", "[a, b]", "expected a single text, not a list or keys"),
        ("exclude", "{a: b}", "expected a text; put text that has a colon or brackets in quotes"),
    ],
)
def test_a_value_that_means_nothing_is_named_with_its_place(key: str, typed: str, complaint: str):
    (fault,) = faults(ada_file(f"{key}: {typed}"))
    assert fault.startswith(f"s.yaml:3:{len(key) + 7}: subscribers[0].{key}")
    assert complaint in fault


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("threshold: striict", "threshold: 'striict' is not loose, normal or strict; did you mean strict?"),
        ("weight: 0", "weight: '0' is not a number above 0"),
        ("weight: 1,5", "weight: '1,5' has a decimal comma; did you mean 1.5?"),
        ("max_papers: 0", "max_papers: 0 is out of range; write 1 to 500"),
        ("categories: sc.CL", "categories: 'sc.CL' is not an arXiv category; did you mean cs.CL?"),
        (
            "categories: [cs]",
            "categories[0]: 'cs' is not an arXiv category; name the part of it that you read, as cs.AI",
        ),
        ("like: Attention", "like: 'Attention' is no paper that can be recognised"),
        ("keyword: x", "'keyword' is not a key here; did you mean keywords?"),
    ],
)
def test_a_fault_in_an_interest_is_named_down_to_the_value(keys: str, complaint: str):
    assert complaint in interest_fault(keys)
    assert ": subscribers[0].interests[0]" in interest_fault(keys)


def test_a_paper_cannot_be_liked_and_disliked():
    assert "dislike: 2401.10020 is under `like` too; keep it in one of them" in interest_fault(
        "like: [2401.10020v2]\ndislike: [2011.13456, arXiv:2401.10020]"
    )


def test_an_interest_needs_a_name():
    assert [
        "s.yaml:4:9: subscribers[0].interests[0]: has no name; it becomes the heading of a section, so add `name: ...`"
    ] == faults(ada_file("interests:\n  - keywords: robots"))


def test_an_interest_must_have_something_to_match():
    assert "has nothing to match papers with; add about, keywords, authors, categories or like" in "".join(
        faults(ada_file("interests: ['!!!']"))
    )
    assert "!!!" == ada("interests: [{name: '!!!', keywords: surprise}]").interests[0].name


def test_two_interests_of_one_subscriber_cannot_share_a_name():
    text = ada_file("interests:\n  - Robots\n  - name: robots\n    about: x")
    assert [
        "s.yaml:5:9: subscribers[0].interests[1]: the interest on line 4 is named 'robots' too: rename one"
    ] == faults(text)


def test_arxiv_categories_of_every_shape_are_known():
    assert ["cs.CL", "hep-th", "cond-mat.mes-hall", "q-bio.NC", "stat.ML"] == [
        category(typed) for typed in ("CS.cl", "hep-th", "cond-mat.mes-hall", "q-bio.NC", "stat.ml")
    ]


@pytest.mark.parametrize("second", ["ada@example.org", "ADA@EXAMPLE.ORG", '" ada@example.org "'])
def test_one_address_cannot_be_listed_twice(second: str):
    (fault,) = faults(f"subscribers:\n  - email: ada@example.org\n  - {{email: {second}, id: other}}\n")
    assert fault.startswith("s.yaml:3:13: subscribers[1].email: ")
    assert fault.endswith(" is on line 2 already; keep one of the two")


def test_two_spellings_of_a_domain_are_one_address():
    (fault,) = faults("subscribers:\n  - email: a@MÜLLER.example\n  - email: a@xn--mller-kva.example\n")
    assert "s.yaml:3:12: subscribers[1].email: a@xn--mller-kva.example is on line 2 already" in fault


def test_one_id_cannot_be_given_twice():
    text = "subscribers:\n  - {email: a@example.org, id: 7}\n  - {email: b@example.org, id: 7}\n"
    assert [
        "s.yaml:3:32: subscribers[1].id: '7' names the subscriber on line 2 already; change one of the two"
    ] == faults(text)


def test_an_id_cannot_be_the_address_of_somebody_else():
    text = "subscribers:\n  - {email: a@example.org, id: b@example.org}\n  - {email: b@example.org}\n"
    assert "'b@example.org' names the subscriber on line 2 already" in faults(text)[0]


def test_trending_that_is_inherited_is_cut_down_to_max_papers():
    first, second = of(
        "defaults: {trending: 5}\nsubscribers:\n  - {email: a@b.org, max_papers: 2}\n  - email: c@b.org\n"
    )
    assert (2, 5) == (first.trending, second.trending)
    assert 1 == ada("max_papers: 1").trending


def test_a_fault_in_defaults_is_told_once():
    text = (
        "defaults: {cadence: dayly, trending: 9, max_papers: 4}\nsubscribers:\n  - email: a@b.org\n  - email: c@b.org\n"
    )
    assert [
        "s.yaml:1:21: defaults.cadence: 'dayly' is not daily, weekdays, weekly, weekly friday (or another day) or "
        "monthly; did you mean daily?",
        "s.yaml:1:38: defaults.trending: 9 is more than the 4 papers of an edition (max_papers); lower it",
    ] == faults(text)


@pytest.mark.parametrize("key", ["email", "id", "name"])
def test_defaults_cannot_hold_what_is_each_subscribers_own(key: str):
    assert [f"s.yaml:1:12: defaults: '{key}' is each subscriber's own: move it there"] == faults(
        f"defaults: {{{key}: x}}\nsubscribers: []"
    )


def test_every_fault_is_told_at_once_in_reading_order():
    text = """
defaults: {timezone: Europe/Pariss}
subcribers: []
subscribers:
  - email: ada@example.org
    cadence: daily
    cadence: weekly
    intrests: []
  - name: Bob
  - just text
  - email: c@example.org
    interests:
      - name: A
        threshold: striict
"""
    assert [
        "s.yaml:2:22: defaults.timezone: 'Europe/Pariss' is not a time zone; did you mean Europe/Paris?",
        "s.yaml:3:1: the file: 'subcribers' is not a key here; did you mean subscribers?",
        "s.yaml:7:5: 'cadence' is given twice, first on line 6: keep one",
        "s.yaml:8:5: subscribers[0]: 'intrests' is not a key here; did you mean interests?",
        "s.yaml:9:5: subscribers[1]: has no address; add `email: ...`",
        "s.yaml:10:5: subscribers[2]: expected keys with values, beginning with `email: ...`",
        "s.yaml:14:20: subscribers[3].interests[0].threshold: 'striict' is not loose, normal or strict; "
        "did you mean strict?",
    ] == faults(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "s.yaml: the file is empty; `newsletter init` writes one to edit"),
        ("# nothing yet\n", "s.yaml: the file is empty; `newsletter init` writes one to edit"),
        ("- email: a@b.org", "s.yaml:1:1: the file: expected `subscribers:` with a list under it, and perhaps"),
        ("hello", "s.yaml:1:1: the file: expected `subscribers:` with a list under it, and perhaps"),
        ("defaults: {}", "s.yaml:1:1: the file: has no `subscribers:` list; `newsletter init` writes one to edit"),
        ("subscribers:", "s.yaml:1:1: subscribers: nobody is listed; add `- email: ...` under it"),
        ("subscribers: ada@b.org", "s.yaml:1:14: subscribers: expected a list: begin each subscriber with a dash"),
        ("subscribers: []\nemail: a@b.org", "s.yaml:2:1: the file: 'email' belongs to a subscriber: indent it under"),
        ("subscribers: [{email: a@b.org, <<: x}]", "s.yaml:1:32: subscribers[0]: '<<' merges nothing here; put what"),
        ("subscribers:\n\t- email: a@b.org", "s.yaml:2:1: a tab where spaces belong: indent with spaces"),
    ],
)
def test_a_file_of_another_shape_is_one_line_with_the_cure(text: str, expected: str):
    (fault,) = faults(text)
    assert fault.startswith(expected)


def test_a_missing_file_is_one_line_with_the_cure(tmp_path: Path):
    path = tmp_path / "subscribers.yaml"
    with pytest.raises(SubscriberError) as caught:
        read(path)
    assert f"{path}: there is no such file; `newsletter init` writes one to edit" == str(caught.value)


def test_a_folder_is_not_a_file(tmp_path: Path):
    with pytest.raises(SubscriberError, match="this is a folder, not a file; "):
        read(tmp_path)


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path):
    path = tmp_path / "subscribers.yaml"
    path.write_bytes("subscribers:\n  - email: a@b.org\n    name: Zoë\n".encode("latin-1"))
    with pytest.raises(SubscriberError) as caught:
        read(path)
    assert f"{path}:3: this is not UTF-8; save the file as UTF-8 in your editor" == str(caught.value)


def test_a_file_without_permission_is_one_line_with_the_cure(commoner: Path):
    path = commoner / "subscribers.yaml"
    path.write_text("subscribers: []")
    path.chmod(0)
    with pytest.raises(SubscriberError, match=r"cannot be read \(Permission denied\); let this program read it"):
        read(path)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path):
    path = tmp_path / "subscribers.yaml"
    path.write_text("subscribers: []", "utf-8-sig")
    assert () == read(path)


KEYS = ("email", "id", "name", "interests", "like", "cadence", "trending", "subscribers", "defaults", "x")
TREES = st.recursive(
    st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(TREES)
def test_whatever_the_file_says_is_subscribers_or_faults(tree: object):
    import json

    text = "subscribers: " + json.dumps([{"email": "ada@example.org", "interests": tree}, tree])
    try:
        of(text)
    except SubscriberError as error:
        assert all(line.startswith("s.yaml:1:") and line.isprintable() for line in str(error).split("\n"))


def test_defaults_may_stand_below_the_list():
    below = "subscribers: [{email: ada@example.org}]\ndefaults: {timezone: Europe/Paris}"
    above = "defaults: {timezone: Europe/Paris}\nsubscribers: [{email: ada@example.org}]"
    assert of(above) == of(below)
    assert ["s.yaml:2:22: defaults.timezone: 'Paris' is not a time zone; did you mean Europe/Paris?"] == faults(
        below.replace("Europe/Paris", "Paris")
    )


def test_defaults_that_cannot_be_found_before_the_list_is_read_are_refused():
    hidden = 'subscribers: [{email: ada@example.org}]\n"de\\x66aults": {timezone: Europe/Paris}'
    assert ["s.yaml:2:1: defaults: move it above `subscribers:`"] == faults(hidden)


def test_two_with_one_address_are_refused_on_one_line_too():
    assert ["s.yaml:1:49: subscribers[1].email: ada@example.org is on line 1 already; keep one of the two"] == faults(
        "subscribers: [{email: ada@example.org}, {email: ada@example.org}]"
    )
