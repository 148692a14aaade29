"""The subscribers' file in the operator's own editor; what is broken does not come out of it."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from newsletter.cli import signed
from newsletter.cli.changing import chosen, file_option
from newsletter.cli.opening import app_of, subscribers_of
from newsletter.errors import SettingsError, SubscriberError
from newsletter.subscribers.file import files_of, text_of
from newsletter.subscribers.writing import check, place, rewrite

# How editors are told a line, as their manuals have it (2026-11); all others are given the file alone.
_PLUS: Final = "vi vim nvim gvim view elvis nano pico emacs emacsclient mg jed joe jmacs kak micro ne vis".split()
_COLON: Final = "hx helix subl zed".split()
_GOTO: Final = "code codium code-insiders cursor".split()


@click.command()
@click.argument("who", metavar="[ADDRESS]", required=False)
@file_option
@click.pass_context
def edit(ctx: click.Context, who: str | None, into: str | None) -> int:
    """Open the file in $VISUAL or $EDITOR, at the entry of ADDRESS.

    You edit a copy, which takes the place of the file when all of it can be read. What you wrote is never lost.
    """
    path = subscribers_of(ctx)
    found = place(files_of(path), who) if who else None
    if who and found is None:
        with app_of(ctx) as app:
            signed.refuse_to_edit(app, path, who)
    file = found.file if found else chosen(path, into)
    before = text_of(file)
    draft = _draft(file, before)
    after = _edited(path, file, draft, found.line if found else 1)
    if after != before:
        rewrite(path, file, lambda now: _unless_changed(now, before, after, draft))
    draft.unlink()
    click.echo(f"{file.relative_to(path.parent)}: {'nothing was changed' if after == before else 'saved'}")
    return 0


def _edited(path: Path, file: Path, draft: Path, line: int) -> str:
    """What becomes of the draft in the editor, opened again and again until all of it can be read."""
    while True:
        _open(_editor(os.environ), file, draft, line)
        try:
            text = text_of(draft)
            check(path, {file: text})
        except SubscriberError as error:
            click.echo(str(error).replace(str(draft), str(file)), err=True)
            if not _again():
                kept = f"what you wrote is in {draft}, and `newsletter subscribers edit` goes on there"
                raise SubscriberError(f"{file}: is as it was; {kept}") from error
            line = _line(str(error), file) or line
        else:
            return text


def _draft(file: Path, before: str) -> Path:
    """The copy that is edited, beside the file; one of an earlier time, if it began with the same text."""
    mark = hashlib.sha256(before.encode()).hexdigest()[:8]
    draft = file.resolve().with_name(f".{file.stem}.{mark}.edit.yaml")
    if draft.exists():
        click.echo(f"goes on with what was written before ({draft})", err=True)
        return draft
    try:
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, file.stat().st_mode & 0o777)
        with os.fdopen(handle, "wb") as out:
            out.write(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"{draft}: cannot be written ({error.strerror}); let this program write there") from error
    return draft


def _editor(environ: Mapping[str, str]) -> list[str]:
    for name in ("VISUAL", "EDITOR"):
        if environ.get(name, "").strip():
            return shlex.split(environ[name])
    return ["vi"]


def command(editor: list[str], file: Path, line: int) -> list[str]:
    """How this editor is told to open the file at that line, and to be waited for."""
    name = Path(editor[0]).stem
    if name in _GOTO:
        return [*editor, *([] if "--wait" in editor or "-w" in editor else ["--wait"]), "--goto", f"{file}:{line}"]
    if name in _COLON:
        return [*editor, f"{file}:{line}"]
    return [*editor, *([f"+{line}"] if name in _PLUS else []), str(file)]


def _open(editor: list[str], file: Path, draft: Path, line: int) -> None:
    try:
        code = subprocess.run(command(editor, draft, line), check=False).returncode
        said = f"ended with {code}" if code else ""
    except OSError as error:
        said = f"cannot be started ({error.strerror}): set EDITOR"
    if not said:
        return
    if draft.read_bytes() == file.read_bytes():
        draft.unlink()
        raise SettingsError(f"{editor[0]} {said}; nothing was changed")
    raise SettingsError(f"{editor[0]} {said}; {file} is as it was, and what you wrote is in {draft}")


def _line(faults: str, file: Path) -> int | None:
    """The line of the first fault."""
    place = faults.split("\n", 1)[0].removeprefix(f"{file}:").split(":", 1)[0]
    return int(place) if place.isdecimal() else None


def _again() -> bool:
    return sys.stdin.isatty() and click.confirm("Edit again?", default=True, err=True)


def _unless_changed(now: str, before: str, after: str, draft: Path) -> str:
    if now != before:
        raise SubscriberError(
            f"the file was changed meanwhile; what you wrote is in {draft}: bring the two together there"
        )
    return after
