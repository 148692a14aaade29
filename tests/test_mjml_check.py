"""The check of MJML: what is wrong, on which line, and the cure; and that nothing mjml-python refuses goes unnoticed."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.errors import RenderError
from newsletter.render import Renderer
from newsletter.render.design_check import check
from newsletter.render.designs import available, default_templates
from newsletter.render.mjml.faults import Fault, faults
from newsletter.render.mjml.rules import IGNORED, NEEDED, RULES, TAG_ALONE, UNDONE
from tests.designs import CHANGES, GOOD
from tests.homes import invented_day, make_home, readers
from tests.test_render import imprint


@pytest.mark.parametrize("name", available(default_templates()))
def test_the_designs_that_come_with_the_program_have_no_fault(name):
    assert () == check((default_templates(),), name)


def test_a_file_with_a_little_of_everything_has_no_fault():
    assert () == faults(GOOD)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.old} -> {change.new}"[:60])
def test_each_change_is_named_with_its_line_and_cure(change):
    assert change.says == tuple(f"{fault.line}: {fault.what}" for fault in faults(change.source))


def test_a_fault_has_its_column():
    assert [(20, 33)] == [(f.line, f.column) for f in faults(GOOD.replace('align="left"', 'algin="left"'))]


def test_every_fault_is_one_line_with_its_cure():
    said = [line for change in CHANGES for line in change.says]
    assert [] == [line for line in said if "\n" in line or ("; " not in line)]


def test_the_tables_name_tags_and_attributes_that_there_are():
    named = {(tag, name) for table in (IGNORED, NEEDED, TAG_ALONE) for tag in table for name in table[tag]}
    assert set() == {(tag, name) for tag, name in named if name not in RULES[tag].attributes}
    assert set() == set(UNDONE) - set(RULES)
    assert set() == {child for rule in RULES.values() for child in rule.children} - set(RULES)


FILES = {
    "section.mjml": "<mj-section>\n<mj-column><mj-include path='text.mjml' /></mj-column></mj-section>\n",
    "text.mjml": "<mj-text>\n{{ name }}</mj-text>",
    "style.css": "p > b { color: red }",
    "page.html": "<p>One\n<br> more</p>",
}
INCLUDED = {
    "<mj-text>\n<p>One</mj-text>": [("odd.mjml", 2, "<p> is not closed; write </p> before </mj-text>")],
    "<mj-section></mj-section>": [
        ("odd.mjml", 1, "<mj-section> cannot stand in <mj-column>; it belongs into <mj-body> or <mj-wrapper>")
    ],
    "\n<mj-include path='text.mjml' />": [
        ("odd.mjml", 2, "an included file cannot include at its top; put this <mj-include> inside a tag")
    ],
    "<mjml>\n<mj-body></mj-body></mjml>": [
        (
            "odd.mjml",
            1,
            "<mjml> cannot stand in <mj-column>; of an included file write what is in it, not the whole",
        ),
        ("odd.mjml", 2, "<mj-body> cannot stand in <mjml>; it belongs into <mjml>"),
    ],
    "{% if x %}": [("odd.mjml", 1, "{% if x %} stands between the tags of <mj-column>; put it into <mj-raw>")],
}


def including(inside, head=""):
    """A file whose column holds this."""
    column = f"<mj-section><mj-column>{inside}</mj-column></mj-section>"
    return f"<mjml>\n<mj-head>{head}</mj-head>\n<mj-body>{column}</mj-body>\n</mjml>"


def test_included_files_are_read_as_if_they_stood_there():
    source = including('<mj-include path="page.html" type="html" />', '<mj-include path="style.css" type="css" />')
    source = source.replace("<mj-body>", '<mj-body><mj-include path="section.mjml" />')
    assert () == faults(source, FILES.get)


def test_what_an_included_head_gives_counts():
    source = including('<mj-image src="a.png" mj-class="wide" />', '<mj-include path="head.mjml" />')
    head = '<mj-attributes><mj-class name="wide" alt="" width="9px" height="9px" /></mj-attributes>'
    assert () == faults(source, {"head.mjml": head}.get)


@pytest.mark.parametrize("text", INCLUDED)
def test_a_fault_of_an_included_file_is_named_with_that_file(text):
    found = faults(including('<mj-include path="odd.mjml" />'), (FILES | {"odd.mjml": text}).get)
    assert INCLUDED[text][0] in [(fault.file, fault.line, fault.what) for fault in found]


def test_a_file_that_includes_itself_is_named():
    again = "<mj-wrapper>\n<mj-include path='again.mjml' />\n</mj-wrapper>"
    source = "<mjml><mj-body><mj-include path='again.mjml' /></mj-body></mjml>"
    expected = Fault("again.mjml", 2, 1, "'again.mjml' includes itself; take this <mj-include> out")
    assert (expected,) == faults(source, {"again.mjml": again}.get)


@given(
    st.text() | st.lists(st.sampled_from([*GOOD.split(), *"<>\"'=/ \n-!?&[]{}%#", "{{", "}}", "{%", "%}"])).map("".join)
)
@example("<" * 50)
@example("<!--[if")
@example("\ud800<p \ue000>")
def test_there_is_no_text_that_is_not_read(text):
    for fault in faults(text, lambda path: text):
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.column >= 1


PIECES = (
    "< > \" ' = / </ <!-- --> <![endif]--> <!--[if <p> </p> <br> </br> <b/> <mj-text> </mj-text> <mj-raw/> {{ }} {% %} {# #} "
    "{{a<b}} {{'x'}} {{\"x\"}} {%if(a)%} ]]> <?x?> <![CDATA[x]]> x=1 y='2' <a:b> - -- é机 &"
).split()
JUDGE = """
import json, sys, mjml
def refused(source):
    try:
        mjml.mjml2html(source, fonts={}, disable_comments=True)
    except BaseException as error:  # its panics are no Exception
        return f"{type(error).__name__}: {error}"
