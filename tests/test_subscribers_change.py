"""Changes of the subscribers' file: what was meant is said, and every other character stays."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.models import Interest, Subscriber
from newsletter.subscribers import parse
from newsletter.subscribers.change import added, changed, removed
from newsletter.subscribers.splice import Unspliceable, entry_line

HERE = Path(__file__).parent
NEW = {"email": "new@example.org", "interests": ({"name": "Flows", "keywords": ("flow matching", "a: b")},)}
BO = {"email": "bo@example.org"}
DAY = {"paused_until": "2026-12-24"}


def of(text: str) -> tuple[Subscriber, ...]:
    return parse(text, "s.yaml", HERE)


ADDED = {
    "block": (
        "subscribers:\n  - email: ada@example.org\n    name: Ada\n",
        "subscribers:\n  - email: ada@example.org\n    name: Ada\n  - email: bo@example.org\n",
    ),
    "dashes below the key": (
        "subscribers:\n- email: ada@example.org\n# the end\n",
        "subscribers:\n- email: ada@example.org\n- email: bo@example.org\n# the end\n",
    ),
    "wide": (
        "subscribers:\n    -   email: ada@example.org\n",
        "subscribers:\n    -   email: ada@example.org\n    -   email: bo@example.org\n",
    ),
    "braces": (
        "subscribers:\n  - {email: ada@example.org}  # Ada\n",
        "subscribers:\n  - {email: ada@example.org}  # Ada\n  - {email: bo@example.org}\n",
    ),
    "one line": (
        "subscribers: [{email: ada@example.org}]  # all\n",
        "subscribers: [{email: ada@example.org}, {email: bo@example.org}]  # all\n",
    ),
    "brackets over lines": (
        "subscribers: [\n  {email: ada@example.org}  # Ada\n]\n",
        "subscribers: [\n  {email: ada@example.org},  # Ada\n  {email: bo@example.org}\n]\n",
    ),
    "brackets with a last comma": (
        "subscribers: [\n  {email: ada@example.org},  # Ada\n]\n",
        "subscribers: [\n  {email: ada@example.org},  # Ada\n  {email: bo@example.org},\n]\n",
    ),
    "brackets that close on the line": (
        "subscribers:\n  [{email: ada@example.org},\n  {email: cy@example.org}]\n",
        "subscribers:\n  [{email: ada@example.org},\n  {email: cy@example.org},\n  {email: bo@example.org}]\n",
    ),
    "JSON": (
        '{"subscribers": [{"email": "ada@example.org"}]}',
        '{"subscribers": [{"email": "ada@example.org"}, {"email": "bo@example.org"}]}',
    ),
    "an empty list": (
        "subscribers: []  # nobody yet\n# the end\n",
        "subscribers:  # nobody yet\n  - email: bo@example.org\n# the end\n",
    ),
    "an empty list that holds a comment": (
        "subscribers: [\n  # nobody yet\n]\n",
        "subscribers: [\n  # nobody yet\n{email: bo@example.org}]\n",
    ),
    "an empty list in braces": ("{subscribers: []}\n", "{subscribers: [{email: bo@example.org}]}\n"),
    "nothing under the key": (
        "subscribers:\n  # nobody yet\n",
        "subscribers:\n  # nobody yet\n  - email: bo@example.org\n",
    ),
    "only defaults": (
        "defaults: {send_at: 07:00}\n# the end",
        "defaults: {send_at: 07:00}\n# the end\nsubscribers:\n  - email: bo@example.org\n",
    ),
    "only defaults, in braces": (
        "{defaults: {send_at: 07:00}}",
        "{defaults: {send_at: 07:00}, subscribers: [{email: bo@example.org}]}",
    ),
    "only a comment": ("# mine", "# mine\nsubscribers:\n  - email: bo@example.org\n"),
    "nothing": ("", "subscribers:\n  - email: bo@example.org\n"),
    "Windows": (
        "subscribers:\r\n  - email: ada@example.org\r\n",
        "subscribers:\r\n  - email: ada@example.org\r\n  - email: bo@example.org\r\n",
    ),
    "no line end at the end": (
        "subscribers:\n  - email: ada@example.org",
        "subscribers:\n  - email: ada@example.org\n  - email: bo@example.org",
    ),
    "blank lines between, comments after": (
        "subscribers:\n  - email: ada@example.org\n\n  - email: cy@example.org\n    # her group\n\n\n# the end\n",
        "subscribers:\n  - email: ada@example.org\n\n  - email: cy@example.org\n    # her group\n\n"
        "  - email: bo@example.org\n\n\n# the end\n",
    ),
    "defaults below, a text that keeps its blank lines": (
        "subscribers:\n  - email: ada@example.org\n    name: |+\n      Ada\n\n\n# below\ndefaults: {}\n",
        "subscribers:\n  - email: ada@example.org\n    name: |+\n      Ada\n  - email: bo@example.org\n\n\n"
        "# below\ndefaults: {}\n",
    ),
    "marks of a document": (
        "---\nsubscribers:\n  - email: ada@example.org\n...\n",
        "---\nsubscribers:\n  - email: ada@example.org\n  - email: bo@example.org\n...\n",
    ),
    "an anchor": (
        "subscribers: &all\n  - email: ada@example.org\n    exclude: &no [survey]\n  - email: cy@example.org\n    exclude: *no\n",
        "subscribers: &all\n  - email: ada@example.org\n    exclude: &no [survey]\n  - email: cy@example.org\n    exclude: *no\n"
        "  - email: bo@example.org\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), ADDED.values(), ids=ADDED)
def test_who_is_added_stands_at_the_end_in_the_manner_of_the_others(before, after):
    assert after == added(before, [BO])


@pytest.mark.parametrize("before", [one for one, _ in ADDED.values()], ids=ADDED)
def test_several_with_all_they_want_to_read_are_added_at_once(before):
    text = added(before, [NEW, BO])
    assert ["new@example.org", "bo@example.org"] == [one.email for one in of(text)[-2:]]
    assert (Interest("Flows", keywords=("flow matching", "a: b")),) == of(text)[-2].interests


def test_lists_and_quotes_are_written_as_elsewhere_in_the_file():
    before = (
        "subscribers:\n"
        "  - email: ada@example.org\n    send_at: '07:00'\n    cadence: \"daily\"\n"
        "    interests:\n    - name: Robots\n"
    )
    new = {"email": "bo@example.org", "send_at": "18:30", "cadence": "weekly", "interests": ({"name": "Null"},)}
    after = (
        '  - email: bo@example.org\n    send_at: \'18:30\'\n    cadence: "weekly"\n    interests:\n    - name: "Null"\n'
    )
    assert before + after == added(before, [new])


CHANGED = {
    "below the keys of one line": (
        "subscribers:\n  - email: ada@example.org  # hers\n    interests: [Robots]\n",
        "subscribers:\n  - email: ada@example.org  # hers\n    paused_until: 2026-12-24\n    interests: [Robots]\n",
    ),
    "in braces": (
        "subscribers: [{email: ada@example.org, interests: [Robots],}]",
        "subscribers: [{email: ada@example.org, paused_until: 2026-12-24, interests: [Robots],}]",
    ),
    "in JSON": (
        '{"subscribers": [{"email": "ada@example.org"}]}',
        '{"subscribers": [{"email": "ada@example.org", "paused_until": "2026-12-24"}]}',
    ),
    "in the place of another": (
        "subscribers:\n  - paused_until: 2026-01-01   # away\n    email: ada@example.org\n",
        "subscribers:\n  - paused_until: 2026-12-24   # away\n    email: ada@example.org\n",
    ),
    "in the same quotes": (
        "subscribers:\n  - email: ada@example.org\n    'paused_until' : '2026-01-01'   # away\n",
        "subscribers:\n  - email: ada@example.org\n    'paused_until' : '2026-12-24'   # away\n",
    ),
    "where nothing is typed yet": (
        "subscribers:\n  - email: ada@example.org\n    paused_until:  # when?\n    name: Ada\n",
        "subscribers:\n  - email: ada@example.org\n    paused_until: 2026-12-24  # when?\n    name: Ada\n",
    ),
    "below its key and a comment": (
        "subscribers:\n  - email: ada@example.org\n    paused_until:   # away\n      2026-01-01\n    name: Ada\n",
        "subscribers:\n  - email: ada@example.org\n    paused_until:   # away\n      2026-12-24\n    name: Ada\n",
    ),
    "behind the dash": (
        "subscribers:\n-\n  email: ada@example.org",
        "subscribers:\n-\n  email: ada@example.org\n  paused_until: 2026-12-24",
    ),
}


@pytest.mark.parametrize(("before", "after"), CHANGED.values(), ids=CHANGED)
def test_a_value_stands_where_its_key_does_else_below_the_short_ones(before, after):
    assert after == changed(before, {0: DAY})


CLEARED = {
    "its line": (
        "subscribers:\n  - email: ada@example.org\n    # away\n    paused_until: 2026-12-24  # or so\n    name: Ada\n",
        "subscribers:\n  - email: ada@example.org\n    # away\n    name: Ada\n",
    ),
    "beside the dash": (
        "subscribers:\n  - paused_until: 2026-12-24\n    email: ada@example.org\n",
        "subscribers:\n  - email: ada@example.org\n",
    ),
    "beside the dash, above a comment": (
        "subscribers:\n  - paused_until: 2026-12-24\n    # hers\n    email: ada@example.org\n",
        "subscribers:\n  -\n    # hers\n    email: ada@example.org\n",
    ),
    "at the end": (
        "subscribers:\n  - email: ada@example.org\n    paused_until: 2026-12-24",
        "subscribers:\n  - email: ada@example.org\n",
    ),
    "first in braces": (
        "subscribers: [{paused_until: 2026-12-24, email: ada@example.org}]",
        "subscribers: [{email: ada@example.org}]",
    ),
    "last in braces": (
        "subscribers: [{email: ada@example.org, paused_until: 2026-12-24}]",
        "subscribers: [{email: ada@example.org}]",
    ),
    "in braces over lines": (
        "subscribers: [{\n  email: ada@example.org,  # hers\n  paused_until: 2026-12-24,  # away\n  name: Ada\n}]",
        "subscribers: [{\n  email: ada@example.org,  # hers\n  name: Ada\n}]",
    ),
    "last in braces over lines": (
        "subscribers: [{\n  email: ada@example.org,  # hers\n  paused_until: 2026-12-24  # away\n}]",
        "subscribers: [{\n  email: ada@example.org  # hers\n}]",
    ),
}


@pytest.mark.parametrize(("before", "after"), CLEARED.values(), ids=CLEARED)
def test_a_key_goes_with_what_its_line_says_of_it(before, after):
    assert after == changed(before, {0: {"paused_until": None}})


LISTS = {
    "one more in brackets": ("[survey, review]  # never", "[survey, review, medical]  # never"),
    "one less in brackets": ("[survey, medical]  # never", "[medical]  # never"),
    "dashes": ("\n      - survey  # never\n      # and\n      - review", "\n      - review\n      - medical"),
    "nothing of what was there": ("[crypto]", "[review, medical]"),
    "a single text": ("survey", "[survey, medical]"),
}


@pytest.mark.parametrize(("before", "after"), LISTS.values(), ids=LISTS)
def test_a_list_keeps_what_it_keeps(before, after):
    wanted = tuple(one for one in ("survey", "review", "medical") if one in after)
    frame = "subscribers:\n  - email: ada@example.org\n    exclude: {}\n    name: Ada\n"
    told = changed(frame.format(before), {0: {"exclude": wanted}})
    assert frame.format(after).replace("      - review\n      - m", "      # and\n      - review\n      - m") == told


PEOPLE = """\
# Who reads here.
subscribers:
  # The lab.
  - email: ada@example.org
    # Ada's own
    name: Ada
  - email: bo@example.org   # on leave
    # Bo's own

  # Cy reads about robots,
  # and nothing else.
  - email: cy@example.org
    interests: [Robots]
    # Cy's own

  - email: di@example.org
