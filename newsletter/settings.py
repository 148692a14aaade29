"""Settings: `newsletter.yaml`, the environment and `secrets.env` of a home, read once, every fault named with its place."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from newsletter import verp, yamltext
from newsletter.errors import SettingsError
from newsletter.files import secret as secretfile
from newsletter.typed import address, choice, duration, integer, line, listed, mailbox, nearest, quoted, span
from newsletter.yamltext import Fields, Items, Text

FILE: Final = "newsletter.yaml"
SECRETS: Final = "secrets.env"
SHORTEST_SECRET: Final = 16
"""Characters of a secret for signed links; a made one has 43 (256 bits)."""
REACH: Final = timedelta(days=45)
"""How far back an edition looks at most: a gap of 31 days, carry-over or *Since we wrote* of 7, and its own week."""
SHORTEST_KEEP: Final = timedelta(days=60)

_USUAL_SENDER: Final = "Daily Papers <papers@localhost>"
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
# Kubernetes puts these into every container beside a Service that is called "newsletter" (v1 API, 2026-11).
_KUBERNETES = re.compile(r"NEWSLETTER_(SERVICE_.*|PORT(_.*)?)")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a home is set to. Paths in it are absolute; secrets are not in its repr."""

    home: Path
    name: str = "Daily Papers"
    sender_name: str = ""
    """The display name of `from`; the newsletter's name if `from` has none."""
    sender_address: str = "papers@localhost"
    reply_to: str = ""
    """The address for replies and for unsubscribing by mail; the sender's if none is set."""
    bounces: str = ""
    """Where bounces go, with `{token}` for what names the delivery; empty: to the sender."""
    bounces_mailbox: str = ""
    """A Maildir, or `imaps://user@host/FOLDER`, in which they are read; empty where nobody reads them."""
    postal_address: str = ""
    """Lines, separated by \\n."""
    base_url: str = ""
    """Without a slash at its end; empty where there are no web pages."""
    sources: tuple[str, ...] = ("huggingface",)
    private_hosts: tuple[str, ...] = ()
    """Hosts of feeds that may be on addresses which are not public, in lower case."""
    providers: tuple[str, ...] = field(default=("file:outbox",), repr=False)
    dkim: tuple[str, ...] = ()
    """`DOMAIN/SELECTOR` of each key that signs what goes over SMTP; empty where it is not signed here."""
    dkim_key: str = field(default="", repr=False)
    """The private keys as `dkim.read_keys` reads them; empty where they are files of the home."""
    database: str = field(default="sqlite:///newsletter.db", repr=False)
    archive: str = field(default="sqlite:///archive.db", repr=False)
    keep: timedelta | None = None
    """How long papers stay in the archive after they were last listed; None: for good."""
    sign_ups: bool = True
    """Whether everybody may subscribe on the web pages, where there are such."""
    keep_unconfirmed: timedelta = timedelta(days=7)
    """How long a sign-up waits for its confirmation."""
    keep_personal: timedelta | None = None
    """How long it is known of what is over whom it was about; None: for good."""
    record_network: bool = False
    """Whether a consent is kept with the network address and the program that it came by."""
    embeddings: str = ""
    """A sentence-transformers model, by name or folder; empty where none is used."""
    summaries: str = field(default="", repr=False)
    """The endpoint of a language model, as `summaries.parse` reads it; empty where none is used."""
    min_papers: int = 1
    max_age: timedelta = timedelta(days=2)
    give_up_after: timedelta = timedelta(hours=6)
    queue: str = "inline"
    in_doubt: Literal["resend", "hold"] = "resend"
    warm_up: str = ""
    """`standard`, or a file with a plan, relative to the home; empty where a sender need not begin slowly."""
    operator: str = ""
    """The address that alarms are mailed to; empty where they are not."""
    alarm_after: timedelta = timedelta(days=3)
    templates: Path | None = None
    """The operator's own designs and languages; looked at before those that come with the program."""
    thumbnails: bool = False
    hf_endpoint: str = "https://huggingface.co"
    hf_token: str = field(default="", repr=False)
    arxiv_endpoint: str = "https://export.arxiv.org"
    zotero_endpoint: str = "https://api.zotero.org"
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """For signed links: the first signs, all verify."""
    heartbeat: str = field(default="", repr=False)
    """The address of a dead man's switch, asked after each complete day; empty where there is none."""
    log: Literal["pretty", "json"] = "pretty"
    """How log lines are written."""
    metrics_token: str = field(default="", repr=False)
    """Who has it may read the figures; empty where only this machine may."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """The environment over `secrets.env`: where `secret` looks."""
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        home = self.home.absolute()
        settled = {
            "home": home,
            "sender_name": self.sender_name or self.name,
            "reply_to": self.reply_to or self.sender_address,
            "database": _located(self.database, home),
            "archive": _located(self.archive, home),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def secret(self, name: str) -> str:
        """Somebody's secret by the variable they call it (`SMTP_PASSWORD`); empty if it is nowhere."""
        return self.variables.get(name, "")

    def origin(self, key: str) -> str:
        """Where a value came from, for errors: `newsletter.yaml:4`, `NEWSLETTER_SOURCES` or `default`."""
        return self.origins.get({"providers": "provider"}.get(key, key), "default")

    @property
    def shared(self) -> bool:
        """Whether other machines may use the same database."""
        return not self.database.startswith("sqlite:")


