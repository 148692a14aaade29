"""A YAML file is read as the text that was typed, and its faults are told with line, column and cure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.yamltext import ALIASED, Fault, Fields, Items, Text, Value, read, report


def plain(value: Value | None) -> object:
    """A value without its places."""
    match value:
        case Text(text):
            return text
        case Items(items):
            return [plain(item) for item in items]
        case Fields(fields):
            return {key: plain(inner) for key, (_, inner) in fields.items()}
    return None


def faults(text: str) -> str:
    return report("f.yaml", read(text).faults)


@pytest.mark.parametrize(
    "typed", ["2401.10020", "18:30", "NO", "010", "0x1F", "1e3", "true", "null", "~", "2026-12-24", "1_000", "=", "<<"]
)
def test_a_scalar_stays_what_was_typed(typed: str):
    assert {typed: typed} == plain(read(f"{typed}: {typed}").root)


def test_an_empty_scalar_is_the_empty_text():
    assert {"a": "", "b": "", "c": ["", ""]} == plain(read('a:\nb: ""\nc:\n  -\n  - ""\n').root)


def test_quotes_and_blocks_are_taken_off():
    assert {"a": "x: y", "b": "one two\n"} == plain(read("a: 'x: y'\nb: >\n  one\n  two\n").root)


def test_every_value_knows_its_line_and_column():
    root = read("a: 1\nb:\n  - x\n  - {c: d}\n").root
    assert isinstance(root, Fields)
    key, items = root.fields["b"]
    assert isinstance(items, Items)
    assert [(2, 1), (3, 3), (3, 5), (4, 5)] == [(v.line, v.column) for v in (key, items, *items.items)]


def test_columns_count_characters_not_bytes():
    root = read("é: {ü: ✓}").root
    assert isinstance(root, Fields)
    inner = root.fields["é"][1]
    assert isinstance(inner, Fields)
    assert Text("✓", 1, 8) == inner.fields["ü"][1]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "\n\n", "\ufeff"])
def test_an_empty_file_has_no_root_and_no_fault(text: str):
    document = read(text)
    assert (None, ()) == (document.root, document.faults)


def test_an_alias_is_the_anchored_value():
    assert {"a": ["x"], "b": ["x"]} == plain(read("a: &shared [x]\nb: *shared").root)


def test_a_duplicate_key_names_both_lines_and_reading_goes_on():
    text = "a: 1\nb: {c: 1, c: 2}\na: 3\n"
    assert (
        "f.yaml:2:11: 'c' is given twice, first on line 2: keep one\n"
        "f.yaml:3:1: 'a' is given twice, first on line 1: keep one"
    ) == faults(text)
    assert {"a": "1", "b": {"c": "1"}} == plain(read(text).root)


def test_a_billion_laughs_end_at_the_limit():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert f"aliases add more than {ALIASED:,} values" in faults("\n".join(lines))


def test_a_long_text_counts_for_its_length_when_it_is_aliased():
    assert "aliases add more than" in faults(f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]")


def test_a_value_cannot_hold_itself():
    assert "f.yaml:1:8: '*a' names no &anchor above it: put it in quotes if the text begins with a star" == faults(
        "a: &a [*a]"
    )


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " + "{b: " * 100_000, "- " * 100_000])
def test_bottomless_nesting_is_a_fault_not_a_crash(text: str):
    assert "nested deeper than 32 levels" in faults(text)


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!int", "!secret", "!"])
def test_tags_are_refused(tag: str):
    assert faults(f"a: {tag} '1'").startswith("f.yaml:1:4: tags such as ")


def test_a_second_document_is_refused():
    assert "f.yaml:2:1: a second document begins here: keep one, without `---` between" == faults("a: 1\n---\nb: 2")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n\t- b", "2:1: a tab where spaces belong: indent with spaces"),
        ("a: |\n\tx", "2:1: a tab where spaces belong: indent with spaces"),
        ("a: b: c", "1:5: a colon does not belong here"),
        ("a: - b", "1:4: a dash does not belong here"),
        ("- a\nb: c", "2:1: this line does not line up with the list above it"),
        ("a:\n  b: c\n d: e", "3:2: this line does not line up with the keys above it"),
        ("a: @x", "1:4: text that begins with this character needs quotes"),
        ("a: `x`", "1:4: text that begins with this character needs quotes"),
        ("a: *x", "1:4: '*x' names no &anchor above it"),
        ("a: x\nb: 'y\nc: z", "2:4: a quote is opened here and never closed"),
        ('a: "\\q"', "1:5: an unknown \\ escape"),
        ("a: [1,\n2\nb: c", "1:4: a list opened with '[' here lacks"),
        ("a: {b: c", "1:4: a mapping opened with '{' here lacks"),
        ("a: ]", "1:4: a value is missing here"),
        ("a: {{ name }}", "1:5: a key must be text"),
        ("a: 1\nb: \x07", "2:4: a character YAML does not allow (U+0007)"),
    ],
)
def test_broken_yaml_is_one_line_with_place_and_cure(text: str, expected: str):
    assert [True] == [line.startswith(f"f.yaml:{expected}") for line in faults(text).split("\n")]


def test_a_report_is_in_reading_order_and_says_nothing_twice():
    assert "f:1:2: b\nf:2:1: a" == report("f", [Fault(2, 1, "a"), Fault(1, 2, "b"), Fault(2, 1, "a")])


@given(st.text(alphabet=st.one_of(st.sampled_from("-:[]{}&*!|>'\"%@`#,?\n\t ab\\"), st.characters()), max_size=80))
def test_whatever_is_typed_is_a_value_or_a_fault(text: str):
    document = read(text)
    assert all(fault.line >= 1 and fault.column >= 1 and fault.what.isprintable() for fault in document.faults)


def test_the_entries_of_a_long_list_are_handed_over_one_by_one_and_not_kept():
    told = []
    document = read(
        "a: 1\nlist: [x, {y: z}]\nb: [list]\n", "list", lambda above, entry: told.append((dict(above), entry))
    )
    assert [["a"], ["a"]] == [list(above) for above, _ in told]
    assert [Text, Fields] == [type(entry) for _, entry in told]
    assert isinstance(document.root, Fields)
    assert ((), 1) == (document.root.fields["list"][1].items, len(document.root.fields["b"][1].items))


def test_only_the_first_list_of_that_name_at_the_top_is_handed_over():
    told = []
    document = read("inner: {list: [x]}\nlist: [y]\nlist: [z]\n", "list", lambda _, entry: told.append(entry.text))
    assert (["y"], 1) == (told, len(document.faults))