# The end.
"""


def test_who_is_removed_takes_along_what_is_said_of_them_alone():
    assert PEOPLE.replace("  - email: ada@example.org\n    # Ada's own\n    name: Ada\n", "") == removed(PEOPLE, 0)
    assert PEOPLE.replace("  - email: bo@example.org   # on leave\n    # Bo's own\n", "") == removed(PEOPLE, 1)
    alone = PEOPLE[PEOPLE.index("  # Cy reads") : PEOPLE.index("  - email: di")]
    assert PEOPLE.replace(alone, "") == removed(PEOPLE, 2)
    assert PEOPLE.replace("  - email: di@example.org\n", "") == removed(PEOPLE, 3)


def test_the_last_of_all_leaves_an_empty_list_and_the_comments():
    assert "# Us\nsubscribers: []  # all\n# end\n" == removed(
        "# Us\nsubscribers:  # all\n  - email: ada@example.org\n# end\n", 0
    )
    assert "subscribers: []" == removed("subscribers: [{email: ada@example.org}]", 0)


def test_the_line_of_an_entry_is_known():
    assert [4, 7, 12, 16] == [entry_line(PEOPLE, number) for number in range(4)]


REFUSED = {
    "an entry that others repeat": (
        "subscribers:\n  - &a {email: ada@example.org, exclude: &x [survey]}\n  - {email: bo@example.org, exclude: *x}\n",
        lambda text: removed(text, 0),
    ),
    "a value that others repeat": (
        "subscribers:\n  - {email: a@example.org, paused_until: &d 2026-01-01}\n  - {email: b@example.org, paused_until: *d}",
        lambda text: changed(text, {0: DAY}),
    ),
    "a list that is written elsewhere": (
        "defaults: &d [a]\nsubscribers: *d\n",
        lambda text: added(text, [BO]),
    ),
    "no list at all": ("subscribers: nobody\n", lambda text: added(text, [BO])),
    "a list of the whole file": ("- email: ada@example.org\n", lambda text: added(text, [BO])),
}


@pytest.mark.parametrize(("text", "change"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_cut_is_refused_in_one_line(text, change):
    with pytest.raises(Unspliceable) as caught:
        change(text)
    assert 1 == len(str(caught.value).splitlines())


# Files as people may write them, with comments and blank lines wherever they are allowed.

TEXTS = ("Ada", '"Ada B"', "'it''s'", "|\n{deep}Ada\n{deep}and Bo", ">-\n{deep}Ada\n\n{deep}and", "|+\n{deep}Ada\n\n")
VALUES = {
    "name": TEXTS,
    "timezone": ("Europe/Paris", '"UTC"'),
    "cadence": ("weekly friday", "'daily'", ""),
    "send_at": ("08:00", '"18:30"'),
    "paused_until": ("2026-12-24", ""),
    "exclude": ("survey", "[survey, medical]", "[survey,\n{deep}  medical ]", "\n{deep}- survey\n{deep}- medical"),
    "interests": (
        "[Robots, {name: Flows, keywords: [a, b]}]",
        "\n{deep}- Robots\n{deep}- name: Flows\n{deep}  keywords: [a]",
        "\n{deep}- name: Flows\n{deep}  # inside\n\n{deep}  about: >\n{deep}    words\n{deep}    and words",
    ),
}


def block_file(luck: random.Random) -> str:
    """A file with dashes."""
    lines = luck.sample(["# top", "", "---", "defaults: {timezone: UTC}  # all"], luck.randint(0, 2))
    lines = sorted(lines, key=lambda line: line.startswith("defaults"))
    column, gap = luck.choice((0, 2, 4)), luck.choice((1, 1, 3))
    people = luck.randint(1, 4)
    lines.append("subscribers:" + luck.choice(("", "  # people", " ")))
    for number in range(people):
        lines += [noise(luck, column) for _ in range(luck.choice((0, 0, 1, 2)))]
        lines += entry_lines(luck, number, column, gap)
    lines += [noise(luck, luck.choice((0, column, column + 2))) for _ in range(luck.choice((0, 0, 1, 3)))]
    return "\n".join(lines) + luck.choice(("", "\n", "\n", "\n\n"))


def noise(luck: random.Random, column: int) -> str:
    return luck.choice(("", " " * column + "# a comment: {with} [marks] - and", "  ", "# at the edge"))


def entry_lines(luck: random.Random, number: int, column: int, gap: int) -> list[str]:
    keys = luck.sample(sorted(VALUES), luck.randint(0, 4))
    if luck.random() < 0.2:
        flat = [key for key in keys if "\n" not in VALUES[key][0]]
        inside = ", ".join([f"email: r{number}@example.org", *(f"{key}: {VALUES[key][0]}" for key in flat)])
        return [" " * column + "- {" + inside + luck.choice(("", ",", " ")) + "}" + luck.choice(("", " # braces"))]
    keys.insert(luck.randint(0, len(keys)), "email")
    deep = " " * (column + 1 + gap)
    lines = []
    for key in keys:
        value = f"r{number}@example.org" if key == "email" else luck.choice(VALUES[key])
        tail = luck.choice(("", "", "   # so")) if "\n" not in value else ""
        inner = deep + luck.choice(("", "  ")) if value.startswith("\n") else deep + "  "
        lines += f"{deep}{key}: {value.replace('{deep}', inner)}{tail}".split("\n")
        lines += [noise(luck, column + 1 + gap) for _ in range(luck.choice((0, 0, 0, 1)))] if "|" not in value else []
    first = " " * column + "-" + " " * gap + lines[0][len(deep) :]
    return [first, *lines[1:]] if luck.random() < 0.9 else [" " * column + "-", *lines]


def flow_file(luck: random.Random) -> str:
    """A file with brackets."""
    entries = []
    for number in range(luck.randint(0, 4)):
        more = [f"{key}: {VALUES[key][0]}" for key in luck.sample(("cadence", "send_at", "exclude", "paused_until"), 2)]
        pairs = [f"email: r{number}@example.org", *more][: luck.randint(1, 3)]
        luck.shuffle(pairs)
        entries.append(
            "{" + luck.choice((", ", ",\n    ", " ,  # so\n    ")).join(pairs) + luck.choice(("", ",", "\n  ")) + "}"
        )
    between = luck.choice((", ", ",\n  ", ",  # next\n  ", "\n  , "))
    inside = between.join(entries) + (luck.choice(("", ",", ",  # last\n", "  # last\n", "\n  ")) if entries else "")
    return (
        luck.choice(("", "# top\n"))
        + f"subscribers: [{luck.choice(('', chr(10) + '  '))}{inside}]"
        + luck.choice(("", "\n"))
    )


files = st.builds(
    lambda seed, make, windows: make(random.Random(seed)).replace("\n", "\r\n" if windows else "\n"),
    st.integers(0, 2**32),
    st.sampled_from((block_file, block_file, flow_file)),
    st.sampled_from((False, False, True)),
)


def is_put_into(before: str, after: str) -> bool:
    """Whether `after` is `before` with one piece put in, or, between brackets, a comma and a piece."""
    same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    return after.endswith(before[same:]) or (
        after[same] == "," and is_put_into(before, after[:same] + after[same + 1 :])
    )


def is_part(lines: list[str], of_lines: list[str]) -> bool:
    """Whether these lines are among the others, in their order."""
    rest = iter(of_lines)
    return all(line in rest for line in lines)


def said(text: str) -> list[str]:
    """The lines that are more than a comment; one above the end becomes the heading of who is added."""
    return [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


@settings(max_examples=400)
@given(files)
def test_whoever_is_added_to_whatever_file_is_all_that_is_new_in_it(text):
    after = added(text, [NEW, BO])
    assert of(text) == of(after)[:-2]
    assert ("new@example.org", "bo@example.org") == tuple(one.email for one in of(after)[-2:])
    if of(text):
        assert is_put_into(text, after)
        number = len(of(text))
        assert said(text) == said(removed(removed(after, number), number))


@settings(max_examples=400)
@given(files, st.data())
def test_whoever_is_paused_and_resumed_is_all_that_changes(text, data):
    people = of(text)
    if not people:
        return
    number = data.draw(st.integers(0, len(people) - 1))
    after = changed(text, {number: DAY})
    assert (*people[:number], replace(people[number], paused_until=date(2026, 12, 24)), *people[number + 1 :]) == of(
        after
    )
    resumed = changed(after, {number: {"paused_until": None}})
    assert (*people[:number], replace(people[number], paused_until=None), *people[number + 1 :]) == of(resumed)
    if "paused_until" not in text:
        assert is_put_into(text, after)
        assert text.rstrip() == resumed.rstrip()


@settings(max_examples=400)
@given(files, st.data())
def test_whoever_is_removed_leaves_the_lines_of_all_others(text, data):
    people = of(text)
    if not people:
        return
    number = data.draw(st.integers(0, len(people) - 1))
    after = removed(text, number)
    assert people[:number] + people[number + 1 :] == of(after)
    if "[" not in text.split("subscribers:")[1][:3] and len(people) > 1:
        assert is_part(after.splitlines(), text.splitlines())
        gone = Counter(text.splitlines()) - Counter(after.splitlines())
        others = {f"r{n}@" for n in range(len(people))} - {f"r{number}@"}
        assert not [line for line in gone for name in others if name in line]