def _located(url: str, home: Path) -> str:
    """A SQLite URL with its path made absolute; any other as it is."""
    path, mark, options = url.removeprefix("sqlite:///").partition("?")
    return f"sqlite:///{home / path}{mark}{options}" if url.startswith("sqlite:///") else url


def _postal_address(text: str) -> str:
    lines = (line(200)(part) for part in text.splitlines())
    return "\n".join(part for part in lines if part)


def _base_url(text: str) -> str:
    """Readers follow links from wherever they are, so only a public https address is one; this machine for trying out."""
    url = _web_address(text)
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host not in _LOCAL:
        if parts.scheme != "https":
            raise ValueError(f"{quoted(url)} is not https; links in mail need https (http only with localhost)")
        if _is_private(host) or "." not in host:
            raise ValueError(f"{quoted(url)} cannot be reached by readers; write a public host, or leave it out")
    return url


def _web_address(text: str) -> str:
    """An http or https address without what does not belong into the beginning of one, and no slash at its end."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if "@" in text:
        raise ValueError("it must not hold a user or password; write https://host only")
    if not whole or not re.fullmatch(r"[A-Za-z0-9._~:/%?#&=\[\]-]+", text):
        raise ValueError(f"{quoted(text)} is not a web address in ASCII; write it as https://papers.example.org")
    if "?" in text or "#" in text:
        raise ValueError(f"{quoted(text)} must end before ? and #; pages are put behind it")
    return text.rstrip("/")


def _heartbeat(text: str) -> str:
    """The address of a switch. No error repeats it, as who knows it can ping."""
    try:
        parts = urlsplit(text)
        host, whole = parts.hostname or "", (parts.port or 1) > 0
    except ValueError:
        host, whole = "", False
    if not host or not whole or "@" in parts.netloc or not re.fullmatch(r"[!-~]+", text):
        raise ValueError("it is not a web address in ASCII; copy it again, as https://hc-ping.com/...")
    near = host in _LOCAL or _is_private(host) or "." not in host
    if parts.scheme != "https" and not (parts.scheme == "http" and near):
        raise ValueError("it is not https; everybody on the way could read it (http only in the own network)")
    return text


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _is_private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


def _host(text: str) -> str:
    """The name or number of a host, alone."""
    host = text.strip("[]").lower()
    if not re.fullmatch(r"[a-z0-9._:-]{1,253}", host) or (":" in host and not _is_address(host)):
        raise ValueError(f"{quoted(text)} is not a host; write it without scheme, port and path, as wiki.example.org")
    return host


def _dkim(text: str) -> str:
    """`DOMAIN/SELECTOR` in lower case; a selector becomes the name of a file, and so holds nothing but letters."""
    domain, _, selector = text.lower().partition("/")
    label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    if not re.fullmatch(rf"({label}\.)+{label}", domain) or not re.fullmatch(rf"{label}(\.{label})*", selector):
        raise ValueError(f"{quoted(text)} is not DOMAIN/SELECTOR in ASCII; write it as news.example.org/s2026")
    return f"{domain}/{selector}"


def _database(text: str) -> str:
    """A database's URL. No error repeats it, as it may hold a password."""
    scheme, _, rest = text.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and rest[1:].partition("?")[0] not in ("", ":memory:"):
        return text
    if scheme in ("postgresql", "postgresql+psycopg") and rest:
        return text
    if scheme == "sqlite":
        raise ValueError("a SQLite database needs a file, so that nothing is forgotten; write sqlite:///newsletter.db")
    raise ValueError(f"it begins with {quoted(scheme[:20])}; write sqlite:///FILE or postgresql://USER@HOST/NAME")


