"""Two verifiers of DKIM that nobody here wrote: dkimpy, and npm mailauth on Node.js."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import dkim

PLACE = Path(os.environ.get("MAILAUTH_HOME") or Path(__file__).parents[1] / ".venv" / "mailauth")
NODE = shutil.which("node") or shutil.which("nodejs")
MISSING = (
    ""
    if NODE and (PLACE / "node_modules" / "mailauth").is_dir()
    else "Node.js or npm mailauth is not installed: scripts/test --install"
)

_SCRIPT = """
const fs = require("node:fs");
const need = require("node:module").createRequire(process.argv[1] + "/node_modules/");
const { dkimVerify } = need("mailauth/lib/dkim/verify");
const { records, mails } = JSON.parse(fs.readFileSync(0, "utf8"));
const resolver = async (name, kind) => {
  if (kind === "TXT" && records[name]) return [[records[name]]];
  throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
};
(async () => {
  const told = [];
  for (const mail of mails) {
    const { results } = await dkimVerify(Buffer.from(mail, "base64"), { resolver });
    told.push(results.map(({ status }) => status.result === "pass"));
  }
  console.log(JSON.stringify(told));
})();
"""


def mailauth(mails: Sequence[bytes], records: Mapping[str, str]) -> list[list[bool]]:
    """For each mail, whether each of its signatures holds, in no order; `records` are texts by their names."""
    assert NODE
    asked = {"records": records, "mails": [base64.b64encode(mail).decode() for mail in mails]}
    ran = subprocess.run(
        [NODE, "-e", _SCRIPT, str(PLACE)], input=json.dumps(asked), capture_output=True, text=True, timeout=600
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def dkimpy(mails: Sequence[bytes], records: Mapping[str, str]) -> list[list[bool]]:
    """The same."""
    return [[_holds(mail, number, records) for number in range(_signatures(mail))] for mail in mails]


def _signatures(mail: bytes) -> int:
    return sum(name.lower() == b"dkim-signature" for name, _ in dkim.DKIM(mail).headers)


def _holds(mail: bytes, number: int, records: Mapping[str, str]) -> bool:
    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        text = records.get(name.decode().rstrip("."))
        return text.encode() if text else None

    try:
        return bool(dkim.DKIM(mail).verify(number, dnsfunc=ask))
    except dkim.DKIMException:
        return False
