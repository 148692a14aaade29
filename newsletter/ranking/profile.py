"""An interest compiled: the ways to look at papers for it, and the words to look for in them. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from newsletter.models import Interest, Paper
from newsletter.ranking.clusters import ALONE, clusters, shared
from newsletter.ranking.columns import Wish, rows_of
from newsletter.ranking.looks import Look, Wishes
from newsletter.ranking.model import Model
from newsletter.ranking.terms import words

NAME = 0.5  # of a name among an interest's words
MANY = 20  # examples, from which they may be of several subjects
KEPT = 65_536  # phrases, the last that were asked for


class Profile(NamedTuple):
    """What an interest looks for."""

    interest: Interest
    model: Model
    looks: tuple[Look, ...]
    """A paper is as near as the best of them says; none where nothing is looked for in the text."""
    asked: Mapping[str, Wish]
    """The wishes in words, as written."""
    liked: Mapping[str, Wish]
    """The examples whose text is known, by their ids."""
    far: Wishes
    """The papers that are not liked."""
    phrases: Mapping[str, str]
    """Per keyword as written, the words to look for, stemmed and joined by spaces."""
    excluded: Mapping[str, str]
    """The same for what must not come."""

    @property
    def simple(self) -> bool:
        """Whether it has keywords and one look, which is as it is but for the wish when one is left out."""
        interest = self.interest
        return (
            bool(self.phrases)
            and len(self.looks) == 1
            and len(self.looks[0].near) == len(self.liked) < MANY
            and self.model.meaning is None
            and interest.about not in interest.keywords
            # where nothing else is left the name only labels people or categories
            and (len(interest.keywords) + len(interest.like) > 1 or not (interest.authors or interest.categories))
        )

    def without(self, wish: str) -> tuple[Look, ...]:
        """The looks as they would be without a keyword, or without an example (by its id)."""
        examples = _known([id_ for id_ in self.interest.like if id_ != wish], self.liked)
        return _looks(self._asked_without(wish), examples, self.far, self.model)

    def _asked_without(self, wish: str) -> Mapping[str, Wish]:
        interest = self.interest
        if not (interest.authors or interest.categories or wish in (interest.name, interest.about)):
            return {text: one for text, one in self.asked.items() if text != wish}
        keywords = [keyword for keyword in interest.keywords if keyword != wish]
        like = [id_ for id_ in interest.like if id_ != wish]
        return _asked(interest, interest.name, interest.about, keywords, like, self.model)

    def less(self, term: str) -> tuple[Look, ...]:
        """The looks as they would be if the name and the free text did not have the words of a term."""
        interest, parts = self.interest, set(term.split(" "))
        name, about = (_less(text, parts) for text in (interest.name, interest.about))
        asked = _asked(interest, name, about, interest.keywords, interest.like, self.model)
        return _looks(asked, _known(interest.like, self.liked), self.far, self.model)


def profile(interest: Interest, exclude: Sequence[str], examples: Mapping[str, Paper], model: Model) -> Profile:
    """Compiles an interest; `exclude` are the subscriber's own, `examples` the papers known by their ids."""
    known = [id_ for id_ in interest.like if id_ in examples]
    liked = dict(zip(known, model.examples([examples[id_] for id_ in known]), strict=True))
    disliked = [examples[id_] for id_ in interest.dislike if id_ in examples]
    far = tuple(model.examples(disliked)) if disliked else ()
    asked = _asked(interest, interest.name, interest.about, interest.keywords, interest.like, model)
    looks = _looks(asked, _known(interest.like, liked), far, model)
    muted = phrases((*interest.exclude, *exclude))
    return Profile(interest, model, looks, asked, liked, far, phrases(interest.keywords), muted)


def phrases(texts: Sequence[str]) -> dict[str, str]:
    """Per text, the phrase to look for in the words of a paper."""
    return {text: phrase for text in texts if (phrase := _phrase(text))}


@lru_cache(KEPT)
def _phrase(text: str) -> str:
    return " ".join(words(text))


def _known(like: Sequence[str], liked: Mapping[str, Wish]) -> Wishes:
    return tuple([liked[id_] for id_ in like if id_ in liked])


# -- words


def _asked(
    interest: Interest, name: str, about: str, keywords: Sequence[str], like: Sequence[str], model: Model
) -> dict[str, Wish]:
    """What is asked for in words.

    The name counts unless it only labels a wish for people or categories: "Friends" is no subject.
    """
    only_a_label = (interest.authors or interest.categories) and not (about or keywords or like)
    weights = {"" if only_a_label else name: NAME} | dict.fromkeys((*keywords, about), 1.0)
    return {text: wish for text, weight in weights.items() if (wish := model.words(text, weight)).potential}


def _less(text: str, parts: Set[str]) -> str:
    return " ".join(word for word in text.split() if not parts & set(words(word)))


# -- looks


def _looks(asked: Mapping[str, Wish], examples: Wishes, far: Wishes, model: Model) -> tuple[Look, ...]:
    told = tuple(asked.values())
    meant = (model.meant(". ".join(asked)),) if asked and model.meaning else ()
    return tuple([Look(told, meant, group, far, examples) for group in _groups(examples, told, model)])


def _groups(examples: Wishes, told: Wishes, model: Model) -> list[Wishes]:
    """The examples by subject: all together, unless they are many and of several."""
    if len(examples) < MANY:
        return [examples] if examples or told else []
    labels = clusters(shared(rows_of([example.vectors for example in examples], len(model.columns))))
    together = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    alone = [np.array([row]) for row in np.flatnonzero(labels == ALONE).tolist()]
    return [tuple(examples[row] for row in group.tolist()) for group in together + alone]
