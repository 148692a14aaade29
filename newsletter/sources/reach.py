"""What a source may touch: the network, the home folder, and how patient to be. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from newsletter.answers import Answers
from newsletter.guard import Guard
from newsletter.http import USER_AGENT, Client, Patience
from newsletter.turns import Turns


@dataclass(frozen=True)
class Reach:
    """Everything a source needs from outside, handed in by whoever opened it."""

    client: Client
    home: Path
    """Relative paths of the settings are relative to it."""
    patience: Patience
    endpoint: str = "https://huggingface.co"
    """`HF_ENDPOINT`, as Hugging Face's own tools read it."""
    token: str = field(default="", repr=False)
    """`HF_TOKEN`: optional, raises how often we may ask."""
    answers: Answers | None = None
    """What addresses answered last; None where nothing is remembered."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The moment it is (UTC)."""
    guard: Guard = field(default_factory=Guard)
    """Who may be asked where somebody else says what the address is."""
    arxiv: str = "https://export.arxiv.org"
    """`ARXIV_ENDPOINT`: where arXiv's API is; where it is another than the usual one, its lists are there too."""
    turns: Turns | None = None
    """Whose turn it is at a host, over all our processes; None where nobody else asks."""
    introduction: str = USER_AGENT
    """Who we are, and whom to write to, for those who want to know."""
    zotero: str = "https://api.zotero.org"
    """`ZOTERO_ENDPOINT`: where Zotero is asked; its own programs answer at http://localhost:23119/api."""
    secret: Callable[[str], str] = field(default=lambda _: "", repr=False)
    """A key by the variable it has (`ZOTERO_API_KEY`); empty if it is nowhere."""
