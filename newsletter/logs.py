"""Log lines on stderr: for people, or as JSON for programs. One line each."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, TextIO, TypeAlias

Style: TypeAlias = Literal["pretty", "json"]

_NOISY = ("httpx", "httpcore", "httpx2", "httpcore2", "apscheduler", "sentence_transformers")
# What every record has; the rest of it are the fields that whoever logged it gave. uvicorn gives one for terminals.
_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def set_up(style: Style, level: int, *, timed: bool = False, environ: Mapping[str, str] | None = None) -> None:
    """Sends what is logged from now on to stderr; `timed`: lines for people say when, unless the journal does."""
    handler = logging.StreamHandler(sys.stderr)
    when = "%(asctime)s " if timed and not _is_journal(sys.stderr, environ or {}) else ""
    handler.setFormatter(JsonLines() if style == "json" else logging.Formatter(f"{when}%(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(style == "json")
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def say(text: str, level: int = logging.INFO) -> None:
    """Writes a line to stderr whatever the level of the log is, in the log's style."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JsonLines):
            handler.emit(logging.LogRecord("newsletter", level, "", 0, text, None, None))
            return
    print(text, file=sys.stderr)  # noqa: T201  (what a person reads, and no log line)


class JsonLines(logging.Formatter):
    """An object a line: `time` (UTC), `level`, `event`, `logger`, and the fields that were given with it."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"time": at, "level": record.levelname.lower(), "event": record.getMessage(), "logger": record.name}
        given = {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            given["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told | given, ensure_ascii=False, default=str)


def _is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether the lines go to systemd's journal, which writes the time itself (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
