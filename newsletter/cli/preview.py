"""Looking at editions: as files, or as pages on this machine."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import click

from newsletter.app import App
from newsletter.cli.opening import app_of, date_option, subscriber_option
from newsletter.errors import SettingsError
from newsletter.publish import Order


@click.command()
@date_option
@subscriber_option
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Write the files there.  [default: preview]"
)
@click.option("--serve", is_flag=True, help="Show them as pages on this machine.")
@click.option("--port", default=8081, show_default=True, type=click.IntRange(0, 65535))
@click.pass_context
def preview(
    ctx: click.Context, day: datetime | None, subscriber: str | None, out: Path | None, serve: bool, port: int
) -> None:
    """Look at the editions of a date (the latest without --date) without sending or recording anything."""
    if serve and out:
        raise click.UsageError("--serve and --out exclude each other")
    order = Order(day.date() if day else None, subscriber)
    with app_of(ctx) as app:
        if serve:
            _serve(app, order, port)
        else:
            _write(app, order, out or app.settings.home / "preview")


def _write(app: App, order: Order, folder: Path) -> None:
    from newsletter.look import look, render

    count = 0
    for seen in look(app, app.clock(), order):
        reader, papers = seen.edition.subscriber.email, len(list(seen.edition.matches))
        if not papers:
            click.echo(f"{reader}: quiet, nothing new for these interests")
            continue
        message = render(app, seen)
        stem = folder / f"{seen.edition.period.name}-{re.sub(r'[^A-Za-z0-9@._+-]', '_', reader)}"
        contents = {"html": message.html.encode(), "txt": message.text.encode(), "eml": message.mime}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for suffix, content in contents.items():
                stem.with_name(f"{stem.name}.{suffix}").write_bytes(content)
        except OSError as error:
            raise SettingsError(f"{folder}: cannot be written: {error.strerror}; choose another --out") from error
        click.echo(f"{stem}.html  {papers} papers  {message.subject}")
        count += 1
    click.echo(f"{count} editions (html, txt, eml) in {folder}; nothing was sent or recorded")


def _serve(app: App, order: Order, port: int) -> None:
    import uvicorn

    from newsletter.web.preview import preview_pages

    click.echo(f"preview on http://127.0.0.1:{port}  (Ctrl-C ends it)")
    uvicorn.run(preview_pages(app, order), host="127.0.0.1", port=port, log_config=None, server_header=False)
