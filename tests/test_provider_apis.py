"""What providers' HTTP APIs are asked, and what their answers mean; judged by their own descriptions, where those are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from newsletter.errors import Halt, SettingsError
from newsletter.http import httpx
from newsletter.models import Message, Outcome, Receipt, Refused, TryLater, Uncertain
from newsletter.providers import called, open_provider
from newsletter.providers.api import Answer, ApiProvider, Request
from newsletter.settings import Settings
from tests.factories import edition, stamp, subscriber
from tests.servers import mailapi
from tests.test_render import renderer

SPECS = Path(__file__).parents[2] / "shared" / "specs"
KEYS = {
    "RESEND_API_KEY": "re_secret",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "aws-secret",
    "POSTMARK_SERVER_TOKEN": "pm-secret",
    "SENDGRID_API_KEY": "SG.secret",
    "MAILGUN_API_KEY": "mg-secret",
    "BREVO_API_KEY": "xkeysib-secret",
}
WORDS = ("resend", "ses:eu-west-1", "postmark", "sendgrid", "mailgun:news.example.org", "brevo")


def provider(word: str, port: int = 9, timeout: int = 2, **changes: Any) -> ApiProvider:
    join = "&" if "?" in word else "?"
    spec = f"{word}{join}endpoint=http://127.0.0.1:{port}&timeout={timeout}"
    settings = Settings(Path(), providers=(spec,), variables=KEYS, sender_address="papers@news.example.org", **changes)
    made = open_provider(settings)
    assert isinstance(made, ApiProvider)
    return made


def messages(*names: str) -> list[Message]:
    made = renderer(name="Nová denní", base_url="https://news.example.org", reply_to="us@news.example.org")
    people = [subscriber(key=name, email=f"{name}@example.org", name=f"Žofie {name.title()}, Ph.D.") for name in names]
    return [made.render(edition(subscriber=one), stamp(reference=f"ref-{one.key}")) for one in people]


def asked(word: str, *names: str) -> Request:
    made = provider(word)
    try:
        return made._api.request(messages(*(names or ("ada",))), "key-1")
    finally:
        made.close()


def answer(status: int, told: object = None, **headers: str) -> Answer:
    body = told.encode() if isinstance(told, str) else json.dumps(told).encode()
    return Answer(status, httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), body)


# -- judged by the providers' own descriptions


def described(file: str) -> dict[str, Any]:
    path = SPECS / file
    if not path.exists():
        pytest.skip(f"{file} is not in ../shared/specs")
    return yaml.safe_load(path.read_text())


def checked(spec: dict[str, Any], schema: Mapping[str, Any], told: object) -> list[str]:
    """What is wrong with it."""
    resource = Resource.from_contents(spec, default_specification=DRAFT202012)
    registry = Registry().with_resource("urn:spec", resource)
    wrapped = json.loads(json.dumps(schema).replace('"#/', '"urn:spec#/'))
    return [one.message[:200] for one in Draft202012Validator(wrapped, registry=registry).iter_errors(told)]


def test_resend_is_asked_what_its_description_says():
    spec = described("resend.yaml")
    schema = spec["paths"]["/emails/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    request = asked("resend", "ada", "bo")
    assert [] == checked(spec, schema, json.loads(request.body or b""))
    assert "key-1" == request.headers["Idempotency-Key"]


def test_postmark_is_asked_what_its_description_says():
    spec = described("postmark_server_official_swagger2.yml")
    body = next(one for one in spec["paths"]["/email/batch"]["post"]["parameters"] if one["in"] == "body")
    assert [] == checked(spec, body["schema"], json.loads(asked("postmark", "ada", "bo").body or b""))


def test_sendgrid_is_asked_what_its_description_says():
    spec = described("sendgrid_tsg_mail_v3.json")
    named = spec["paths"]["/v3/mail/send"]["post"]["requestBody"]["$ref"].rpartition("/")[2]
    schema = spec["components"]["requestBodies"][named]["content"]["application/json"]["schema"]
    assert [] == checked(spec, schema, json.loads(asked("sendgrid").body or b""))


def test_brevo_is_asked_what_its_description_says():
    spec = described("brevo_swagger_definition.yml")
    body = next(one for one in spec["paths"]["/smtp/email"]["post"]["parameters"] if one["in"] == "body")
    assert [] == checked(spec, body["schema"], json.loads(asked("brevo").body or b""))


def test_a_signature_for_amazon_is_the_one_that_its_own_library_makes():
    auth, awsrequest, credentials = (
        pytest.importorskip(f"botocore.{name}", reason="botocore is not installed")
        for name in ("auth", "awsrequest", "credentials")
    )
    request = asked("ses:eu-west-1")
    theirs = awsrequest.AWSRequest("POST", request.url, data=request.body)
    theirs.headers["Content-Type"] = "application/json"
    signer = auth.SigV4Auth(credentials.Credentials("AKIDEXAMPLE", "aws-secret"), "ses", "eu-west-1")
    theirs.context["timestamp"] = request.headers["x-amz-date"]
    theirs.headers["X-Amz-Date"] = request.headers["x-amz-date"]
    canonical = signer.canonical_request(theirs)
    signature = signer.signature(signer.string_to_sign(theirs, canonical), theirs)
    assert request.headers["authorization"].endswith(f"Signature={signature}")


def test_what_amazon_is_asked_is_signed_for_the_time_of_the_clock_that_it_is_given():
    at = datetime(2026, 3, 3, 7, 0, 5, tzinfo=UTC)
    settings = Settings(Path(), providers=("ses:eu-west-1",), variables=KEYS)
    made = open_provider(settings, 1, lambda: at)
    assert "20260303T070005Z" == made._api.request(messages("ada"), "key").headers["x-amz-date"]
    made.close()


def test_brevo_is_given_no_name_that_it_would_drop_or_send_as_raw_bytes():
    told = json.loads(asked("brevo").body or b"")
    assert "=?utf-8?b?xb1vZmllIEFkYSwgUGguRC4=?=" == told["to"][0]["name"], "Žofie Ada, Ph.D."
    assert "Daily Papers" == told["sender"]["name"]
    assert "<nov-denn.news.example.org>" == told["headers"]["List-Id"]
    assert all(value.isascii() and "=?" not in value for value in told["headers"].values())


@pytest.mark.parametrize("word", WORDS)
def test_the_headers_of_lists_are_carried_in_ascii(word):
    body = asked(word).body or b""
    if word.startswith("ses"):
        import base64

        body = base64.b64decode(json.loads(body)["Content"]["Raw"]["Data"])
    for name in (b"List-Unsubscribe", b"List-Unsubscribe-Post", b"List-Id", b"Auto-Submitted", b"Feedback-ID"):
        assert name in body
    assert "Nová".encode() not in body.partition(b"List-Id")[2][:100]


# -- what answers mean

API_OF = {called(word): word for word in WORDS}
SUSPENDED = {"message": "Your account is suspended."}

MEANINGS: list[tuple[str, Answer, type | str]] = [
    ("resend", answer(429, {"name": "rate_limit_exceeded", "message": "slow"}, retry_after="2"), "slow"),
    ("resend", answer(429, {"name": "daily_quota_exceeded", "message": "over"}), Halt),
    ("resend", answer(401, {"name": "missing_api_key", "message": "none"}), Halt),
    ("resend", answer(403, {"name": "validation_error", "message": "verify a domain"}), Halt),
    ("resend", answer(422, {"name": "missing_required_field", "message": "`from`"}), Halt),
    ("resend", answer(413, "too large"), Halt),
    ("resend", answer(409, {"name": "invalid_idempotent_request", "message": "other"}), Uncertain),
    ("resend", answer(409, {"name": "concurrent_idempotent_requests", "message": "wait"}), Uncertain),
    ("resend", answer(451, {"name": "security_error", "message": "?"}), "policy"),
    ("ses", answer(400, {"message": "Maximum sending rate exceeded."}, x_amzn_errortype="ThrottlingException"), "slow"),
    ("ses", answer(429, {"message": "slow"}, x_amzn_errortype="TooManyRequestsException:http://x"), "slow"),
    ("ses", answer(400, {"message": "Daily message quota exceeded."}, x_amzn_errortype="Throttling"), Halt),
    ("ses", answer(400, SUSPENDED, x_amzn_errortype="AccountSuspendedException"), Halt),
    ("ses", answer(400, {"message": "Email address is not verified."}, x_amzn_errortype="MessageRejected"), Halt),
    ("ses", answer(400, {"message": "Missing final '@domain'"}, x_amzn_errortype="BadRequestException"), "address"),
    ("ses", answer(400, {"message": "Transaction failed"}, x_amzn_errortype="MessageRejected"), Refused),
    ("ses", answer(403, {"message": "Signature expired"}, x_amzn_errortype="InvalidSignatureException"), Halt),
    ("postmark", answer(401, {"ErrorCode": 10, "Message": "No Account or Server API tokens"}), Halt),
    ("postmark", answer(422, {"ErrorCode": 1235, "Message": "The stream does not exist"}), Halt),
    ("postmark", answer(429, {"ErrorCode": 429, "Message": "Rate limit exceeded"}), "slow"),
    ("postmark", answer(413, "too large"), Halt),
    ("sendgrid", answer(401, {"errors": [{"message": "Maximum credits exceeded", "field": None}]}), Halt),
    ("sendgrid", answer(429, {"errors": [{"message": "too many requests"}]}), "slow"),
    ("sendgrid", answer(413, ""), Refused),
    (
        "sendgrid",
        answer(400, {"errors": [{"message": "no address", "field": "personalizations.0.to.0.email"}]}),
        "address",
    ),
    ("sendgrid", answer(400, {"errors": [{"message": "not verified", "field": "from"}]}), Halt),
    ("mailgun", answer(401, "Forbidden"), Halt),
    ("mailgun", answer(404, {"message": "Domain not found"}), Halt),
    ("mailgun", answer(400, {"message": "to parameter is not a valid address. please check documentation"}), "address"),
    ("mailgun", answer(429, {"message": "limit exceeded, try again after 30 seconds"}), "slow"),
    ("brevo", answer(401, {"code": "unauthorized", "message": "Key not found"}), Halt),
    ("brevo", answer(400, {"code": "invalid_parameter", "message": "email is not valid in to"}), "address"),
    ("brevo", answer(402, {"code": "not_enough_credits", "message": "none left"}), Halt),
    ("brevo", answer(429, {"code": "too_many_requests", "message": "slow"}, retry_after="3"), "slow"),
    ("brevo", answer(409, {"code": "duplicate_request", "message": "known"}), Uncertain),
]


@pytest.mark.parametrize(
    ("name", "said", "means"), MEANINGS, ids=lambda one: getattr(one, "__name__", None) or str(one)[:40]
)
def test_a_refusal_means(name, said, means):
    made = provider(API_OF[name])
    try:
        found: object = made._api.refusal(said)
    except Halt as halt:
        found = halt
        assert "; " in str(halt), "what, and the cure"
    finally:
        made.close()
    expected = {"slow": TryLater, "policy": TryLater, "address": Refused}.get(str(means), means)
    assert isinstance(found, expected)
    assert (means in ("slow", "policy") and isinstance(found, TryLater) and found.why) or "" == getattr(
        found, "why", ""
    )
    assert (means == "address") == getattr(found, "bad_address", False)


def test_the_wait_that_is_asked_for_is_kept():
    made = provider("mailgun:news.example.org")
    said = made._api.refusal(answer(429, {"message": "limit exceeded, try again after 30 seconds"}))
    made.close()
    assert timedelta(seconds=30) == said.after


def test_of_a_batch_each_has_its_own_answer():
    made = provider("resend")
    told = {"data": [{"id": "a"}, {"id": "c"}], "errors": [{"index": 1, "message": "Invalid `to` field"}]}
    expected = [Receipt("a"), Refused("Invalid `to` field", bad_address=True), Receipt("c")]
    assert expected == made._api.outcomes(answer(200, told), messages("ada", "bo", "cy"))
    made.close()
    made = provider("postmark")
    told = [{"ErrorCode": 0, "Message": "OK", "MessageID": "a"}, {"ErrorCode": 406, "Message": "inactive"}]
    expected = [Receipt("a"), Refused("406 inactive", bad_address=True)]
    assert expected == made._api.outcomes(answer(200, told), messages("ada", "bo"))
    made.close()


def test_a_halt_in_a_batch_forgets_nobody_who_was_taken():
    made = provider("postmark")
    told = [{"ErrorCode": 0, "Message": "OK", "MessageID": "a"}, {"ErrorCode": 405, "Message": "out of credits"}]
    with pytest.raises(Halt, match="out of credits") as halted:
        made._api.outcomes(answer(200, told), messages("ada", "bo"))
    made.close()
    assert [Receipt, TryLater] == [type(one) for one in halted.value.outcomes]


# -- over the network


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def sent(word: str, port: int, *names: str) -> list[Outcome]:
    made = provider(word, port)
    try:
        return made.send(messages(*names), "key-1")
    finally:
        made.close()


@pytest.mark.parametrize("word", WORDS)
def test_what_is_handed_over_is_known_by_a_receipt(word, log):
    with mailapi.running(log) as server:
        outcomes = sent(word, server.port, "ada", "bo")
        assert ["ada@example.org", "bo@example.org"] == sorted(one.recipient for one in server.received())
    assert [Receipt, Receipt] == [type(one) for one in outcomes]


@pytest.mark.parametrize("what", ["500", "truncated", "hang", "drop"])
@pytest.mark.parametrize("word", ["resend", "ses:eu-west-1", "postmark", "mailgun:news.example.org", "brevo"])
def test_an_answer_that_is_not_whole_is_no_answer(word, what, log):
    with mailapi.running(log, script=f"1:{what}") as server:
        assert [Uncertain] == [type(one) for one in sent(word, server.port, "ada")]
        assert 1 == len(server.received())


@pytest.mark.parametrize("word", ["resend", "brevo"])
def test_a_request_that_is_repeated_is_answered_and_not_sent_again(word, log):
    with mailapi.running(log, script="1:drop") as server:
        outcomes = [type(sent(word, server.port, "ada")[0]) for _ in range(3)]
        assert ([Uncertain, Receipt, Receipt], 1) == (outcomes, len(server.received()))


@pytest.mark.parametrize("word", WORDS)
def test_nobody_is_asked_to_wait_for_who_is_not_there(word):
    with pytest.raises(Halt, match="check the network") as halted:
        sent(word, 9, "ada", "bo")
    assert halted.value.passing
    assert [timedelta(0)] * 2 == [one.after for one in halted.value.outcomes if isinstance(one, TryLater)]


@pytest.mark.parametrize("word", WORDS)
def test_a_wrong_key_halts_with_its_name_and_without_its_value(word, log):
    with mailapi.running(log, script="1:401") as server, pytest.raises(Halt, match="check ") as halted:
        sent(word, server.port, "ada")
    assert not [value for value in KEYS.values() if value in str(halted.value)]


def test_who_never_answers_ends_the_run(log):
    with mailapi.running(log, script="1:drop,2:drop,3:drop") as server:
        made = provider("resend", server.port)
        outcomes = [made.send(messages("ada"), "a"), made.send(messages("bo"), "b")]
        with pytest.raises(Halt, match="gives no answers") as halted:
            made.send(messages("cy"), "c")
        made.close()
    assert [[Uncertain], [Uncertain]] == [[type(one) for one in some] for some in outcomes]
    assert [Uncertain] == [type(one) for one in halted.value.outcomes]


# -- how fast


def test_where_the_count_of_requests_is_used_up_the_next_one_waits():
    naps: list[float] = []
    made = provider("resend")
    told = httpx.Response(
        200, headers={"ratelimit-remaining": "0", "ratelimit-reset": "3"}, json={"data": [{"id": "a"}]}
    )
    made._client = httpx.Client(transport=httpx.MockTransport(lambda request: told))
    made._sleep, made._clock = naps.append, lambda: 100.0
    for _ in range(2):
        made.send(messages("ada"), "key")
    made.close()
    assert [3.0] == naps


@pytest.mark.parametrize(
    ("word", "batch"), [("resend", 100), ("resend?batch=20", 20), ("postmark?batch=500", 500), ("ses:eu-west-1", 4)]
)
def test_how_many_one_call_takes(word, batch):
    made = provider(word)
    made.close()
    assert batch == made.batch


# -- settings


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("ses", "'ses' names no region; write ses:eu-west-1"),
        ("mailgun", "'mailgun' names no domain; write mailgun:mg.example.org"),
        ("postmark:No Stream", "names no message stream; write postmark:broadcast"),
        ("resend?batc=3", "unknown option 'batc' of resend; did you mean batch?"),
        ("resend?batch=101", "batch: 101 is out of range; write 1 to 100"),
        ("resend?rate=much", "rate=much is not a rate; write 14/s, 600/min or 5000/h"),
        ("resend?endpoint=http://example.org", "is no https address; the key would be read on the way"),
        ("resned", "unknown provider 'resned'; did you mean resend?"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(spec, told):
    with pytest.raises(SettingsError, match="default: ") as error:
        open_provider(Settings(Path(), providers=(spec,), variables=KEYS))
    assert told in str(error.value)


@pytest.mark.parametrize("word", WORDS)
def test_a_missing_key_says_where_it_goes(word):
    with pytest.raises(SettingsError, match=r"put (them|[A-Z_]+=\.\.\.) into secrets\.env|secrets\.env"):
        open_provider(Settings(Path(), providers=(word,)))


# -- check


def probed(word: str, status: int, told: object) -> str:
    made = provider(word)
    made._client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(status, json=told)))
    try:
        return made.check()
    finally:
        made.close()


QUOTA = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 100.0}


@pytest.mark.parametrize(
    ("word", "status", "told", "said"),
    [
        ("resend", 200, {"data": [{"name": "example.org", "status": "verified"}]}, "example.org is verified"),
        ("resend", 401, {"name": "restricted_api_key", "message": "x"}, "the key may send, and only that"),
        (
            "ses:eu-west-1",
            200,
            {"SendQuota": QUOTA, "ProductionAccessEnabled": True},
            "49,900 messages are left today, 14 a",
        ),
        ("ses:eu-west-1", 200, {"SendQuota": QUOTA}, "in the sandbox it writes to verified addresses alone"),
        ("postmark", 200, {"MessageStreamType": "Broadcasts"}, "it writes its own List-Unsubscribe unless"),
        ("sendgrid", 200, {"scopes": ["mail.send"]}, "the key may send"),
        ("mailgun:news.example.org", 200, {"domain": {"state": "active"}}, "news.example.org is active"),
        (
            "brevo",
            200,
            {"plan": [{"type": "free", "creditsType": "sendLimit", "credits": 300}]},
            "300 messages are left",
        ),
        (
            "brevo",
            200,
            {
                "plan": [
                    {"type": name, "creditsType": "sendLimit", "credits": 999.5360000000001} for name in ("sms", "x")
                ]
            },
            "answers: 1,000 messages are left of the plan 'x'",
        ),
    ],
)
def test_check_says_what_the_account_may_do(word, status, told, said):
    assert said in probed(word, status, told)


@pytest.mark.parametrize(
    ("word", "status", "told", "said"),
    [
        ("resend", 200, {"data": [{"name": "example.org", "status": "pending"}]}, "is pending there; verify it at"),
        ("resend", 200, {"data": []}, "news.example.org is not known there"),
        ("resend", 200, {"nothing": "of the kind"}, "is this its address?"),
        (
            "ses:eu-west-1",
            403,
            {"message": "The security token included in the request is invalid."},
            "check AWS_SECRET",
        ),
        ("postmark", 404, {"ErrorCode": 1226, "Message": "not found"}, "check the provider's address"),
        ("sendgrid", 200, {"scopes": ["stats.read"]}, "the key may not send"),
        (
            "mailgun:news.example.org",
            200,
            {"domain": {"state": "unverified"}},
            "publish the records that Mailgun shows",
        ),
        ("brevo", 401, {"code": "unauthorized", "message": "Key not found"}, "check BREVO_API_KEY"),
        ("sendgrid", 503, {}, "ask again later"),
    ],
)
def test_check_says_what_is_in_the_way_and_the_cure(word, status, told, said):
    with pytest.raises(Halt, match=r".") as halted:
        probed(word, status, told)
    assert said in str(halted.value)
