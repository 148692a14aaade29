"""Example papers: ids, DOIs and addresses in `like` and `dislike`, or whole `.bib` files of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from newsletter.identity import arxiv_id, paper_id
from newsletter.typed import quoted

LARGEST: Final = 20_000_000
"""Bytes of a .bib file that are read."""

_ENTRY = re.compile(r"^[ \t]*@", re.MULTILINE)
_FIELD = re.compile(
    r"[,{\n][ \t]*(eprint|arxivid|doi|url|journal|note|howpublished)[ \t]*=[\s{\"]*(?:\\url\{)?([^{}\"]{0,500})",
    re.IGNORECASE,
)
# Where exports put an id, the surest first. Google Scholar writes `journal = {arXiv preprint arXiv:1234.56789}`.
_ORDER: Final = ("eprint", "arxivid", "doi", "url", "journal", "howpublished", "note")
_IN_WORDS = re.compile(r"arxiv:\s?\S+|https?://\S+|10\.\d{4,9}/\S+", re.IGNORECASE)


def example(text: str) -> str:
    """The canonical id of the paper that `text` names: an arXiv id, a DOI or an address of one."""
    found = paper_id(text)
    if found is None:
        cure = "write it as 2006.11239, https://arxiv.org/abs/2006.11239, a DOI, or the name of a .bib file"
        raise ValueError(f"{quoted(text)} is no paper that can be recognised; {cure}")
    return found


def read_bibliography(path: Path) -> tuple[str, ...]:
    """The ids in a .bib file, in its order. Raises ValueError if it cannot be read or holds none."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"{path} is larger than {LARGEST // 1_000_000} MB; name a smaller .bib file")
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read ({error.strerror or error}); its path begins at the folder of the subscribers' file"
        ) from error
    found = tuple(dict.fromkeys(bibliography(text)))
    if not found:
        raise ValueError(f"{path} holds no arXiv id and no DOI; name papers by id, as 2006.11239")
    return found


def bibliography(text: str) -> Iterator[str]:
    """The canonical id of every entry that has one; entries without are passed over, as most books are."""
    starts = [found.start() for found in _ENTRY.finditer(text)]
    for start, end in pairwise([*starts, len(text)]):
        fields = {name.lower(): re.sub(r"\\([_&%#])", r"\1", value) for name, value in _FIELD.findall(text[start:end])}
        candidates = [candidate for name in _ORDER if name in fields for candidate in _ids(fields[name])]
        best = next((one for one in candidates if arxiv_id(one)), None) or next(iter(candidates), None)
        if best:
            yield best


def _ids(value: str) -> list[str]:
    """What a field's value names: itself, else what looks like a paper among its words."""
    words = [
        value.strip(),
        value.partition(",")[0].strip(),
        *(word.rstrip(".,;)]") for word in _IN_WORDS.findall(value)),
    ]
    return [found for word in words if (found := paper_id(word))]
