"""Mails are signed, and nobody can change what a reader sees of them: two verifiers say so, on real editions.

`TEST_CASES=10000 scripts/test tests/test_dkim.py` is the long form.
"""

import hashlib
import json
import os
import re
import stat
import time
from dataclasses import replace

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from dkim.canonicalization import Relaxed, Simple
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.dkim import Signer, body_hash, new_key, pem, read_keys, relaxed, signatures
from newsletter.dkimkeys import make, place, signers
from newsletter.errors import SettingsError
from newsletter.models import Receipt
from newsletter.providers import open_provider
from newsletter.settings import Settings, load
from tests import verifiers
from tests.factories import large_edition
from tests.homes import invented_day, make_home, readers
from tests.servers.smtp import mailbox, running
from tests.test_render import render

CASES = int(os.environ.get("TEST_CASES", "100"))
DOMAIN = "news.example.org"
RSA = Signer(DOMAIN, "s2026", new_key("rsa"))
ED25519 = Signer(DOMAIN, "e2026", new_key("ed25519"))
BOTH = (RSA, ED25519)
RECORDS = {signer.record.name: signer.record.text for signer in BOTH}
VERIFIERS = [
    verifiers.dkimpy,
    pytest.param(
        verifiers.mailauth, marks=pytest.mark.skipif(bool(verifiers.MISSING), reason=verifiers.MISSING or "here")
    ),
]


@pytest.fixture(scope="module")
def mail():
    """The bytes of an edition, unsigned."""
    return render(large_edition(20)).mime


def signed(mail, *by):
    return signatures(mail, by or BOTH) + mail


def fields_of(signature):
    """The names in h=."""
    return re.sub(r"\s", "", re.search(rb"h=([^;]*)", signature)[1].decode()).split(":")


# -- what verifiers say


@pytest.mark.parametrize("verify", VERIFIERS)
def test_both_signatures_hold(verify, mail):
    assert [[True], [True], [True, True]] == verify(
        [signed(mail, RSA), signed(mail, ED25519), signed(mail, *BOTH)], RECORDS
    )


@pytest.mark.parametrize("verify", VERIFIERS)
def test_with_another_key_in_dns_none_holds(verify, mail):
    others = {signer.record.name: replace(signer, key=other(signer)).record.text for signer in BOTH}
    assert [[False, False]] == verify([signed(mail)], others)


def other(signer):
    return new_key("rsa" if signer is RSA else "ed25519")


def added(field):
    return lambda mail: field + b"\r\n" + mail


def changed(old, new):
    def change(mail):
        assert re.search(old, mail), old
        return re.sub(old, new, mail, count=1)

    return change


