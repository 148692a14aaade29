"""What a message says of its publisher. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Imprint:
    """The newsletter, its addresses, and the secrets that sign its links."""

    name: str
    """What the newsletter is called."""
    sender: str
    """The display name of `From`; empty for the address alone."""
    address: str
    """The address of `From`, also the envelope's sender: ASCII."""
    reply_to: str
    """Where replies and unsubscribing by mail go; may be the same address."""
    postal_address: str = ""
    """Lines, separated by \\n."""
    base_url: str = ""
    """Of the public web pages, without a slash at its end; empty where there are none."""
    thumbnails: bool = False
    """Whether papers are shown with their pictures, which the reader's mail program fetches."""
    bounces: str = ""
    """Where bounces go, with `{token}` for what names the delivery (see `verp`); empty: to `address`."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """For signed links, the newest first."""

    @property
    def domain(self) -> str:
        """The domain that message ids and the list's id stand in."""
        return self.address.rpartition("@")[2]
