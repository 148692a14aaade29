"""What `check` says of the sender's domain, asked of a real DNS server."""

import re

import pytest

from newsletter.cli import setup
from newsletter.dkim import Signer, new_key, pem, record_of
from newsletter.maildomain import Sender, dmarc, look
from newsletter.maildomain.names import asking
from tests.homes import make_home
from tests.servers import dns

DOMAIN = "news.example.org"
HOST = "smtp.example.net"
ED25519 = Signer(DOMAIN, "e2026", new_key("ed25519"))
RSA = Signer(DOMAIN, "s2026", new_key("rsa"))
OTHER = record_of(new_key("ed25519"))


@pytest.fixture(scope="module")
def server():
    with dns.running() as names:
        yield names


@pytest.fixture
def names(server):
    """A domain where everything is as it should be."""
    server.records.clear()
    server.asked.clear()
    server.failing.clear()
    server.silent = False
    server.records[DOMAIN, "MX"] = ["10 mx.example.org."]
    server.text(DOMAIN, "v=spf1 ip4:192.0.2.0/24 -all", "a-token-of-somebody=1")
    server.records[HOST, "A"] = ["192.0.2.25"]
    for signer in (RSA, ED25519):
        server.text(signer.record.name, signer.record.text)
    server.text("_dmarc.example.org", "v=DMARC1; p=reject; sp=quarantine; rua=mailto:me@example.org")
    return server


def said(names, host=HOST, signers=(RSA, ED25519), domain=DOMAIN):
    found = look(Sender(domain, host, signers), asking(names.nameserver, patience=1.0))
    return [(one.what, one.fine, one.text) for one in found]


def of(what, names, **sender):
    return [(fine, text) for name, fine, text in said(names, **sender) if name == what]


def test_where_all_is_published_all_is_fine(names):
    assert [
        ("MX", True, f"mail to {DOMAIN} goes to mx.example.org"),
        ("SPF", True, f"{DOMAIN} has 'v=spf1 ip4:192.0.2.0/24 -all', which names {HOST} (192.0.2.25)"),
        ("DKIM", True, f"s2026._domainkey.{DOMAIN} has the key that signs"),
        ("DKIM", True, f"e2026._domainkey.{DOMAIN} has the key that signs"),
        (
            "DMARC",
            True,
            "_dmarc.example.org has 'v=DMARC1; p=reject; sp=quarantine; rua=mailto:me@example.org': "
            "mail that neither SPF nor DKIM says is yours is taken for spam",
        ),
    ] == said(names)


def test_a_record_that_is_too_long_for_udp_is_asked_for_over_tcp(names):
    names.text(DOMAIN, "v=spf1 ip4:192.0.2.0/24 -all", *(f"token-{n}=" + "x" * 90 for n in range(6)))
    assert [True] == [fine for fine, _ in of("SPF", names)]
    assert {"udp", "tcp"} == {way for name, _, way in names.asked if name == DOMAIN}


def test_each_thing_is_asked_once(names):
    said(names)
    assert len({one[:2] for one in names.asked}) == len(names.asked)


def test_where_nothing_is_published_it_says_what_to_publish(names):
    names.records = {("org", "NS"): ["ns.example.org."]}
    found = said(names, signers=(ED25519,))
    assert [("MX", False), ("SPF", False), ("DKIM", False), ("DMARC", False)] == [one[:2] for one in found]
    mx, spf, key, policy = (text for _, _, text in found)
    assert "nobody takes mail to news.example.org" in mx
    assert f"publish this TXT record there: v=spf1 a:{HOST} ~all" in spf
    assert f"publish this TXT record at {ED25519.record.name}: {ED25519.record.text}" in key
    assert "publish this TXT record at _dmarc.news.example.org: v=DMARC1; p=none" in policy


# -- MX


def test_a_domain_without_mx_is_its_own_mail_server(names):
    del names.records[DOMAIN, "MX"]
    names.records[DOMAIN, "AAAA"] = ["2001:db8::1"]
    assert [(True, f"mail to {DOMAIN} goes to that host itself, as it has no MX record")] == of("MX", names)


