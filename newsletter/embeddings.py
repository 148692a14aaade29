"""Texts as vectors, made by the sentence-transformers model that the settings name.

The library, and torch with it, is imported when a model is opened: whoever sets no `embeddings` need not install it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from newsletter import text
from newsletter.errors import SettingsError
from newsletter.models import Paper

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats: TypeAlias = npt.NDArray[np.float32]
Embedder: TypeAlias = Callable[[Sequence[str]], Floats]
"""Texts in; out come shape (texts, dimensions), float32, rows of length 1."""

LONGEST: Final = 256
"""Tokens of a text that are read: a title and nearly every abstract. More costs time and tells little."""
HUB: Final = "https://huggingface.co"
INSTALL: Final = "pip install 'newsletter[embeddings]'"

_ON_THE_HUB: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_MARKS: Final = ("modules.json", "config.json")
# A model without the files of its tokenizer says nothing of it, and reads every word as unknown. So these two have as
# many words.
_UNLIKE: Final = ("Rivers carry stones", "Faster score matching")
_ALIKE: Final = 0.999
# Read by huggingface_hub 2.4 and transformers 5.23 when they are imported (2026-11). The last stops a thread that
# asks the hub to convert a model's weights for everybody.
_QUIET: Final = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DISABLE_SAFETENSORS_CONVERSION": "1",
}


@dataclass(frozen=True)
class Model:
    """A model as the settings name it, and where it lies."""

    name: str
    folder: Path | None = None
    """Its folder on this machine; None for one of the hub's, by OWNER/NAME."""

    @cached_property
    def key(self) -> str:
        """What its vectors are kept under: when the files in its folder change, it is another model."""
        return self.name if self.folder is None else f"{self.name} {_fingerprint(self.folder)}"


def find(name: str, home: Path) -> Model:
    """The model of that name: a folder (seen from the home), an installed package that holds one, else the hub's."""
    folder = home / name
    return Model(name, folder if _is_folder(folder) else _packaged(name))


def text_of(paper: Paper) -> str:
    """What of a paper is embedded."""
    return f"{paper.title}. {paper.abstract}".strip()


def hosts(model: Model, endpoint: str = HUB) -> tuple[str, ...]:
    """The hosts that opening it may talk to."""
    if model.folder:
        return ()
    # Downloads of large files are sent on to cdn-lfs.hf.co, cas-bridge.xethub.hf.co and the like (2026-11).
    return ("huggingface.co", "*.hf.co") if endpoint == HUB else (urlsplit(endpoint).netloc.rpartition("@")[2],)


def open_embedder(model: Model, endpoint: str = HUB, token: str = "") -> Embedder:
    """Loads the model. One that lies on this machine asks nobody; none may bring code of its own.

    One of the hub's is downloaded the first time, and from then on it is as it was. Raises SettingsError with the
    cure when library or model are not there, or do not work.
    """
    _check(model)
    os.environ.update(_QUIET, HF_ENDPOINT=endpoint)
    load = _loader()
    return _from_folder(load, model) if model.folder else _from_hub(load, model, endpoint, token)


def _check(model: Model) -> None:
    """What can be told without the library."""
    if model.folder is None and not _ON_THE_HUB.fullmatch(model.name):
        raise SettingsError(
            f"embeddings: {text.line(model.name, limit=100)!r} is neither a folder nor an installed package with a "
            "model; name one, or write OWNER/NAME for one of the Hugging Face hub"
        )
    if model.folder and not any((model.folder / mark).is_file() for mark in _MARKS):
        raise SettingsError(f"embeddings: {model.folder} has no {' or '.join(_MARKS)}; name the folder of a model")


def _loader() -> Callable[..., Embedder]:
    """The library; what it gives loads a model and tries it."""
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar
    except (ImportError, OSError) as error:  # OSError: a torch for another machine
        raise SettingsError(f"embeddings: a library is missing ({_said(error)}); {INSTALL}") from error
    disable_progress_bar()

    def load(where: str, **options: Any) -> Embedder:
        embed = _embedder(SentenceTransformer(where, trust_remote_code=False, **options))
        one, other = embed(_UNLIKE)
        if not one @ other < _ALIKE:
            raise ValueError("it makes the same of every text, as if files of its tokenizer were missing")
        return embed

    return load


def _embedder(model: SentenceTransformer) -> Embedder:
    model.max_seq_length = min(model.max_seq_length or LONGEST, LONGEST)

    def embed(texts: Sequence[str]) -> Floats:
        rows = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)

    return embed


def _from_folder(load: Callable[..., Embedder], model: Model) -> Embedder:
    try:
        return load(str(model.folder), local_files_only=True)
    except Exception as error:
        raise SettingsError(f"embeddings: {model.folder}: {_said(error)}; name the folder of another model") from error


def _from_hub(load: Callable[..., Embedder], model: Model, endpoint: str, token: str) -> Embedder:
    from huggingface_hub import HfApi

    with suppress(Exception):  # never downloaded, or not whole: then the hub is asked
        return load(model.name, local_files_only=True)
    try:
        HfApi(endpoint, token or None).model_info(model.name, timeout=10)  # loading would ask for a minute in vain
        return load(model.name, token=token or None)
    except Exception as error:
        host, *_ = hosts(model, endpoint)
        cure = "check the name and the network, and HF_TOKEN if the model is not open to all"
        raise SettingsError(f"embeddings: {model.name} from {host}: {_said(error)}; {cure}") from error


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no name for a file, or a place that may not be looked into
        return False


def _packaged(name: str) -> Path | None:
    """The folder `model` of an installed package of that name, found without importing it."""
    module = re.sub(r"[-.]+", "_", name).lower()
    spec = find_spec(module) if module.isidentifier() and not module.startswith("_") else None
    places = (Path(place) / "model" for place in (spec and spec.submodule_search_locations) or ())
    return next((place for place in places if place.is_dir()), None)


def _fingerprint(folder: Path) -> str:
    """Twelve hexadecimal digits that follow from the contents of all files in a folder."""
    digest = hashlib.sha256()
    try:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.relative_to(folder)} {content}\n".encode())
    except OSError as error:
        raise SettingsError(f"embeddings: {folder}: cannot be read ({error.strerror}); check its owner") from error
    return digest.hexdigest()[:12]


def _said(error: Exception) -> str:
    return text.line(str(error) or type(error).__name__, limit=200).rstrip(".")
