"""The DKIM keys of a home: made once, in files that only their owner may read, or in the environment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from newsletter.dkim import PrivateKey, Signer, new_key, pem, read_keys, signatures
from newsletter.errors import SettingsError
from newsletter.files import secret as secretfile
from newsletter.settings import Settings

VARIABLE = "NEWSLETTER_DKIM_KEY"


def place(home: Path, selector: str) -> Path:
    """Where the key of a selector is."""
    return home / "dkim" / f"{selector}.pem"


def make(home: Path, selector: str, kind: str) -> PrivateKey:
    """A new key (`rsa` or `ed25519`) in the home. Raises SettingsError where there is one: it may be in use."""
    key = new_key(kind)
    secretfile.write_new(place(home, selector), pem(key))
    return key


def signers(settings: Settings) -> tuple[Signer, ...]:
    """Who signs, in the order of the setting `dkim`. Raises SettingsError for a key that is missing or cannot sign."""
    named = [one.split("/") for one in settings.dkim]
    keys = _given(settings) if settings.dkim_key else [_kept(settings, selector) for _, selector in named]
    return tuple(Signer(domain, selector, key) for (domain, selector), key in zip(named, keys, strict=True))


def signing(settings: Settings) -> Callable[[bytes], bytes]:
    """Makes the header fields that sign a message. Raises SettingsError."""
    return partial(signatures, signers=signers(settings))


def _given(settings: Settings) -> tuple[PrivateKey, ...]:
    try:
        keys = read_keys(settings.dkim_key)
    except ValueError as error:
        raise SettingsError(f"{settings.origin(VARIABLE)}: {VARIABLE}: {error}") from error
    if len(keys) != len(settings.dkim):
        raise SettingsError(
            f"{settings.origin(VARIABLE)}: {VARIABLE} holds {len(keys)} keys and `dkim` names {len(settings.dkim)}; "
            "give one for each, in the same order"
        )
    return keys


def _kept(settings: Settings, selector: str) -> PrivateKey:
    path = place(settings.home, selector)
    try:
        keys = read_keys(secretfile.read_whole(path))
    except FileNotFoundError as error:
        raise SettingsError(
            f"{settings.origin('dkim')}: dkim: there is no {path}; `newsletter dkim new {selector}` makes it"
        ) from error
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error
    if len(keys) != 1:
        raise SettingsError(f"{path}: it holds {len(keys)} keys; leave the one of this selector")
    return keys[0]