def test_a_domain_that_takes_no_mail_is_a_warning(names):
    names.records[DOMAIN, "MX"] = ["0 ."]
    [(fine, text)] = of("MX", names)
    assert (False, True) == (fine, f"{DOMAIN} says that it takes no mail" in text)


# -- SPF


@pytest.mark.parametrize(
    ("record", "fine", "told"),
    [
        ("v=spf1 a:smtp.example.net -all", True, f"which names {HOST} (192.0.2.25)"),
        ("v=spf1 a:smtp.example.net/24 ?all", True, f"which names {HOST} (192.0.2.25)"),
        ("V=SPF1 +IP4:192.0.2.25", True, f"which names {HOST} (192.0.2.25)"),
        ("v=spf1 -ip4:192.0.2.25 ~all", True, f"it does not name the address of {HOST}"),
        ("v=spf1 mx ip6:2001:db8::/32 ~all", True, f"it does not name the address of {HOST}"),
        ("v=spf1 include:spf.example.net -all", True, f"which names {HOST} (192.0.2.25)"),
        ("v=spf1 redirect=spf.example.net", True, f"which names {HOST} (192.0.2.25)"),
        ("v=spf1 exists:%{i}.example.net ip4:not-an-address nonsense: -all", True, "it does not name the address"),
        ("v=spf1 +all", False, "everybody may send as news.example.org"),
        ("v=spf1 include:loose.example.net -all", False, "everybody may send as news.example.org"),
        ("v=spf1 include:loop.example.net -all", False, "it takes more than 10 lookups"),
        ("v=spf10 a -all", False, "none at news.example.org"),
    ],
)
def test_what_spf_comes_to(names, record, fine, told):
    names.text(DOMAIN, record)
    names.text("spf.example.net", "v=spf1 ip4:192.0.2.16/28 ~all")
    names.text("loose.example.net", "v=spf1 all")
    names.text("loop.example.net", "v=spf1 include:loop.example.net ~all")
    [(found, text)] = of("SPF", names)
    assert (fine, True) == (found, told in text), text


def test_two_records_of_spf_are_none(names):
    names.text(DOMAIN, "v=spf1 a -all", "v=spf1 mx -all")
    [(fine, text)] = of("SPF", names)
    assert (False, True) == (fine, "2 records at news.example.org, and so none of them counts" in text)


@pytest.mark.parametrize(
    ("record", "fine"),
    [
        ("v=spf1 include:_spf.google.com ~all", True),
        ("v=spf1 include:all.example.org ~all", True),
        ("v=spf1 mx ~all", False),
        ("v=spf1 -include:_spf.google.com ~all", False),
    ],
)
def test_a_host_that_wants_to_be_included_has_to_be(names, record, fine):
    names.text(DOMAIN, record)
    names.text("all.example.org", "v=spf1 include:_spf.google.com -all")
    [(found, text)] = of("SPF", names, host="smtp.gmail.com")
    assert fine == found
    assert fine == ("put include:_spf.google.com in front of its end" not in text)


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("smtp.gmail.com", "include:_spf.google.com"),
        ("smtp.example.net", "a:smtp.example.net"),
        ("9.9.9.9", "ip4:9.9.9.9"),
        ("2620:fe::fe", "ip6:2620:fe::fe"),
        ("127.0.0.1", "..."),
        ("localhost", "..."),
        ("", "..."),
    ],
)
def test_what_spf_should_say_depends_on_the_host(names, host, wanted):
    names.text(DOMAIN, "nothing of that kind")
    [(fine, text)] = of("SPF", names, host=host)
    assert (False, True) == (fine, f"publish this TXT record there: v=spf1 {wanted} ~all" in text)


def test_nothing_is_known_of_where_a_server_on_this_machine_sends_from(names):
    [(fine, text)] = of("SPF", names, host="localhost")
    assert (True, True) == (fine, "see that it names the address that this machine sends from" in text)


# -- DKIM


