"""The browser that pages and mails are looked at with, and what judges them there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = (
    Path(os.environ.get("MJML_HOME") or Path(__file__).parents[1] / ".venv" / "mjml")
    / "node_modules/axe-core/axe.min.js"
)
