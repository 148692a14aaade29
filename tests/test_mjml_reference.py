"""The table of MJML and the check of designs beside the reference: npm mjml 5.4.1, on Node.js."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from newsletter.render.designs import available, default_templates
from newsletter.render.mjml.faults import faults
from newsletter.render.mjml.rules import RULES
from tests.designs import CHANGES, GOOD

VERSION = "5.4.1"
PLACE = Path(os.environ.get("MJML_HOME") or Path(__file__).parents[1] / ".venv" / "mjml")
NODE = shutil.which("node") or shutil.which("nodejs")
pytestmark = pytest.mark.skipif(
    NODE is None or not (PLACE / "node_modules" / "mjml").is_dir(),
    reason="Node.js or npm mjml is not installed: scripts/test --install",
)

SCRIPT = """
// Node.js 18, which is Debian 12's, has no File; undici, which mjml requires and does not use here, wants one (2026-11).
globalThis.File ??= class File {};
const fs = require("node:fs");
const need = require("node:module").createRequire(process.argv[1] + "/node_modules/");
const { components, initializeType } = (need("mjml"), need("mjml-core"));
const validator = need("mjml-validator"), parser = need("mjml-parser-xml");
const validate = validator.default ?? validator, parse = parser.default ?? parser;
const options = { components, dependencies: validator.dependencies, initializeType };
const told = (source) => {
  const tree = parse(source, { components, filePath: process.argv[2], ignoreIncludes: false });
  return validate(tree, options).map(({ line, message }) => [line, message]);
};
console.log(JSON.stringify({
  version: need("mjml/package.json").version,
  attributes: Object.fromEntries(Object.entries(components).map(([name, { allowedAttributes }]) => [name, allowedAttributes ?? {}])),
  children: Object.fromEntries(Object.entries(validator.dependencies).map(([name, inside]) => [name, inside.map(String)])),
  told: JSON.parse(fs.readFileSync(0, "utf8")).map(told),
}));
"""


def asked(*sources: str) -> dict:
    """What the reference knows, and what it says of each source; includes are read from the folder of templates."""
    assert NODE
    ran = subprocess.run(
        [NODE, "-e", SCRIPT, str(PLACE), str(default_templates())],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def reference() -> dict:
    return asked(GOOD, *(change.source for change in CHANGES))


def lines(told: list) -> tuple[int, ...]:
    """The lines with a fault; it judges values with Jinja tags in them, which nobody can."""
    return tuple(sorted({line for line, message in told if not ("invalid value" in message and "{{" in message)}))


def test_it_is_the_version_that_the_table_was_read_from(reference):
    assert reference["version"] == VERSION


def test_the_designs_have_no_fault_for_the_reference():
    sources = [
        path.read_text("utf-8")
        for name in available(default_templates())
        for path in (default_templates() / name).glob("*.mjml")
    ]
    assert sources
    assert [()] * len(sources) == [lines(told) for told in asked(*sources)["told"]]


def test_the_good_file_has_no_fault_for_the_reference(reference):
    assert () == lines(reference["told"][0])


@pytest.mark.parametrize("number", range(len(CHANGES)), ids=lambda n: f"{CHANGES[n].old} -> {CHANGES[n].new}"[:60])
def test_what_the_reference_finds_is_found_on_the_same_line(reference, number):
    change = CHANGES[number]
    found = lines(reference["told"][number + 1])
    assert change.reference == found
    assert set() == set(found) - {fault.line for fault in faults(change.source)}


# What mjml-python 1.4.2 refuses though the reference takes it.
REFUSED = {"mj-raw": ("mjml", "mj-accordion", "mj-accordion-element", "mj-navbar", "mj-social")}


def test_the_tags_and_what_stands_in_them_are_those_of_the_reference(reference):
    ours = {name: set(rule.children) for name, rule in RULES.items() if name not in ("mj-include", "mj-attributes")}
    for child, parents in REFUSED.items():
        for parent in parents:
            ours[parent] = ours[parent] | {child}
    theirs = {name: set(inside) for name, inside in reference["children"].items() if name != "mj-attributes"}
    assert theirs == {name: inside for name, inside in ours.items() if inside or name in theirs}


OF_EVERY_TAG = {"css-class", "mj-class"}


def test_the_attributes_are_those_of_the_reference(reference):
    theirs = {name: set(attributes) for name, attributes in reference["attributes"].items()}
    assert theirs == {name: set(RULES[name].attributes) - OF_EVERY_TAG for name in theirs}


VALUES = (
    "left right center justify top middle bottom ltr rtl auto true false 12 12px 12% 0 1.5 -1px 1em #fff #ffff #123abc "
    "red Red transparent currentcolor rgb(1,2,3) rgba(1,2,3,0.5) hsl(1,2%,3%) none presentation fixed initial full-width "
    "repeat no-repeat visible hidden supported horizontal vertical file-start inline"
).split()


def saying(name: str, attribute: str, value: str) -> str:
    """A file that says this in `mj-attributes`, where any tag may stand."""
    return f'<mjml><mj-head><mj-attributes>\n<{name} {attribute}="{value}" />\n</mj-attributes></mj-head></mjml>'


def test_every_value_is_judged_as_the_reference_does(reference):
    cases = [
        (name, attribute, value)
        for name, attributes in reference["attributes"].items()
        for attribute in attributes
        for value in ("", *VALUES)
    ]
    told = asked(*(saying(name, attribute, value) for name, attribute, value in cases))["told"]
    theirs = {case: bool(said) for case, said in zip(cases, told, strict=True)}
    ours = {
        (name, attribute, value): bool(RULES[name].attributes[attribute].fault(value))
        for name, attribute, value in cases
    }
    assert set() == {case for case in cases if theirs[case] != ours[case] and case[1] not in WITH_A_DIGIT}


WITH_A_DIGIT = {"cellpadding", "cellspacing"}
"""The reference takes whatever has a digit in it for a whole number (5.4.1, 2026-11)."""