TAMPERING = {
    "From": changed(rb"\r\nFrom: [^\r]*", b"\r\nFrom: Daily <eve@example.org>"),
    "Subject": changed(rb"\r\nSubject: ", b"\r\nSubject: Fwd "),
    "Date": changed(rb"\r\nDate: ...", b"\r\nDate: Sun"),
    "To": changed(rb"\r\nTo: ", b"\r\nTo: Eve, "),
    "List-Unsubscribe": changed(rb"\r\nList-Unsubscribe: <https:", b"\r\nList-Unsubscribe: <http:"),
    "List-Unsubscribe-Post": changed(rb"One-Click", b"Two-Clicks"),
    "no List-Unsubscribe-Post": changed(rb"\r\nList-Unsubscribe-Post: [^\r]*", b""),
    "List-Id": changed(rb"\r\nList-Id: ", b"\r\nList-Id: Other "),
    "Feedback-ID": changed(rb"\r\nFeedback-ID: ", b"\r\nFeedback-ID: x"),
    "boundary": changed(rb'boundary="', b'boundary="x'),
    "body": changed(rb"\r\n\r\n--", b"\r\n\r\nMore.\r\n--"),
    "more body": lambda mail: mail + b"More.\r\n",
    "less body": lambda mail: mail[:-20] + b"\r\n",
    "second From": added(b"From: Eve <eve@example.org>"),
    "second From below": changed(rb"\r\nTo: ", b"\r\nFrom: Eve <eve@example.org>\r\nTo: "),
    "second Subject": added(b"Subject: Win a prize"),
    "second To": added(b"To: bo@example.org"),
    "second List-Unsubscribe": added(b"List-Unsubscribe: <https://eve.example/>"),
    "second List-Unsubscribe-Post": added(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
    "second Content-Type": added(b"Content-Type: text/plain"),
}


@pytest.mark.parametrize("verify", VERIFIERS)
def test_whatever_a_reader_sees_cannot_be_changed(verify, mail):
    tampered = [tamper(signed(mail)) for tamper in TAMPERING.values()]
    held = [name for name, results in zip(TAMPERING, verify(tampered, RECORDS), strict=True) if any(results)]
    assert [] == held


@pytest.mark.parametrize("verify", VERIFIERS)
def test_what_mail_servers_do_on_the_way_changes_nothing(verify, mail):
    way = [
        b"Received: from a by b; Tue, 03 Mar 2026 08:00:01 +0000\r\nReturn-Path: <papers@example.org>\r\n"
        + signed(mail),
        changed(rb"\r\nSubject: ", b"\r\nSUBJECT:\t ")(signed(mail)),
        changed(rb"(\r\nList-Unsubscribe: [^\r]*),\r\n ", rb"\1, ")(signed(mail)),
        signed(mail) + b"\r\n\r\n",
    ]
    assert [[True, True]] * len(way) == verify(way, RECORDS)


# -- the signature itself


def test_every_field_that_counts_is_signed_and_once_more_so_that_none_is_added(mail):
    named = fields_of(signatures(mail, [RSA]))
    there = re.findall(rb"(?m)^([A-Za-z-]+):", mail[: mail.index(b"\r\n\r\n")])
    wanted = "from to subject date message-id list-id list-unsubscribe list-unsubscribe-post feedback-id".split()
    assert set() == set(wanted) - set(named)
    assert sorted(2 * [field.decode().lower() for field in there]) == sorted(named)


def test_a_retry_is_signed_with_the_same_bytes(mail):
    again = [replace(signer, key=read_keys(pem(signer.key).decode())[0]) for signer in BOTH]
    assert signatures(mail, BOTH) == signatures(mail, again)
    assert [b"t=1772524800;"] * 2 == re.findall(
        rb"t=\d+;", signatures(b"Date: Tue, 03 Mar 2026 08:00:00 +0000\r\n\r\n", BOTH)
    )


def test_a_signature_says_how_it_was_made_and_never_runs_out(mail):
    found = signatures(mail, BOTH).decode()
    assert ["rsa-sha256", "ed25519-sha256"] == re.findall(r"a=([^;]*);", found)
    assert ["relaxed/simple"] * 2 == re.findall(r"\bc=([a-z/]+);", found)
    assert [DOMAIN] * 2 == re.findall(r"d=([^;]*);", found)
    assert ["s2026", "e2026"] == re.findall(r"[^b]s=([^;]*);", found)
    assert not re.search(r"[ ;](l|x)=", found)
    assert max(map(len, found.split("\r\n"))) <= 78
    assert re.fullmatch(r"(DKIM-Signature:[ -~]+\r\n([ ][ -~]+\r\n)+){2}", found)


HEADER = st.text(st.sampled_from("ab Z\t=;:,<>\"'@.é".encode().decode("latin-1")), max_size=40).map(
    lambda text: text.encode("latin-1")
)
FOLDED = st.lists(HEADER, min_size=1, max_size=4).map(lambda parts: b"\r\n ".join(parts))
BODY = st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\r\n\r\n", b".", b"=20", b"\xff"]), max_size=30).map(
    b"".join
)


