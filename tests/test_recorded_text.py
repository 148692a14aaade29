"""Every recorded title and abstract, and every edge case of the seeds: no residue is left in what is shown."""

import csv
import json
import re
from collections import defaultdict

import pytest

from newsletter.text import readable
from tests.homes import RECORDINGS

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not beside this checkout")

RESIDUE = {
    "escape": r"\\[%&_$#'\"`^,;]",
    "font macro": r"\\?(?:text(?:bf|it|tt|sc)|mathcal|mathbb|mathbf|mathrm)\{[^{}]*\}",
    "TeX quotes": r"``|(?<!')''(?!')",
    "hyphens for a dash": r"(?<![-!<])--(?![->])",
    "digit glued to times": r"\d\s?times\d|\dtimes\b",
    "bare relation": r"(?<![\w\\])(?:leq|geq|neq|rightarrow|infty|nabla|cdot)(?![\w])",
    "about": r"(?<![\w-])sim \d|\dsim\d",
    "degree": r"\^\{?circ",
    "subscript in braces": r"_\{",
    "collapsed link": r"https?://[^\s{]+\{https?:",
    "space before a stop": r"\w [,;!?.](?=\s[A-Z])",
    "double space": r"  ",
    "hard newline": r"\n",
    "missing space": r"[a-z]{3}\.(?:The|We|This|Our|In|To)\b",
}
SEEN_TO_BE_MENDED = {
    "--- or --": "hyphens for a dash",
    "Ntimes/×stripped": "digit glued to times",
    "residual \\%": "escape",
    "``..'' quotes": "TeX quotes",
    "url glued {..}": "collapsed link",
    "no space after period": "missing space",
}


def recorded_texts():
    for path in sorted((RECORDINGS / "hf_daily").glob("*.json")):
        for entry in json.loads(path.read_text("utf-8")):
            yield f"{path.name} {entry['paper']['id']}", entry["paper"]["title"]
            yield f"{path.name} {entry['paper']['id']}", entry["paper"]["summary"]
    for path in sorted((RECORDINGS / "seeds").glob("*.txt")):
        for number, text in enumerate(path.read_text("utf-8").split("\n"), 1):
            if text:
                yield f"{path.name}:{number}", text


def test_no_residue_is_left_in_any_recorded_text():
    left = defaultdict(list)
    for place, text in recorded_texts():
        shown = readable(text)
        assert shown == readable(shown), place
        for name, pattern in RESIDUE.items():
            if re.search(pattern, shown):
                left[name].append(place)
    assert {} == {name: places for name, places in left.items() if places}


def test_every_edge_case_of_the_seeds_that_can_be_mended_is():
    with (RECORDINGS / "seeds_edge_cases.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    lines = {path.name: path.read_text("utf-8").split("\n") for path in (RECORDINGS / "seeds").glob("*.txt")}
    checked = 0
    for row in rows:
        if row["category"] in SEEN_TO_BE_MENDED:
            shown = readable(lines[row["file"]][int(row["line"]) - 1])
            assert not re.search(RESIDUE[SEEN_TO_BE_MENDED[row["category"]]], shown), f"{row['file']}:{row['line']}"
            checked += 1
    assert checked > 150