def _unless_off(text: str) -> str:
    """A model's name or address; `off` is none, so that the environment can take back what the file says."""
    name = line(500)(text)
    return "" if name.casefold() == "off" else name


def _switch(text: str) -> bool:
    return choice("on", "off")(text) == "on"


def _signing_secret(text: str) -> str:
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"a secret of {len(text)} characters can be guessed; use {SHORTEST_SECRET} or more at random")
    return text


def _token(text: str) -> str:
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("it holds spaces or characters that no token has; copy it again")
    return text


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: what docs print and `load` reads."""

    key: str
    """As in newsletter.yaml; empty if only the environment has it."""
    variable: str
    default: str
    """As it would be typed; in parentheses where it is not a text to type."""
    meaning: str
    field: str = ""
    """Its field in `Settings`; empty if `load` itself uses it up."""
    read: Callable[[str], Any] = str
    many: bool = False

    @property
    def id(self) -> str:
        """Its name for `Settings.origin`."""
        return self.key or self.variable


KEYS: Final = (
    Key("name", "NEWSLETTER_NAME", "Daily Papers", "what the newsletter is called", "name", line(200)),
    Key("from", "NEWSLETTER_FROM", _USUAL_SENDER, "who it comes from: a name and an address", "from", mailbox),
    Key(
        "postal_address",
        "NEWSLETTER_POSTAL_ADDRESS",
        "",
        "for the footer; several countries demand one",
        "postal_address",
        _postal_address,
    ),
    Key("base_url", "NEWSLETTER_BASE_URL", "", "public https address of the web pages", "base_url", _base_url),
    Key("sources", "NEWSLETTER_SOURCES", "huggingface", "where papers come from", "sources", line(500), many=True),
    Key(
        "private_hosts",
        "NEWSLETTER_PRIVATE_HOSTS",
        "(none)",
        "hosts of feeds that may be on this machine or in its network",
        "private_hosts",
        _host,
        many=True,
    ),
    Key("provider", "NEWSLETTER_PROVIDER", "file:outbox", "who carries messages", "providers", line(500), many=True),
    Key(
        "dkim",
        "NEWSLETTER_DKIM",
        "(not signed here)",
        "keys that sign what goes over SMTP: DOMAIN/SELECTOR each; `newsletter dkim new` makes them",
        "dkim",
        _dkim,
        many=True,
    ),
    Key(
        "database",
        "NEWSLETTER_DATABASE",
        "sqlite:///newsletter.db",
        "ledger, suppressions, consent: what must not be lost",
        "database",
        _database,
    ),
    Key(
        "archive",
        "NEWSLETTER_ARCHIVE",
        "sqlite:///archive.db",
        "papers and listings: what can be collected again",
        "archive",
        _database,
    ),
    Key("keep", "NEWSLETTER_KEEP", "everything", "how long papers stay in the archive", "keep", span(SHORTEST_KEEP)),
    Key(
        "sign_ups", "NEWSLETTER_SIGN_UPS", "on", "whether everybody may subscribe on the web pages", "sign_ups", _switch
    ),
    Key(
        "keep_unconfirmed",
        "NEWSLETTER_KEEP_UNCONFIRMED",
        "7 days",
        "how long a sign-up waits for its confirmation, before all of it is forgotten",
        "keep_unconfirmed",
        duration,
    ),
    Key(
        "keep_personal",
        "NEWSLETTER_KEEP_PERSONAL",
        "everything",
        "how long old editions have their address and content, consents their network, and who unsubscribed anything",
        "keep_personal",
        span(SHORTEST_KEEP),
    ),
    Key(
        "record_network",
        "NEWSLETTER_RECORD_NETWORK",
        "off",
        "whether network address and browser are kept with a reader's consent",
        "record_network",
        _switch,
    ),
    Key(
        "embeddings",
        "NEWSLETTER_EMBEDDINGS",
        "off",
        "a sentence-transformers model that compares meanings, by name or folder",
        "embeddings",
        _unless_off,
    ),
    Key(
        "summaries",
        "NEWSLETTER_SUMMARIES",
        "off",
        "a language model that sums up papers without a summary: an OpenAI-compatible address with `?model=`",
        "summaries",
        _unless_off,
    ),
    Key(
        "reply_to",
        "NEWSLETTER_REPLY_TO",
        "(the address of `from`)",
        "where replies go, and unsubscribing by mail",
        "reply_to",
        address,
    ),
    Key(
        "bounces",
        "NEWSLETTER_BOUNCES",
        "(the address of `from`)",
        "where bounces of what goes over SMTP are sent to, each to an address of its own",
        "bounces",
        verp.pattern,
    ),
    Key(
        "bounces_mailbox",
        "NEWSLETTER_BOUNCES_MAILBOX",
        "(not read)",
        "the Maildir, or imaps://USER@HOST/FOLDER, in which bounces, complaints and unsubscribing by mail are read",
        "bounces_mailbox",
        line(500),
    ),
    Key(
        "min_papers",
        "NEWSLETTER_MIN_PAPERS",
        "1",
        "new papers that make an edition",
        "min_papers",
        integer(1, 500),
    ),
    Key("max_age", "NEWSLETTER_MAX_AGE", "2 days", "an edition later than this is not sent", "max_age", duration),
    Key(
        "give_up_after",
        "NEWSLETTER_GIVE_UP_AFTER",
        "6 hours",
        "how long to ask sources that are all broken",
        "give_up_after",
        duration,
    ),
    Key("queue", "NEWSLETTER_QUEUE", "inline", "who does the work: this machine, or several", "queue", line(500)),
    Key(
        "in_doubt",
        "NEWSLETTER_IN_DOUBT",
        "resend",
        "what happens to a message that was handed over and not answered: resend or hold",
        "in_doubt",
        choice("resend", "hold"),
    ),
    Key(
        "warm_up",
        "NEWSLETTER_WARM_UP",
        "off",
        "how slowly a new sender begins: off, standard, or a file with a plan of so many messages a day",
        "warm_up",
        _unless_off,
    ),
    Key("operator", "NEWSLETTER_OPERATOR", "", "who alarms are mailed to, once a day each", "operator", address),
    Key(
        "alarm_after",
        "NEWSLETTER_ALARM_AFTER",
        "3 days",
        "an alarm when nobody was sent an edition for so long, though people were due",
        "alarm_after",
        duration,
    ),
    Key(
        "heartbeat",
        "NEWSLETTER_HEARTBEAT",
        "",
        "a dead man's switch: an address that is asked after each complete day",
        "heartbeat",
        _heartbeat,
    ),
    Key(
        "log",
        "NEWSLETTER_LOG",
        "pretty",
        "how log lines are written: pretty, or json for programs",
        "log",
        choice("pretty", "json"),
    ),
    Key("", "NEWSLETTER_HOME", ".", "the folder of all files"),
    Key(
        "",
        "NEWSLETTER_SECRET",
        "(made once into secrets.env)",
        "signs the links; to change it, put the new one before the old one and a space",
        "secrets",
        _signing_secret,
        many=True,
    ),
    Key(
        "",
        "NEWSLETTER_DKIM_KEY",
        "(the files dkim/SELECTOR.pem)",
        "the private keys of `dkim`, in its order: PEM, or its base64 alone",
        "dkim_key",
    ),
    Key(
        "",
        "NEWSLETTER_METRICS_TOKEN",
        "(none: only this machine)",
        "who sends it as a bearer token may read `/metrics`",
        "metrics_token",
        lambda text: _token(_signing_secret(text)),
    ),
    Key(
        "templates",
        "NEWSLETTER_TEMPLATES",
        "(none)",
        "a folder of your own designs and languages, looked at before those that come with it",
        "templates",
        Path,
    ),
    Key(
        "thumbnails",
        "NEWSLETTER_THUMBNAILS",
        "off",
        "pictures of the papers, fetched by the reader's mail program from whoever has them",
        "thumbnails",
        _switch,
    ),
    Key("", "HF_ENDPOINT", "https://huggingface.co", "as in Hugging Face's own tools", "hf_endpoint", _web_address),
    Key("", "HF_TOKEN", "", "as in Hugging Face's own tools; raises how often one may ask", "hf_token", _token),
    Key("", "ARXIV_ENDPOINT", "https://export.arxiv.org", "where arXiv is asked", "arxiv_endpoint", _web_address),
    Key("", "ZOTERO_ENDPOINT", "https://api.zotero.org", "where Zotero is asked", "zotero_endpoint", _web_address),
)
"""Every setting. `providers` is another spelling of `provider`, for a list."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """The texts of one setting, where they stand for an error, and for `origin`."""

    texts: tuple[str, ...]
    place: str
    origin: str


def load(home: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of `home`. Raises SettingsError with every fault, one a line."""
    _check_home(home)
    kept, secret_faults = secretfile.read(home / SECRETS)
    faults = list(secret_faults)
    given = {name: value for name, value in environ.items() if value.strip()}
    variables = {name: value for name, (value, _) in kept.items()} | given
    lines = {name: f"{home / SECRETS}:{number}" for name, (_, number) in kept.items() if name not in given}
    typed = _from_file(home / FILE, faults) | _from_variables(variables, lines, faults)
    values = {key.field: _value(key, typed[key.id], faults) for key in KEYS if key.field and key.id in typed}
    _check_together(home, values, faults)
    if faults:
        raise SettingsError("\n".join(faults))
    if "from" in values:
        values["sender_name"], values["sender_address"] = values.pop("from")
    origins = {name: one.origin for name, one in typed.items()}
    return Settings(home=home, variables=variables, origins=origins, **values)


