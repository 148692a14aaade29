"""The command line: a table of commands, each loaded when it is called, so that `--help` is quick."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

import click

from newsletter import __version__

COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("setup:init", "Write subscribers.yaml and newsletter.yaml to edit."),
    "check": ("setup:check", "Check YAML, settings, sources and provider, each in words, with the cure."),
    "fetch": ("papers:fetch", "Collect a day's papers into the archive."),
    "learn": ("papers:learn", "Learn from the archive what makes papers alike."),
    "preview": ("preview:preview", "Look at the editions without sending anything."),
    "send": ("sending:send", "Send to whoever is due; --date D is an order."),
    "run": ("doors:run", "The scheduler and the web pages."),
    "worker": ("working:worker", "Send what `run` plans, on any number of machines."),
    "serve": ("doors:serve", "The web pages alone."),
    "status": ("sending:status", "The account of a day, and the people."),
    "stop": ("sending:stop", "No further message is handed over."),
    "resume": ("sending:resume", "Take the stop back."),
    "resolve": ("resolve:resolve", "What is in doubt: list it, and say what you found."),
    "suppressions": (
        "suppressions:suppressions",
        "The addresses that are not written to: list, change, import, export.",
    ),
    "bounces": ("bounces:bounces", "Read what comes back by mail: bounces, complaints, unsubscribing."),
    "feedback": ("feedback:feedback", "More like a paper, or less; as the reader says."),
    "subscribers": (
        "subscribers:subscribers",
        "Who reads: list, add, edit, pause, remove, import, export; propose interests.",
    ),
    "backtest": ("backtest:backtest", "What this file would have sent on past days, beside another."),
    "dkim": ("dkim:dkim", "Keys that sign mail: make one, and what to publish in DNS."),
    "backup": ("db:backup", "Copy ledger, suppressions and feedback to a file, also while mails are sent."),
    "db": ("db:db", "Bring the databases to a newer schema."),
    "search": ("search:search_", "Search the archive, ranked as an edition is."),
    "archive": ("archive:archive", "What became of a paper; all papers as a file; removing what is old."),
    "explain": ("papers:explain", "Why a paper is (not) in a subscriber's edition."),
}


class Lazy(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(_imported(f"newsletter.cli.{module}"), name)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS:
            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean {near[0]}?" if near else "newsletter --help lists them"
            raise click.UsageError(f"there is no command '{args[0]}'; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _imported(name: str) -> ModuleType:
    """The module. What is imported stays, so garbage is not looked for in it: a quarter of the time of a short command."""
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option(
    "--home",
    type=click.Path(file_okay=False),
    default=".",
    envvar="NEWSLETTER_HOME",
    show_default=True,
    help="The folder with subscribers.yaml.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say more of what is done.")
@click.pass_context
def newsletter(ctx: click.Context, home: str, verbose: bool) -> None:
    """Daily Papers as an email in which every reader gets their own edition."""
    ctx.obj = {"home": home, "verbose": verbose}
