"""Example papers: ids, DOIs and addresses in `like` and `dislike`, whole `.bib` files of them, or Zotero libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from newsletter.identity import paper_id
from newsletter.library import bibtex, zotero
from newsletter.models import Interest, Subscriber
from newsletter.typed import quoted

LARGEST: Final = 20_000_000
"""Bytes of a .bib file that are read."""


def example(text: str) -> str:
    """The canonical id of the paper that `text` names: an arXiv id, a DOI or an address of one."""
    found = paper_id(text)
    if found is None:
        cure = "write it as 2006.11239, https://arxiv.org/abs/2006.11239, a DOI, the name of a .bib file, or zotero:users/12345"
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


def libraries(subscriber: Subscriber) -> tuple[str, ...]:
    """The names of the libraries among a subscriber's examples, each once."""
    named = (id_ for one in subscriber.interests for id_ in (*one.like, *one.dislike) if zotero.is_name(id_))
    return tuple(dict.fromkeys(named))


def filled(subscriber: Subscriber, papers: Callable[[str], tuple[str, ...]]) -> Subscriber:
    """The subscriber with the papers of libraries in place of the libraries' names.

    What an interest names by itself counts more than what a library has: a disliked paper is not liked for being in one.
    """
    return replace(subscriber, interests=tuple(_filled(one, papers) for one in subscriber.interests))


def _filled(interest: Interest, papers: Callable[[str], tuple[str, ...]]) -> Interest:
    like = _papers(interest.like, interest.dislike, papers)
    return replace(interest, like=like, dislike=_papers(interest.dislike, like, papers))


def _papers(
    names: tuple[str, ...], others: tuple[str, ...], papers: Callable[[str], tuple[str, ...]]
) -> tuple[str, ...]:
    found = (
        (name,) if not zotero.is_name(name) else (id_ for id_ in papers(name) if id_ not in others) for name in names
    )
    return tuple(dict.fromkeys(id_ for some in found for id_ in some))