@settings(max_examples=CASES)
@given(st.sampled_from([b"Subject", b"FROM", b"X-a-1"]), FOLDED)
def test_a_field_is_read_as_dkimpy_reads_it(name, value):
    [(theirs, content)] = Relaxed.canonicalize_headers([(name, value + b"\r\n")])
    assert theirs + b":" + content == relaxed(name, value)


@settings(max_examples=CASES)
@given(BODY)
def test_a_body_is_read_as_dkimpy_reads_it(body):
    assert hashlib.sha256(Simple.canonicalize_body(body)).digest() == body_hash(b"x" + body, 1)


@settings(max_examples=CASES, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from("From To Subject Date List-Id X-Other Received".split()), FOLDED), max_size=9),
    BODY,
)
def test_whatever_the_fields_and_the_body_are_the_signature_holds(fields, body):
    head = b"From: a@example.org\r\n" + b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields)
    mail = head + b"\r\n" + body
    assert [[True]] == verifiers.dkimpy([signed(mail, ED25519)], RECORDS)


# -- keys and records


def test_a_key_is_read_in_every_form_that_a_variable_can_have():
    texts = [pem(signer.key).decode() for signer in BOTH]
    bare = ["".join(text.split("\n")[1:-2]) for text in texts]
    traditional = RSA.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    for text in (
        "".join(texts),
        " ".join(texts).replace("\n", "\\n"),
        " ".join(bare),
        "\n".join(bare),
        traditional + texts[1],
    ):
        assert [pem(signer.key) for signer in BOTH] == [pem(key) for key in read_keys(text)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hunter2", "no private key"),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "no private key"),
        (pem(rsa.generate_private_key(65537, 1024)).decode(), "1024 bits"),
        (pem(ec.generate_private_key(ec.SECP256R1())).decode(), "neither RSA nor Ed25519"),
        (
            ED25519.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"hunter2"),
            ).decode(),
            "encrypted",
        ),
        ("ключ", "no private key"),
    ],
)
def test_what_is_no_key_is_said_without_showing_it(text, told):
    with pytest.raises(ValueError, match=told) as caught:
        read_keys(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("signer", BOTH)
def test_the_line_for_a_zone_file_is_read_by_dns_as_the_record(signer):
    name, _, rest = signer.record.zone_line.partition(" 3600 IN TXT ")
    strings = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, rest).strings
    assert (f"{signer.record.name}.", signer.record.text.encode()) == (name, b"".join(strings))
    assert max(map(len, strings)) <= 255


# -- settings


def kept(home, *chosen):
    for signer in chosen:
        path = place(home, signer.selector)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pem(signer.key))
        path.chmod(0o600)


NAMES = f"{DOMAIN}/s2026 {DOMAIN}/e2026"


def test_the_keys_of_the_home_sign_in_the_order_of_the_setting(tmp_path):
    kept(tmp_path, *BOTH)
    (tmp_path / "newsletter.yaml").write_text(f"dkim: [{DOMAIN}/e2026, {DOMAIN.upper()}/S2026]\n")
    found = signers(load(tmp_path, {}))
    assert [ED25519.record, RSA.record] == [one.record for one in found]


def test_keys_in_the_environment_go_before_files(tmp_path):
    text = "".join(pem(signer.key).decode() for signer in BOTH)
    found = signers(load(tmp_path, {"NEWSLETTER_DKIM": NAMES, "NEWSLETTER_DKIM_KEY": text}))
    assert [RSA.record, ED25519.record] == [one.record for one in found]
    assert "PRIVATE" not in repr(load(tmp_path, {"NEWSLETTER_DKIM": NAMES, "NEWSLETTER_DKIM_KEY": text}))


@pytest.mark.parametrize("name", ["s2026", "news.example.org", "news.example.org/", "/s2026", "localhost/s2026",
                                  "news.example.org/../secrets", "news.example.org/a b", "news.example.org/é", "a..b/c"])  # fmt: skip