print(json.dumps([refused(source) for source in json.load(sys.stdin)]))
"""


@st.composite
def damaged(draw):
    """The good file with something put in or taken out, once or twice."""
    source = GOOD
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(source)))
        gone = draw(st.integers(0, 12))
        piece = draw(st.sampled_from(["", " ", "\n", "\x0b", "\u00a0", "\u2028", *PIECES]))
        source = source[:at] + piece + source[at + gone :]
    return source


@given(st.lists(damaged(), min_size=60, max_size=60))
@settings(max_examples=5)
def test_whatever_mjml_python_refuses_is_a_fault(sources):
    # In a process of its own: what it panics at goes to the error output of the process.
    told = subprocess.run(
        [sys.executable, "-c", JUDGE], input=json.dumps(sources), capture_output=True, text=True, check=True
    )
    refused = [(source, why) for source, why in zip(sources, json.loads(told.stdout), strict=True) if why]
    assert [] == [(source, why) for source, why in refused if not faults(source)]


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 3))
    home.subscribers(readers(["ada"]))
    return home


def own_design(home, **files):
    """Templates of the home's own: the daily design with these files changed."""
    shutil.copytree(default_templates(), home.path / "templates", dirs_exist_ok=True)
    for name, (old, new) in files.items():
        path = home.path / "templates" / "daily" / name.replace("_", ".")
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))


def test_check_names_every_fault_of_a_design_with_file_and_line(home):
    own_design(
        home,
        edition_mjml=("<mj-body width=", "<mj-body widht="),
        edition_txt=("{% for", "{% fro"),
        subject_txt=("{{", "{{ |"),
    )
    told = home.run("check", NEWSLETTER_TEMPLATES="templates", code=2)
    folder = home.path / "templates" / "daily"
    line = (folder / "edition.mjml").read_text().split("widht=")[0].count("\n") + 1
    mine = [text for text in told.splitlines() if text.startswith("BROKEN  design daily: ")]
    assert f"{folder}/edition.mjml:{line}: <mj-body> has no attribute 'widht'; did you mean width?" in mine[0]
    assert [f"{folder}{os.sep}edition.txt:", f"{folder}{os.sep}subject.txt:"] == [
        text.removeprefix("BROKEN  design daily: ").split(".txt:")[0] + ".txt:" for text in mine[1:]
    ]


def test_check_says_only_once_that_a_file_cannot_be_read(home):
    own_design(home)
    (home.path / "templates" / "daily" / "edition.mjml").write_bytes(b"\xff")
    told = home.run("check", NEWSLETTER_TEMPLATES="templates", code=2)
    assert 1 == told.count("BROKEN")
    assert "edition.mjml: cannot be read" in told


def test_check_of_a_good_design_says_its_version(home):
    assert "ok      design daily: version " in home.run("check")


def test_what_mjml_python_panics_at_costs_a_line_and_no_run(tmp_path):
    shutil.copytree(default_templates() / "daily", tmp_path / "mine")
    page = tmp_path / "mine" / "edition.mjml"
    page.write_text(page.read_text("utf-8").replace("{{ lede }}", "{{ lede }}<!--[if mso"), "utf-8")

    with pytest.raises(RenderError, match=r"edition\.mjml: not MJML that mjml-python can read"):
        Renderer(imprint(), tmp_path).version("mine")
