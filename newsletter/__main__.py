"""The way in: runs a command and turns every error into one line and an exit code."""

from __future__ import annotations

import logging
import os
import sys

import click

from newsletter import logs
from newsletter.cli import newsletter
from newsletter.ending import SAID
from newsletter.errors import Interrupted, NewsletterError, SettingsError, SourceError

DONE, LEFT, WRONG, NO_SOURCE, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line; exits 0 all done, 1 something is left, 2 wrong settings or usage, 3 no source answered."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    try:
        code = newsletter.main(arguments, prog_name="newsletter", standalone_mode=False)
        return code if isinstance(code, int) else DONE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, Interrupted):
        return _say(SAID, INTERRUPTED)
    except SettingsError as error:
        return _say(str(error), WRONG)
    except SourceError as error:
        return _say(str(error), NO_SOURCE)
    except NewsletterError as error:
        return _say(str(error), LEFT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # a traceback helps nobody who did not write this
        if os.environ.get("NEWSLETTER_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        return _say(f"a fault of newsletter itself: {what}; NEWSLETTER_DEBUG=1 shows where, please report it", LEFT)


def _say(text: str, code: int) -> int:
    for line in text.splitlines():
        logs.say(f"newsletter: {line}", logging.ERROR)
    return code


if __name__ == "__main__":
    main()
