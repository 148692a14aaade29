"""What a source may touch: the network, the home folder, and how patient to be. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from newsletter.http import Client, Patience


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
