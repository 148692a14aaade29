"""The script that compares live shapes with ours: here against a server on loopback."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.servers.huggingface import HuggingFace, paper_json, says

SCRIPT = Path(__file__).parents[1] / "scripts" / "live_check"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = SourceFileLoader("live_check", str(SCRIPT))
    spec = importlib.util.spec_from_loader("live_check", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def whole(number: int, **changes: object) -> dict[str, Any]:
    """A paper with every field that Hugging Face always has (2026-04)."""
    avatar = {"avatarUrl": "/avatars/x.svg", "isPro": False}
    by = {"_id": "s", "user": "ida", "fullname": "Ida", "type": "user", **avatar}
    paper: dict[str, Any] = paper_json(number, submittedOnDailyBy=by, **changes)
    paper["submittedBy"] |= {**avatar, "isHf": False, "isHfAdmin": False, "isMod": False}
    for author in paper["paper"]["authors"]:
        author.pop("user", None)
    return paper


@pytest.fixture
def hub() -> Iterator[HuggingFace]:
    papers = [whole(1, title="Diffusion in rivers"), whole(2, title="Diffusion in lakes")]
    with HuggingFace({"2026-03-03": papers}, papers={"2603.00001": papers[0]["paper"]}) as server:
        yield server


def run(endpoint: str) -> tuple[int, str]:
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, (done.stdout + done.stderr).strip()


def test_known_shapes_are_no_news(hub: HuggingFace) -> None:
    assert (0, f"{hub.endpoint}: the shapes are those that we know") == run(hub.endpoint)


def test_what_is_different_is_named(hub: HuggingFace) -> None:
    changed = whole(3, upvotes="3", mood="sunny", summary=None)
    hub.days["2026-03-03"].append(changed)  # type: ignore[attr-defined]
    code, said = run(hub.endpoint)
    assert 1 == code
    assert [
        "daily[].paper.mood: is new, text",
        "daily[].paper.summary: not in every one any more",
        "daily[].paper.upvotes: was number, is number, text",
        "daily[].summary: not in every one any more",
    ] == [line for line in sorted(said.splitlines()) if line.startswith("daily")]


@pytest.mark.parametrize("answer", [says(b"<html>"), says({}), says([])])
def test_an_answer_that_is_no_list_of_papers_is_one_line(hub: HuggingFace, answer: Any) -> None:
    hub.script.append(answer)
    code, said = run(hub.endpoint)
    assert (3, 1) == (code, len(said.splitlines()))
    assert said.startswith(f"live_check: {hub.endpoint}/api/daily_papers: ")


def test_without_a_network_it_is_one_line() -> None:
    code, said = run("http://127.0.0.1:9")
    assert (3, 1) == (code, len(said.splitlines()))
    assert "Connection refused" in said


def test_a_field_that_is_gone_or_of_another_type_is_told(script: ModuleType) -> None:
    known = script.shape([[{"id": "1", "n": 1, "inner": {"a": "x"}}, {"id": "2", "n": 2, "inner": {"a": "y"}}]])
    live = script.shape([[{"id": 1, "inner": {"a": None, "b": [True]}}]])
    assert [
        "x[].id: was text, is number",
        "x[].inner.a: is gone, was text",
        "x[].inner.b: is new, list",
        "x[].n: is gone, was number",
    ] == sorted(script.differences(known, live, "x"))


def test_a_field_that_need_not_be_there_is_not_missed(script: ModuleType) -> None:
    known = script.shape([{"a": "x"}, {"a": "x", "b": "y"}])
    assert {"a": "text", "b?": "text"} == known
    assert [] == list(script.differences(known, script.shape([{"a": "z"}]), "x"))