@pytest.mark.parametrize(
    ("published", "told"),
    [
        (["v=DKIM1; k=rsa; p="], "revoked"),
        ([f"v=DKIM1; k=ed25519; p={OTHER.partition('p=')[2]}"], "another key"),
        ([RSA.record.text[:255]], f"cut off after {255 - 18} of {len(RSA.record.text) - 18} characters"),
        ([RSA.record.text, RSA.record.text.replace("v=DKIM1", "t=s; v=DKIM1")], "2 records"),
        ([RSA.record.text.replace("k=rsa", "k=ed25519")], "of another kind"),
        ([f"{RSA.record.text}; t=y"], "marked as a test"),
        ([f"{RSA.record.text}; h=sha1"], "does not allow sha256"),
        ([f"{RSA.record.text}; s=tlsrpt"], "is not for mail"),
        (["v=spf1 a=b \x07 -all"], "no key"),
    ],
)
def test_a_key_that_nobody_can_use_is_a_warning_with_the_record_to_publish(names, published, told):
    signer = ED25519 if told == "another key" else RSA
    names.text(signer.record.name, *(text.replace("\x07", "\\007") for text in published))
    [(fine, text)] = of("DKIM", names, signers=(signer,))
    assert (False, True) == (fine, told in text), text
    assert text.endswith(f"publish this TXT record at {signer.record.name}: {signer.record.text}")
    assert text.isprintable()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("k=rsa; ", ""),
        lambda text: text.replace("v=DKIM1; ", ""),
        lambda text: text[:18] + re.sub(r"(.{50})", r"\1 ", text[18:]),
        lambda text: f"{text}; t=s; h=sha1:sha256; s=email; n=ours;",
    ],
)
def test_the_same_key_in_other_words_is_the_same_key(names, change):
    names.text(RSA.record.name, change(RSA.record.text))
    assert [(True, f"{RSA.record.name} has the key that signs")] == of("DKIM", names, signers=(RSA,))


def test_where_nothing_is_signed_it_says_how_to(names):
    [(fine, text)] = of("DKIM", names, signers=())
    assert (True, True) == (fine, f"where {HOST} does not sign as {DOMAIN} either, `newsletter dkim new" in text)
    assert [] == of("DKIM", names, signers=(), host="")


# -- DMARC


@pytest.mark.parametrize(
    ("records", "at"),
    [
        ({"news.example.org": "v=DMARC1; p=none", "example.org": "v=DMARC1; p=reject"}, "news.example.org"),
        ({"example.org": "v=DMARC1; p=reject"}, "example.org"),
        ({"org": "v=DMARC1; p=none; psd=y"}, "org"),
        ({"org": "v=DMARC1; p=none; psd=y", "example.org": "v=DMARC1; p=none"}, "example.org"),
        ({"news.example.org": "v=DKIM1; p=none"}, None),
        ({}, None),
    ],
)
def test_the_policy_is_looked_for_upwards(names, records, at):
    del names.records["_dmarc.example.org", "TXT"]
    for name, text in records.items():
        names.text(f"_dmarc.{name}", text)
    found = dmarc.policy(DOMAIN, asking(names.nameserver))
    assert at == (found and found.at)


def test_two_policies_are_none(names):
    names.text("_dmarc.example.org", "v=DMARC1; p=none", "v=DMARC1; p=reject")
    [(fine, text)] = of("DMARC", names)
    assert (False, True) == (fine, text.startswith("none for news.example.org"))


@pytest.mark.parametrize("record", ["v=DMARC1; rua=mailto:me@example.org", "v=DMARC1; p=nonsense"])
def test_a_policy_that_says_nothing_is_a_warning(names, record):
    names.text("_dmarc.news.example.org", record)
    [(fine, text)] = of("DMARC", names)
    assert (False, True) == (fine, "it does not say p=none, p=quarantine or p=reject" in text)