def test_a_name_that_is_none_is_wrong_settings(tmp_path, name):
    (tmp_path / "newsletter.yaml").write_text(f"dkim: ['{name}']\n")
    with pytest.raises(SettingsError, match=r"newsletter\.yaml:1:7: dkim: .* write it as news\.example\.org/s2026"):
        load(tmp_path, {})


def fault(home, **environment):
    with pytest.raises(SettingsError) as caught:
        signers(load(home, {"NEWSLETTER_DKIM": NAMES, **environment}))
    return str(caught.value)


def test_a_key_that_is_not_there_is_named_with_the_command_that_makes_it(tmp_path):
    missing = f"there is no {place(tmp_path, 's2026')}; `newsletter dkim new s2026` makes it"
    assert f"NEWSLETTER_DKIM: dkim: {missing}" == fault(tmp_path)


def test_a_key_that_others_may_read_does_not_sign(tmp_path):
    kept(tmp_path, *BOTH)
    place(tmp_path, "s2026").chmod(0o640)
    assert "others on this machine may read it; run `chmod 600" in fault(tmp_path)


def test_a_file_that_is_no_key_is_named(tmp_path):
    kept(tmp_path, *BOTH)
    place(tmp_path, "e2026").write_text("hunter2")
    assert (
        f"{place(tmp_path, 'e2026')}: it holds no private key in PEM; `newsletter dkim new SELECTOR` makes one"
        == fault(tmp_path)
    )
    place(tmp_path, "e2026").write_bytes(pem(RSA.key) + pem(ED25519.key))
    assert "it holds 2 keys" in fault(tmp_path)


def test_as_many_keys_as_names(tmp_path):
    told = fault(tmp_path, NEWSLETTER_DKIM_KEY=pem(RSA.key).decode())
    assert "NEWSLETTER_DKIM_KEY holds 1 keys and `dkim` names 2" in told


# -- the command


def test_a_key_is_made_for_its_owner_alone_and_never_over_another(tmp_path):
    home = make_home(tmp_path / "home")
    home.run("init")
    assert "dkim/" in (home.path / ".gitignore").read_text().split()
    told = home.run("dkim", "new", "S2026", NEWSLETTER_FROM=f"papers@{DOMAIN}")
    path = place(home.path, "s2026")
    assert (0o600, 0o700) == (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode))
    [signer] = signers(load(home.path, {"NEWSLETTER_DKIM": f"{DOMAIN}/s2026"}))
    for part in (signer.record.name, signer.record.text, signer.record.zone_line, f"dkim: [{DOMAIN}/s2026]"):
        assert part in told
    content = path.read_bytes()
    again = home.run("dkim", "new", "s2026", "--ed25519", code=2, NEWSLETTER_FROM=f"papers@{DOMAIN}")
    assert f"{path} is there already and stays as it is" in again
    assert (content, [path]) == (path.read_bytes(), list(path.parent.iterdir()))


def test_the_records_of_the_keys_that_sign_are_shown(tmp_path):
    home = make_home(tmp_path)
    make(home.path, "e2026", "ed25519")
    shown = json.loads(home.run("dkim", "show", "--json", NEWSLETTER_DKIM=f"{DOMAIN}/e2026"))
    [signer] = signers(load(home.path, {"NEWSLETTER_DKIM": f"{DOMAIN}/e2026"}))
    assert [{"name": signer.record.name, "type": "TXT", "text": signer.record.text}] == shown
    assert signer.record.zone_line in home.run("dkim", "show", NEWSLETTER_DKIM=f"{DOMAIN}/e2026")
    assert "`dkim` is not set" in home.run("dkim", "show", code=2)


