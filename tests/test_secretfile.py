"""secrets.env: what is read from it, how it is kept, and that no fault repeats a secret."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from newsletter.errors import SettingsError
from newsletter.files.secret import keep, read


def secrets_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secrets.env"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_values_comments_and_quotes_are_read(tmp_path: Path):
    path = secrets_file(
        tmp_path,
        "# secrets\n\nSMTP_PASSWORD=a#b c  # trailing\nexport A='x # y' # z\nB=\"it's\"\nC=\nD = p=q \nE= # none\r\n",
    )
    assert (
        {
            "SMTP_PASSWORD": ("a#b c", 3),
            "A": ("x # y", 4),
            "B": ("it's", 5),
            "C": ("", 6),
            "D": ("p=q", 7),
            "E": ("", 8),
        },
        (),
    ) == read(path)


def test_a_missing_file_holds_nothing(tmp_path: Path):
    assert ({}, ()) == read(tmp_path / "secrets.env")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused_with_the_cure(tmp_path: Path, mode: int):
    path = secrets_file(tmp_path, "A=1\n", mode)
    assert ({}, (f"{path}: others on this machine may read it; run `chmod 600 {path}`",)) == read(path)


@pytest.mark.parametrize("line", ["hunter2", "A='hunter2", "2A=hunter2", "A=hunter2\x00", "A B=hunter2"])
def test_a_line_that_means_nothing_is_named_but_not_shown(tmp_path: Path, line: str):
    path = secrets_file(tmp_path, f"# c\n{line}\n")
    (fault,) = read(path)[1]
    assert fault.startswith(f"{path}:2: not KEY=VALUE")
    assert "hunter2" not in fault


def test_a_name_given_twice_is_a_fault(tmp_path: Path):
    path = secrets_file(tmp_path, "A=hunter2\nA=hunter3\n")
    assert (f"{path}:2: A is given twice, first on line 1: keep one",) == read(path)[1]


def test_keeping_makes_a_file_that_only_its_owner_may_read(tmp_path: Path):
    path = tmp_path / "secrets.env"
    assert "value" == keep(path, "NAME", "value")
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert {"NAME": ("value", 2)} == read(path)[0]
    assert [path] == list(tmp_path.iterdir())


def test_keeping_leaves_what_is_there(tmp_path: Path):
    path = secrets_file(tmp_path, "# mine\nA=1")
    keep(path, "NAME", "value")
    assert "# mine\nA=1\nNAME=value\n" == path.read_text("utf-8")


def test_keeping_through_a_link_changes_the_file_behind_it(tmp_path: Path):
    (tmp_path / "safe").mkdir()
    behind = secrets_file(tmp_path / "safe", "A=1\n")
    link = tmp_path / "secrets.env"
    link.symlink_to(behind)
    keep(link, "NAME", "value")
    assert link.is_symlink()
    assert "A=1\nNAME=value\n" == behind.read_text("utf-8")


def test_of_two_who_keep_at_once_the_first_wins(tmp_path: Path):
    path = tmp_path / "secrets.env"
    with ThreadPoolExecutor(8) as pool:
        kept = set(pool.map(lambda number: keep(path, "NAME", f"value{number}"), range(32)))
    assert kept == {read(path)[0]["NAME"][0]}


def test_a_folder_that_is_not_there_is_one_line_with_the_cure(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"cannot be written \(No such file or directory\); set NAME in the env"):
        keep(tmp_path / "none" / "secrets.env", "NAME", "value")
