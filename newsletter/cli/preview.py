"""Looking at editions: as files, or as pages on this machine."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.audience import Order
from newsletter.cli.opening import app_of, as_json, date_option, json_option, settings_of, subscriber_option
from newsletter.errors import RenderError, SettingsError

if TYPE_CHECKING:
    from newsletter.app import App
    from newsletter.look import Seen


@click.command()
@date_option
@subscriber_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write html, txt and eml there (and png where Chromium is installed).  [default: preview, without png]",
)
@click.option("--serve", is_flag=True, help="Show them as pages on this machine; what you edit is shown at once.")
@click.option("--port", default=8081, show_default=True, type=click.IntRange(0, 65535))
@click.option("--open", "open_it", is_flag=True, help="With --serve: open the page in your browser.")
@json_option
@click.pass_context
def preview(
    ctx: click.Context,
    day: datetime | None,
    subscriber: str | None,
    out: Path | None,
    serve: bool,
    port: int,
    open_it: bool,
    machine: bool,
) -> int:
    """Look at the editions of a date (the latest without --date) without sending or recording anything."""
    if serve and (out or machine):
        raise click.UsageError(f"--serve and {'--out' if out else '--json'} exclude each other")
    order = Order(day.date() if day else None, subscriber)
    if serve:
        _serve(ctx, order, port, open_it)
        return 0
    with app_of(ctx) as app:
        return _write(app, order, out or app.settings.home / "preview", pictures=out is not None, machine=machine)


# -- as files


def _write(app: App, order: Order, folder: Path, *, pictures: bool, machine: bool) -> int:
    """Writes the editions and says so; 1 when one of them could not be made, else 0."""
    from newsletter.look import look
    from newsletter.proof.pictures import find

    browser = find(os.environ.get("PATH", "")) if pictures else None
    told: list[dict[str, Any]] = []
    for seen in look(app, app.clock(), order):
        told.append(_written(app, seen, folder, browser))
        if not machine:
            click.echo("\n".join(_said(told[-1])))
    if machine:
        click.echo(as_json({"folder": str(folder), "browser": browser, "editions": told}))
    else:
        _sum_up(told, folder, pictures, browser)
    return 1 if any(one["fault"] and not one["files"] for one in told) else 0


def _sum_up(told: list[dict[str, Any]], folder: Path, pictures: bool, browser: str | None) -> None:
    from newsletter.proof.pictures import NAMES

    count = sum(bool(one["files"]) for one in told)
    kinds = "html, txt, eml, png" if browser else "html, txt, eml"
    click.echo(f"{count} editions ({kinds}) in {folder}; nothing was sent or recorded")
    if pictures and not browser:
        click.echo(f"no pictures: no Chromium on the PATH ({', '.join(NAMES)})")


def _written(app: App, seen: Seen, folder: Path, browser: str | None) -> dict[str, Any]:
    """Writes the files of one edition; returns what is to be said of it."""
    from newsletter.look import render
    from newsletter.proof.judge import judge, opened
    from newsletter.proof.pictures import BrowserError
    from newsletter.render.card import card

    edition = seen.edition
    papers = [match.paper for match in edition.matches]
    told: dict[str, Any] = {"email": edition.subscriber.email, "period": edition.period.name, "fate": seen.fate}
    told |= {"papers": [paper.id for paper in papers], "subject": "", "preheader": "", "files": [], "fault": ""}
    if seen.fate and not papers:
        return told
    try:
        mail = opened(render(app, seen).mime)
    except (RenderError, SettingsError) as error:  # a design at fault concerns its readers alone
        return told | {"fault": str(error)}
    stem = f"{edition.period.name}-{re.sub(r'[^A-Za-z0-9@._+-]', '_', edition.subscriber.email)}"
    contents = {"html": mail.html.encode(), "txt": mail.text.encode(), "eml": mail.wire}
    files = [_file(folder, f"{stem}.{suffix}", content) for suffix, content in contents.items()]
    if browser:
        try:
            files += _pictures(browser, folder, stem, mail.html)
        except BrowserError as error:
            told["fault"] = str(error)
    titles = [card(paper).title for paper in (*papers, *(candidate.paper for candidate in edition.missed))]
    checks = [asdict(one) for one in judge(mail, titles)]
    told |= {"subject": mail.header("Subject"), "preheader": mail.preheader, "files": [str(file) for file in files]}
    return told | {"sizes": asdict(mail.sizes), "checks": checks}


def _file(folder: Path, name: str, content: bytes) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written: {error.strerror}; choose another --out") from error
    return folder / name


def _pictures(browser: str, folder: Path, stem: str, page: str) -> list[Path]:
    from newsletter.proof.panes import DRAWN, PANES
    from newsletter.proof.pictures import Picture, draw

    wanted = [Picture(folder / f"{stem}.{kind}.png", PANES[kind](page), width) for kind, width in DRAWN.items()]
    draw(browser, wanted)
    return [picture.path for picture in wanted]


def _said(told: dict[str, Any]) -> list[str]:
    """An edition in words: its first file, or why there is none, and what is wrong with it."""
    if not told["files"]:
        return [f"{told['email']}: {told['fault'] or told['fate']}"]
    number = len(told["papers"])
    fate = f"  ({told['fate']})" if told["fate"] else ""
    lines = [f"{told['files'][0]}  {number} paper{'s' if number != 1 else ''}  {told['subject']}{fate}"]
    lines += [f"  {one['name']}: no: {one['found']}" for one in told["checks"] if one["grade"] == "fails"]
    return lines + ([f"  {told['fault']}"] if told["fault"] else [])


# -- as pages


def _serve(ctx: click.Context, order: Order, port: int, open_it: bool) -> None:
    import socket
    import webbrowser

    import uvicorn

    from newsletter.settings import ensure_secret
    from newsletter.web.preview import preview_pages
    from newsletter.web.preview.desk import Desk

    try:
        listener = socket.create_server(("127.0.0.1", port))
        # asyncio does so for sockets that it opens itself; without it each answer waits 40 ms (uvicorn 0.54, 2026-11).
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        cure = "end what listens there, or choose another with --port (0 takes a free one)"
        raise SettingsError(f"port {port} of 127.0.0.1: {os.strerror(error.errno or 0)}; {cure}") from error
    with listener, contextlib.closing(Desk(lambda: ensure_secret(settings_of(ctx)), order)) as desk:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        site = preview_pages(desk, lambda: server.should_exit)
        config = uvicorn.Config(site, log_config=None, server_header=False, lifespan="off", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        click.echo(f"preview on {address}  (Ctrl-C ends it)")
        if open_it:
            webbrowser.open(address)
        server.run([listener])