@pytest.mark.parametrize(
    ("policy", "signing", "counts"),
    [
        ("v=DMARC1; p=none", "news.example.org", True),
        ("v=DMARC1; p=none", "example.org", True),
        ("v=DMARC1; p=none", "mail.example.org", True),
        ("v=DMARC1; p=none", "example.net", False),
        ("v=DMARC1; p=none; adkim=s", "news.example.org", True),
        ("v=DMARC1; p=none; adkim=s", "example.org", False),
    ],
)
def test_a_signature_counts_where_its_domain_is_that_of_from_or_of_the_same_house(names, policy, signing, counts):
    names.text("_dmarc.example.org", policy)
    signer = Signer(signing, "e2026", ED25519.key)
    names.text(signer.record.name, signer.record.text)
    told = of("DMARC", names, signers=(signer,))[1:]
    assert ([] if counts else [False]) == [fine for fine, _ in told]
    assert all("sign as news.example.org" in text for _, text in told)


def test_houses_end_where_a_registry_says_so(names):
    names.text("_dmarc.org", "v=DMARC1; p=none; psd=y")
    names.text("_dmarc.example.org", "v=DMARC1; p=none; psd=n")
    ask = asking(names.nameserver)
    assert dmarc.aligned(DOMAIN, "mail.example.org", False, ask)
    assert not dmarc.aligned(DOMAIN, "other.org", False, ask)


def test_of_a_long_name_at_most_eight_are_asked(names):
    dmarc.policy("a.b.c.d.e.f.g.h.i.example.org", asking(names.nameserver))
    assert 8 == len(names.asked)
    assert "_dmarc.e.f.g.h.i.example.org" == names.asked[1][0]


# -- when DNS does not answer


def test_dns_that_says_nothing_is_one_line(names):
    names.silent = True
    why = f"no nameserver answers within 1 seconds, so what {DOMAIN} publishes was not looked at"
    assert [("DNS", False, why)] == said(names)


def test_dns_that_knows_nothing_of_the_world_is_one_line_too(names):
    names.records.clear()
    why = f"the nameserver of this machine does not even know .org, so what {DOMAIN} publishes was not looked at"
    assert [("DNS", False, why)] == said(names)


def test_a_port_where_nobody_listens_is_the_same(names):
    ask = asking(("127.0.0.1", 9), patience=0.5)
    assert ["DNS"] == [one.what for one in look(Sender(DOMAIN, HOST, ()), ask)]


def test_a_question_that_fails_costs_only_its_own_answer(names):
    names.failing.add(f"e2026._domainkey.{DOMAIN}")
    found = {what: (fine, text) for what, fine, text in said(names, signers=(ED25519,))}
    why = f"the nameservers answer e2026._domainkey.{DOMAIN} with an error; this was not looked at"
    assert (False, why) == found["DKIM"]
    assert found["DMARC"][0]


# -- in `check`


def checked(home, names, **environment):
    with home.app(**environment) as app:
        return list(setup.sender_domain(app, asking(names.nameserver)))


def test_check_says_it_of_the_domain_that_mail_is_sent_from(names, tmp_path):
    home = make_home(tmp_path, provider=f"smtp://{HOST}?tls=none")
    place = home.path / "dkim" / "e2026.pem"
    place.parent.mkdir()
    place.write_bytes(pem(ED25519.key))
    place.chmod(0o600)
    set_to = {"NEWSLETTER_FROM": f"papers@{DOMAIN}", "NEWSLETTER_DKIM": f"{DOMAIN}/e2026"}
    found = checked(home, names, **set_to)
    assert [("MX", "ok"), ("SPF", "ok"), ("DKIM", "ok"), ("DMARC", "ok")] == [one[:2] for one in found]
    names.text(ED25519.record.name, OTHER)
    assert ("DKIM", "warning") == checked(home, names, **set_to)[2][:2]
    place.unlink()
    assert [] == checked(home, names, **set_to)  # the provider cannot be opened, which is said of it


def test_nothing_is_asked_for_a_rehearsal_or_a_machine_alone(names, tmp_path):
    home = make_home(tmp_path)
    assert [] == checked(home, names, NEWSLETTER_FROM=f"papers@{DOMAIN}")
    assert [] == checked(home, names, NEWSLETTER_PROVIDER="smtp://localhost:25")
    assert [] == names.asked