def _check_home(home: Path) -> None:
    try:
        if home.is_dir():
            return
        there = home.exists()
    except OSError as error:
        raise SettingsError(f"{home}: the home cannot be looked into ({error.strerror}); name another") from error
    if there:
        raise SettingsError(f"{home}: the home is not a folder; name another with --home or NEWSLETTER_HOME")
    raise SettingsError(f"{home}: there is no such home folder; `newsletter --home {home} init` makes one")


def _from_file(path: Path, faults: list[str]) -> dict[str, _Typed]:
    """What newsletter.yaml says, by key."""
    known = {key.key: key for key in KEYS if key.key}
    typed: dict[str, _Typed] = {}
    for name, (at, value) in _fields(path, faults).items():
        place = f"{path}:{at.line}:{at.column}"
        key = known.get("provider" if name == "providers" else name)
        if key is None:
            hint = nearest(name, [*known, "providers"]) or f"; the keys are {listed(known)}"
            faults.append(f"{place}: {quoted(name)} is not a setting{hint}")
        elif key.key in typed:
            faults.append(f"{place}: `provider` and `providers` are both given; keep one")
        elif not isinstance(value, Text) and not (key.many and isinstance(value, Items)):
            faults.append(f"{place}: {name}: expected {'a text or a list of texts' if key.many else 'a single text'}")
        elif texts := _texts(value, f"{place}: {name}", faults):
            typed[key.key] = _Typed(texts, f"{path}:{value.line}:{value.column}: {name}", f"{path}:{at.line}")
    return typed


