"""The long-running doors: run, serve."""

from __future__ import annotations

import logging

import click

from newsletter.app import App
from newsletter.cli.opening import app_of
from newsletter.cli.signals import terminating

_host = click.option("--host", default="127.0.0.1", show_default=True, help="Where the web pages listen.")
_port = click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))


@click.command()
@_host
@_port
@click.pass_context
def run(ctx: click.Context, host: str, port: int) -> None:
    """The scheduler (once a minute: who is due?) and the web pages, until Ctrl-C."""
    from newsletter.scheduler import start

    ctx.obj |= {"verbose": True, "stays": True}
    with terminating(), app_of(ctx) as app:
        app.roster()  # a broken file stops here, not at eight o'clock
        scheduler = start(app)
        try:
            _serve(app, host, port)
        finally:
            app.ending.want()
            scheduler.shutdown(wait=True)


@click.command()
@_host
@_port
@click.pass_context
def serve(ctx: click.Context, host: str, port: int) -> None:
    """The web pages alone, until Ctrl-C. Put a web server with https in front of them."""
    ctx.obj |= {"verbose": True, "stays": True}
    with terminating(), app_of(ctx) as app:
        _serve(app, host, port)


def _serve(app: App, host: str, port: int) -> None:
    import uvicorn

    from newsletter.web import pages

    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # addresses of links hold tokens
    seen = "" if app.settings.base_url else ", for this machine alone as long as base_url is not set"
    click.echo(f"web pages on http://{host}:{port}{seen}")
    uvicorn.run(pages(app), host=host, port=port, log_config=None, proxy_headers=False, server_header=False)
