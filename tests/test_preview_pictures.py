"""Pictures of a mail: drawn by a real Chromium, and a browser that fails costs a line."""

import os
import shutil
import struct
import time
import zlib
from pathlib import Path

import pytest
from newsletter.pictures import BrowserError, Picture, draw, find

from newsletter import pictures
from tests.homes import invented_day, make_home, readers

CHROMIUM = shutil.which("chromium")
LONG = (
    "<!doctype html><html><body style='margin:0;background:#204060'>{}<div style='height:1800px'></div></body></html>"
)


def program(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def size_of(path):
    return struct.unpack(">II", path.read_bytes()[16:24])


def colours_of(path):
    """The bytes of the picture's rows, which are few where it has one colour."""
    content, at, packed = path.read_bytes(), 8, b""
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        packed += content[at + 8 : at + 8 + length] if content[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    return zlib.decompress(packed)


needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: scripts/test --install")


@needs_chromium
def test_a_page_is_drawn_in_full_at_its_width_and_can_do_nothing(tmp_path):
    hostile = "<script>document.body.remove()</script><img src='http://127.0.0.1:9/x.png' width=1 height=1>"
    wanted = [
        Picture(tmp_path / "desktop.png", LONG.format(hostile), 680),
        Picture(tmp_path / "phone.png", LONG.format(""), 375),
    ]
    draw(CHROMIUM, wanted)
    (desktop, high), (phone, _) = size_of(tmp_path / "desktop.png"), size_of(tmp_path / "phone.png")
    assert (680, 375) == (desktop, phone)
    assert 1800 <= high < 1900
    assert b"\x20\x40\x60" in colours_of(tmp_path / "phone.png")
    assert {"desktop.png", "phone.png"} == {path.name for path in tmp_path.iterdir()}, "nothing else is left"


@needs_chromium
def test_out_writes_pictures_beside_the_mail(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada"], ["flow matching"]))
    said = home.run("preview", "--date", "2026-03-03", "--out", str(tmp_path / "out"))
    assert "1 editions (html, txt, eml, png) in " in said
    found = sorted(path.name.removeprefix("2026-03-03-ada@example.org.") for path in (tmp_path / "out").iterdir())
    assert ["dark.png", "desktop.png", "eml", "html", "phone.png", "txt"] == found


def test_the_first_browser_on_the_path_is_taken_and_none_is_none(tmp_path):
    program(tmp_path / "google-chrome", "exit 0")
    edge = program(tmp_path / "chromium-browser", "exit 0")
    assert (edge, None) == (find(str(tmp_path)), find(str(tmp_path / "nowhere")))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "ended with code 3"),
        ("echo '<title>nothing</title>'", "did not say how high the page is"),
        ("echo '<title>heights 800</title>'", "drew none of page.png"),
    ],
)
def test_a_browser_that_fails_is_one_line(tmp_path, script, said):
    browser = program(tmp_path / "browser", script)
    with pytest.raises(BrowserError, match=said):
        draw(browser, [Picture(tmp_path / "page.png", "<p>", 680)])


def test_a_browser_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(BrowserError, match=r"no picture: .*nowhere: No such file or directory"):
        draw(str(tmp_path / "nowhere"), [Picture(tmp_path / "page.png", "<p>", 680)])


def test_a_browser_that_hangs_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "SECONDS", 1)
    browser = program(tmp_path / "browser", f"sleep 60 & echo $! > {tmp_path}/child; sleep 60")
    with pytest.raises(BrowserError, match="took more than 1 seconds"):
        draw(browser, [Picture(tmp_path / "page.png", "<p>", 680)])
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not running(child):
            break
        time.sleep(0.05)
    assert not running(child)


def running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_failing_browser_costs_a_line_and_no_exit_code(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada"], ["flow matching"]))
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "chromium", "exit 3")
    said = home.run("preview", "--date", "2026-03-03", "--out", str(tmp_path / "out"), PATH=f"{tmp_path}/bin:/bin")
    assert [f"  no picture: {tmp_path}/bin/chromium ended with code 3"] == said.splitlines()[1:2]
    assert {".html", ".txt", ".eml"} == {path.suffix for path in (tmp_path / "out").iterdir()}
