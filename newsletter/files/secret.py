"""Files that only the owner may read: `secrets.env` with its KEY=VALUE lines, and keys."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path

from newsletter.errors import SettingsError
from newsletter.files.alone import alone

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(["'])(.*)\1\s*(?:#.*)?""")


def read(path: Path) -> tuple[dict[str, tuple[str, int]], tuple[str, ...]]:
    """Each name with its value and line, and the faults, one line each; a missing file holds nothing.

    Values may stand in single or double quotes, taken as they are; a comment begins with `#`, after a value with ` #`.
    No fault repeats what a line holds.
    """
    try:
        data = path.read_bytes()
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}, ()
    except OSError as error:
        return {}, (f"{path}: cannot be read ({error.strerror}); let this program read it",)
    if _exposed(mode):
        return {}, (f"{path}: {_EXPOSED.format(path)}",)
    try:
        return _values(path, data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return {}, (f"{path}: this is not UTF-8; save the file as UTF-8 in your editor",)


_EXPOSED = "others on this machine may read it; run `chmod 600 {}`"


def _exposed(mode: int) -> bool:
    return os.name != "nt" and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def read_whole(path: Path) -> str:
    """A file that is one secret. Raises FileNotFoundError, and SettingsError where it cannot be read or others may."""
    try:
        text = path.read_text("ascii", "replace")
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); let this program read it") from error
    if _exposed(mode):
        raise SettingsError(f"{path}: {_EXPOSED.format(path)}")
    return text


def write_new(path: Path, content: bytes) -> None:
    """Writes a secret that is not there yet (mode 0600, its folder 0700). Raises SettingsError, also where it is."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)  # whole or not at all, and never over another
        finally:
            Path(draft).unlink(missing_ok=True)
    except FileExistsError as error:
        raise SettingsError(f"{path} is there already and stays as it is; choose another name") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror}); let this program write there") from error


def _values(path: Path, text: str) -> tuple[dict[str, tuple[str, int]], tuple[str, ...]]:
    values: dict[str, tuple[str, int]] = {}
    faults = []
    for number, line in enumerate(text.split("\n"), 1):
        typed = line.strip()
        if not typed or typed.startswith("#"):
            continue
        name, value = _pair(typed)
        if not name:
            faults.append(f"{path}:{number}: not KEY=VALUE on one line, with a closing quote and no control characters")
        elif name in values:
            faults.append(f"{path}:{number}: {name} is given twice, first on line {values[name][1]}: keep one")
        else:
            values[name] = value, number
    return values, tuple(faults)


def _pair(line: str) -> tuple[str, str]:
    """The name and value of a line; no name if the line means nothing."""
    found = _LINE.fullmatch(line)
    if not found or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line):
        return "", ""
    name, value = found[1], found[2]
    if value[:1] in ("'", '"'):
        quoted = _QUOTED.fullmatch(value)
        return (name, quoted[2]) if quoted else ("", "")
    return name, re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()


def keep(path: Path, name: str, value: str) -> str:
    """Adds `name` to the file, which is made if needed, and returns its value.

    If another process was quicker, its value is kept and returned. The file is replaced whole, so a crash leaves
    the old one or the new one.
    """
    try:
        with alone(path.parent):
            there, faults = read(path)
            if faults:
                raise SettingsError("\n".join(faults))
            if name in there and there[name][0]:
                return there[name][0]
            _append(path.resolve(), f"{name}={value}\n")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror}); set {name} in the environment") from error
    return value


def _append(path: Path, line: str) -> None:
    old = path.read_bytes() if path.exists() else b"# Secrets of this newsletter. Keep them out of git and mail.\n"
    whole = old + (b"" if old.endswith(b"\n") or not old else b"\n") + line.encode()
    handle, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        Path(new).replace(path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise
