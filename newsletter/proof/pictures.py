"""Pictures of a mail's page, full height: drawn by an installed Chromium, without scripts and without network."""

from __future__ import annotations

import html
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from newsletter.errors import NewsletterError

NAMES: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
SECONDS: Final = 30
"""For one picture; it takes about one."""
HIGHEST: Final = 16_000
"""Pixels: what is longer is cut (Chromium's textures end at 16,384; 156, 2026-11)."""

# No `--no-sandbox` unless root, for whom Chromium does not start with it. The window may be narrower than 500 pixels
# only in the picture, not for the page (156, 2026-11): so the page stands in a frame of the right width.
_FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_FRAMED: Final = """<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:{more}">
<style>body {{ margin: 0; overflow: hidden }} iframe {{ display: block; border: 0 }}</style>
{frames}
"""
_MEASURING: Final = """<script>
onload = () => {
  const heights = [...document.querySelectorAll("iframe")].map(frame => frame.contentDocument.body.scrollHeight);
  document.title = "heights " + heights.join(" ");
  document.querySelectorAll("iframe").forEach(frame => frame.remove());
};
</script>"""


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw."""

    path: Path
    """Of the PNG file."""
    page: str
    """HTML."""
    width: int
    """Pixels."""


class BrowserError(NewsletterError):
    """The browser could not draw; everything else was done."""


def find(path: str) -> str | None:
    """The program of a Chromium in the folders of `path` (as in the variable PATH); None if there is none."""
    return next((found for name in NAMES if (found := shutil.which(name, path=path))), None)


def draw(browser: str, pictures: Sequence[Picture]) -> None:
    """Draws them. Raises BrowserError, in one line, where that does not work."""
    try:
        # Beside the pictures: a Chromium that comes as a snap sees no folder for temporary files.
        with tempfile.TemporaryDirectory(prefix="chromium-", dir=pictures[0].path.parent) as name:
            folder = Path(name)
            for picture, height in zip(pictures, _heights(browser, pictures, folder), strict=True):
                _draw(browser, picture, height, folder)
    except OSError as error:
        raise BrowserError(f"no picture: {error.filename or browser}: {error.strerror}") from error


def _heights(browser: str, pictures: Sequence[Picture], folder: Path) -> list[int]:
    frames = "\n".join(_frame(picture, 100) for picture in pictures)
    wrapper = folder / "measure.html"
    wrapper.write_text(_FRAMED.format(frames=frames + _MEASURING, more="; script-src 'unsafe-inline'"), "utf-8")
    found = re.search(r"<title>heights ([\d ]+)</title>", _run(browser, folder, "--dump-dom", wrapper.as_uri()))
    if found is None:
        raise BrowserError(f"no picture: {browser} did not say how high the page is")
    return [min(max(int(height), 1), HIGHEST) for height in found[1].split()]


def _draw(browser: str, picture: Picture, height: int, folder: Path) -> None:
    wrapper, drawn = folder / "page.html", folder / "page.png"
    wrapper.write_text(_FRAMED.format(frames=_frame(picture, height), more=""), "utf-8")
    _run(browser, folder, f"--window-size={picture.width},{height}", f"--screenshot={drawn}", wrapper.as_uri())
    if not drawn.is_file():
        raise BrowserError(f"no picture: {browser} drew none of {picture.path.name}")
    drawn.replace(picture.path)


def _frame(picture: Picture, height: int) -> str:
    page = html.escape(picture.page)
    # No scripts; of the same origin, as Chromium takes the picture without waiting for frames in other processes.
    return f'<iframe sandbox="allow-same-origin" width="{picture.width}" height="{height}" srcdoc="{page}"></iframe>'


def _run(browser: str, folder: Path, *arguments: str) -> str:
    """What the browser printed. It is ended, with all that it started, when it takes too long."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [browser, *_FLAGS, *root, f"--user-data-dir={folder / 'profile'}", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            printed, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise BrowserError(f"no picture: {browser} took more than {SECONDS} seconds") from error
        finally:
            _end(process.pid)
    if process.returncode:
        raise BrowserError(f"no picture: {browser} ended with code {process.returncode}")
    return printed.decode("utf-8", "replace")


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return  # all of it has ended