def _texts(value: Text | Items, place: str, faults: list[str]) -> tuple[str, ...]:
    items = value.items if isinstance(value, Items) else (value,)
    faults += [f"{place}: expected texts in the list" for item in items if not isinstance(item, Text)]
    return tuple(item.text.strip() for item in items if isinstance(item, Text) and item.text.strip())


def _fields(path: Path, faults: list[str]) -> Mapping[str, tuple[Text, yamltext.Value]]:
    """The keys of the file, if it is there and is one."""
    try:
        document = yamltext.read(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        faults.append(f"{path}: this is not UTF-8; save the file as UTF-8 in your editor")
        return {}
    except OSError as error:
        faults.append(f"{path}: cannot be read ({error.strerror}); let this program read it, or remove it")
        return {}
    if document.faults:
        faults.append(yamltext.report(str(path), document.faults))
    if isinstance(document.root, Fields):
        return document.root.fields
    if document.root is not None and document.root != Text("", document.root.line, document.root.column):
        faults.append(f"{path}:{document.root.line}: expected settings as `key: value` lines, as `name: Daily Papers`")
    return {}


def _from_variables(variables: Mapping[str, str], lines: Mapping[str, str], faults: list[str]) -> dict[str, _Typed]:
    """What the environment and secrets.env say, by key; `lines` has the place of what is in secrets.env."""
    known = {key.variable: key for key in KEYS}
    for name in sorted(variables):
        if name.startswith("NEWSLETTER_") and name not in known and not _KUBERNETES.fullmatch(name):
            where = f"{lines[name]}: " if name in lines else ""
            faults.append(f"{where}{name} is not a setting{nearest(name, known) or '; remove it'}")
    typed = {}
    for name, key in known.items():
        if text := variables.get(name, "").strip():
            place = f"{lines[name]}: {name}" if name in lines else name
            typed[key.id] = _Typed(tuple(text.split()) if key.many else (text,), place, lines.get(name, name))
    return typed


def _value(key: Key, typed: _Typed, faults: list[str]) -> Any:
    """What the texts mean: a tuple where there may be many."""
    values = []
    for text in typed.texts:
        try:
            values.append(key.read(text))
        except ValueError as error:
            faults.append(f"{typed.place}: {error}")
    return tuple(dict.fromkeys(values)) if key.many else next(iter(values), None)


def _check_together(home: Path, values: dict[str, Any], faults: list[str]) -> None:
    """What concerns several settings, or the disk."""
    usual = Settings(home)
    if values.get("templates"):
        values["templates"] = usual.home / values["templates"]
        if not values["templates"].is_dir():
            faults.append(f"templates: {values['templates']} is not a folder; name one, or leave it out")
    if (keep := values.get("keep")) and keep < (values.get("max_age") or usual.max_age) + REACH:
        faults.append(f"keep: a late edition looks back {REACH.days} days more than max_age; write more, or everything")
    if (values.get("database") or "").startswith("postgresql"):
        values.setdefault("archive", values["database"])
    stores = [_located(values.get(name) or getattr(usual, name), usual.home) for name in ("database", "archive")]
    files = [url for url in stores if url.startswith("sqlite:")]
    if len(files) == 2 and files[0] == files[1]:
        faults.append("database and archive are the same; give each its own, as only the first is precious")
    if len(files) == 1 and stores[1] in files:
        faults.append("archive: who shares the database shares the archive too; leave it out, or name PostgreSQL there")
    here = any(Path(url.removeprefix("sqlite:///")).parent == usual.home for url in stores)
    if here and not os.access(home, os.W_OK | os.X_OK):
        faults.append(f"{home}: the home cannot be written to; let this program write there, or name another --home")


def ensure_secret(settings: Settings) -> Settings:
    """The settings with a secret for signed links: where there is none, one is made and kept in secrets.env (0600).

    Machines that share a database must share the secret too, so there a missing one is a SettingsError.
    """
    if settings.secrets:
        return settings
    if settings.shared:
        raise SettingsError(
            "NEWSLETTER_SECRET is not set and the database is shared: give every machine the same one, "
            "32 characters or more at random, in its environment or secrets.env"
        )
    path = settings.home / SECRETS
    kept = secretfile.keep(path, "NEWSLETTER_SECRET", secrets.token_urlsafe(32))
    origins = {**settings.origins, "NEWSLETTER_SECRET": str(path)}
    return replace(settings, secrets=tuple(kept.split()), origins=origins)
