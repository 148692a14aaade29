"""Power lost in mid-run: a home as its disk would be, rebuilt from the system calls that a run made.

`strace` writes down what the run did to its database files. At a moment that chance chooses, what was synced is there;
of what was written and not synced, each write is there or not as chance has it, and the last may be cut short. What
this models is a disk that keeps what it acknowledged. Names of files are taken as kept, as on a journalling file system.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from tests.faults.oracle import Verdict, together
from tests.faults.stage import SEND, Stage, Wrong
from tests.faults.starters import ROOT

CALLS = "pwrite64,fdatasync,fsync,ftruncate,unlink"
LINE = re.compile(r"^\d+ +(?P<at>\d+\.\d+) (?P<call>\w+)\((?:\d+<(?P<path>[^>]+)>|\"(?P<name>[^\"]+)\")(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that went well."""

    at: float
    """Seconds since the epoch, when it began."""
    name: str
    path: Path
    data: bytes = b""
    offset: int = 0


@dataclass
class Disk:
    """Files as they would be found: what was synced, and what was written since."""

    synced: dict[Path, bytearray] = field(default_factory=dict)
    loose: dict[Path, list[Call]] = field(default_factory=dict)

    def do(self, call: Call) -> None:
        if call.name == "unlink":
            self.synced.pop(call.path, None)
            self.loose.pop(call.path, None)
        elif call.name in ("fsync", "fdatasync"):
            for one in self.loose.pop(call.path, []):
                _write(self.synced.setdefault(call.path, bytearray()), one, one.data)
        else:
            self.loose.setdefault(call.path, []).append(call)

    def after_the_power_came_back(self, chance: Random) -> dict[Path, bytes]:
        found = {path: bytearray(content) for path, content in self.synced.items()}
        for path, calls in self.loose.items():
            content = found.setdefault(path, bytearray())
            for one in calls:
                if chance.random() < 0.5:
                    whole = chance.random() < 0.8
                    _write(content, one, one.data if whole else one.data[: chance.randint(0, len(one.data))])
        return {path: bytes(content) for path, content in found.items()}


def _write(content: bytearray, call: Call, data: bytes) -> None:
    if call.name == "ftruncate":
        del content[call.offset :]
        return
    content.extend(b"\0" * (call.offset - len(content)))
    content[call.offset : call.offset + len(data)] = data


def power_lost(stage: Stage) -> Verdict:
    """The far side has what it had at that moment; the run after it goes on from the disk as it was found."""
    with stage.over_smtp():
        calls = _traced(stage)
        log, home = stage.folder / "log", stage.home.path
        kept = log.read_text().splitlines()
        bare = stage.folder / "bare"
        shutil.copytree(home, bare, ignore=shutil.ignore_patterns("*.db*", "newsletter.lock"))
    verdicts = []
    for number in range(3 if stage.recipients < 1000 else 6):
        part = replace(stage, folder=stage.folder / f"loss{number}", port=0)
        shutil.copytree(bare, part.home.path, dirs_exist_ok=True)
        at = _moment(stage, calls, kept, first=number == 0)
        disk = Disk()
        for call in (one for one in calls if one.at <= at):
            disk.do(call)
        for path, content in disk.after_the_power_came_back(stage.chance).items():
            (part.home.path / path.name).write_bytes(content)
        (part.folder / "log").write_text("".join(f"{line}\n" for line in kept if json.loads(line)["at"] <= at))
        with part.over_smtp():
            part.settle()
            verdicts.append(part.judged())
        stage.kills += 1
        stage.doubt(stage.connections)
        if failed := [one for one in part.people() if one.state == "failed"]:
            raise Wrong(f"{len(failed)} failed for want of what was lost: {failed[0].reason}")
    return together(verdicts)


def _moment(stage: Stage, calls: list[Call], kept: list[str], *, first: bool) -> float:
    """A random moment: once just after the first message, when most is fresh."""
    began, ended = (json.loads(kept[n])["at"] for n in (0, -1))
    return began + 0.001 if first else stage.chance.uniform(began, ended)


def _traced(stage: Stage) -> list[Call]:
    """What a whole run did to its databases, in order."""
    files = [stage.home.path / f"{name}.db{part}" for name in ("newsletter", "archive") for part in ("", "-wal")]
    watched = [word for file in files for word in ("-P", str(file))]
    trace = stage.folder / "trace"
    strace = [shutil.which("strace") or "strace", "-f", "-qq", "-y", "-xx", "-ttt", "-s", "16000000", "-o", str(trace)]
    command = [*strace, *watched, "-e", f"trace={CALLS}", sys.executable, "-m", "newsletter", *SEND]
    done = subprocess.run(command, cwd=ROOT, env=dict(stage.home.environment), capture_output=True, text=True)
    if done.returncode:
        raise Wrong(f"the run that was watched ended with {done.returncode}: {done.stdout}{done.stderr}"[-300:])
    return list(_calls(trace.read_text()))


def _calls(trace: str) -> Iterator[Call]:
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        thread = line.partition(" ")[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line.removesuffix("<unfinished ...>")
            continue
        if "resumed>" in line:
            line = begun.pop(thread, "") + line.partition("resumed>")[2]
        found = LINE.match(line)
        if found and not found["rest"].rstrip().endswith(")") and " = -1 " not in found["rest"]:
            yield _call(found)


def _call(found: re.Match[str]) -> Call:
    path = Path(_bytes(found["path"] or found["name"]).decode())
    at, name, rest = float(found["at"]), found["call"], found["rest"]
    if name == "pwrite64":
        data, _, numbers = rest.removeprefix(', "').partition('"')
        return Call(at, name, path, _bytes(data), int(numbers.split(",")[2].partition(")")[0]))
    if name == "ftruncate":
        return Call(at, name, path, offset=int(rest.lstrip(", ").partition(")")[0]))
    return Call(at, name, path)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()
