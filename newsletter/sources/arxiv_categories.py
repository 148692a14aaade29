"""The categories of arXiv, and which of them a name like `cs.CL+cs.LG` means. No I/O."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from newsletter import text
from newsletter.errors import SettingsError

ARCHIVES: Final[dict[str, str]] = {
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "cs": "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO SC"
    " SD SE SI SY",
    "econ": "EM GN TH",
    "eess": "AS IV SP SY",
    "gr-qc": "",
    "hep-ex": "",
    "hep-lat": "",
    "hep-ph": "",
    "hep-th": "",
    "math": "AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST",
    "math-ph": "",
    "nlin": "AO CD CG PS SI",
    "nucl-ex": "",
    "nucl-th": "",
    "physics": "acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn gen-ph"
    " geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph",
    "q-bio": "BM CB GN MN NC OT PE QM SC TO",
    "q-fin": "CP EC GN MF PM PR RM ST TR",
    "quant-ph": "",
    "stat": "AP CO ME ML OT TH",
}
"""Each archive with its subject classes: 155 categories in all (arxiv.org/category_taxonomy, 2026-11)."""

CATEGORIES: Final = frozenset(f"{archive}.{one}" for archive, classes in ARCHIVES.items() for one in classes.split())
_SPELLED: Final = {name.lower(): name for name in (*ARCHIVES, *CATEGORIES)}


def categories(argument: str) -> tuple[str, ...]:
    """What stands after `arxiv:`, as arXiv writes it: categories and whole archives (`cs`), each once.

    Raises SettingsError for what is none.
    """
    found = [_SPELLED.get(part.strip().lower()) or _refuse(argument, part.strip()) for part in argument.split("+")]
    return tuple(dict.fromkeys(found))


def _refuse(argument: str, part: str) -> str:
    shown = text.line(f"arxiv:{argument}", limit=100)
    near = get_close_matches(part.lower(), _SPELLED, n=1, cutoff=0.5) if part.isprintable() and "," not in part else []
    cure = f"did you mean {_SPELLED[near[0]]}?" if near else "write categories with + between them: arxiv:cs.CL+cs.LG"
    what = f"{text.line(part, limit=40)!r} is not a category of arXiv" if part else "a category is missing"
    raise SettingsError(f"sources: {shown!r}: {what}; {cure}")