def test_for_this_machine_alone_no_key_is_made(tmp_path):
    home = make_home(tmp_path)
    assert "set `from`, or give --domain" in home.run("dkim", "new", "s2026", code=2)
    assert f"s2026._domainkey.{DOMAIN}" in home.run("dkim", "new", "s2026", "--domain", DOMAIN)
    assert "is not DOMAIN/SELECTOR" in home.run("dkim", "new", "../s2026", "--domain", DOMAIN, code=2)


# -- over SMTP


def test_what_is_sent_by_smtp_is_signed_and_nothing_else_about_it_changes(tmp_path):
    kept(tmp_path, *BOTH)
    message = render(large_edition(5))
    with mailbox() as box:
        provider = f"smtp://localhost:{box.port}?connections=1&timeout=5"
        names = tuple(NAMES.split())
        for dkim in (names, ()):
            opened = open_provider(Settings(tmp_path, providers=(provider,), dkim=dkim))
            assert [Receipt] == [type(one) for one in opened.send([message], "key")]
            opened.close()
    signed_one, plain = (one.content for one in box.arrived)
    assert message.mime == plain
    assert signatures(message.mime, BOTH) + message.mime == signed_one
    assert [[True, True]] == verifiers.dkimpy([signed_one], RECORDS)


def test_another_process_sends_the_same_bytes_again(tmp_path):
    kept(tmp_path, *BOTH)
    with mailbox() as box:
        provider = f"smtp://localhost:{box.port}?connections=1&timeout=5"
        for _ in range(2):
            opened = open_provider(Settings(tmp_path, providers=(provider,), dkim=tuple(NAMES.split())))
            opened.send([render(large_edition(5))], "key")
            opened.close()
    first, second = (one.content for one in box.arrived)
    assert first == second


def test_every_process_of_a_run_signs(tmp_path):
    names = [f"reader{n}" for n in range(12)]
    with running(tmp_path / "log", keep=tmp_path / "kept") as sink:
        home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{sink.port}?connections=4&timeout=5")
        home.day("2026-03-03", invented_day("2026-03-03", 10))
        home.subscribers(readers(names))
        kept(home.path, *BOTH)
        home.run("send", "--date", "2026-03-03", NEWSLETTER_DKIM=NAMES, NEWSLETTER_QUEUE="inline:2")
    mails = [path.read_bytes() for path in (tmp_path / "kept").iterdir()]
    assert [[True, True]] * len(names) == verifiers.dkimpy(mails, RECORDS)


def test_what_was_not_answered_is_signed_again_with_the_same_bytes(tmp_path):
    with running(tmp_path / "log", keep=tmp_path / "kept") as sink:
        home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{sink.port}?connections=1&timeout=1")
        home.day("2026-03-03", invented_day("2026-03-03", 10))
        home.subscribers(readers(["late"]))
        kept(home.path, *BOTH)
        set_to = {"NEWSLETTER_DKIM": NAMES, "NEWSLETTER_IN_DOUBT": "hold"}
        home.run("send", "--date", "2026-03-03", code=1, **set_to)
        home.run("resolve", "--again", "--all", code=None, **set_to)
        home.run("send", "--date", "2026-03-03", code=1, **set_to)
        until = time.monotonic() + 60
        while len(twice := sink.received()) < 2:  # it takes its time, and then accepts
            assert time.monotonic() < until
            time.sleep(0.05)
    assert 1 == len({one.sha256 for one in twice})


def test_a_missing_key_stops_a_run_before_anything_is_planned(tmp_path):
    home = make_home(tmp_path, provider="smtp://127.0.0.1:9?timeout=1")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada"]))
    told = home.run("send", "--date", "2026-03-03", code=2, NEWSLETTER_DKIM=NAMES)
    assert "`newsletter dkim new s2026` makes it" in told
    told = home.run("check", code=2, NEWSLETTER_DKIM=NAMES)
    assert "BROKEN  provider: NEWSLETTER_DKIM: dkim: there is no" in told
    assert "ok      clock" in told
