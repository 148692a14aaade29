"""Example papers: ids, DOIs and addresses in `like` and `dislike`, or whole `.bib` files of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from newsletter.identity import paper_id
from newsletter.library import bibtex
from newsletter.typed import quoted

LARGEST: Final = 20_000_000
"""Bytes of a .bib file that are read."""


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
    return (found[0] for found in bibtex.ids(text) if found)
