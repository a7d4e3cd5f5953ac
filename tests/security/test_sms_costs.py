"""SMS cost money: to which numbers they go, and how many in an hour."""

import ast
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends
from pydantic import BaseModel, TypeAdapter, ValidationError

import app
import chalicelib
from chalicelib import clock
from chalicelib.clients import aws
from chalicelib.config import config
from chalicelib.domain.access import sms
from chalicelib.identifiers import new_id
from chalicelib.portals.http.route import ROUTES
from chalicelib.schemas import messages as sentences
from tests.support.client import Answer, call
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, make_customer
from tests.support.log_lines import collected
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
USERS = "/api/v1/users"
NUMBER, BRITISH, FRENCH = "+923001234567", "+447400123456", "+33612345678"
# Numbers that get no SMS, by the code of the refusal.
REFUSED = {
    "+881612345678": "number_type",  # a satellite
    "+88213123456": None,  # of no country; the library knows no such number
    "+979123456789": "number_type",  # premium, international
    "+929001234567": None,
    "+18005550100": "number_type",  # toll-free
    "+442087712924": "number_type",  # a landline
    "+447640123456": "number_type",  # a pager
    "+448431234567": "number_type",  # shared cost
    "+449091234567": "number_type",  # premium
    "+923001000003 ext. 5": "number_type",
    "0300-FLOWERS": "number_type",
    FRENCH: "number_country",
}
# What may be any number, since nothing is sent to it.
UNSENT = {"emergency_contact.mobile_number"}


def _fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, TypeAdapter[Any]]]:
    """Go through the fields of a request that hold a number, with their types."""
    for name, field in model.model_fields.items():
        if "mobile" in name or "phone" in name:
            yield f"{path}{name}", TypeAdapter(field.rebuild_annotation())
        for inner in _models(field.annotation):
            yield from _fields(inner, f"{path}{name}.")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


DOORS = {
    (route.operation_id, name): kind
    for route in ROUTES
    for schema in (route.body, route.query)
    if schema is not None
    for name, kind in _fields(schema)
}


def test_the_doors_for_numbers_are_known() -> None:
    assert len(DOORS) > 15
    assert {name for _, name in DOORS} >= {"mobile_number", "contact_mobile", "new_mobile", *UNSENT}


@pytest.mark.parametrize("door", sorted(DOORS), ids=lambda door: f"{door[0]}:{door[1]}")
def test_every_door_takes_numbers_that_get_sms_only(door: tuple[str, str]) -> None:
    kind = DOORS[door]
    assert kind.validate_python("0300 1234567") == NUMBER
    taken = set()
    for number, code in REFUSED.items():
        try:
            kind.validate_python(number)
        except ValidationError as refused:
            types = {problem["type"] for problem in refused.errors()}
            assert code is None or code in types or door[1] in UNSENT, (number, types)
        else:
            taken.add(number)
    if door[1] not in UNSENT:
        assert taken == set()
    with configured(PHONE_COUNTRIES="PK,FR"):
        assert kind.validate_python(FRENCH) == FRENCH
        if door[1] not in UNSENT:
            with pytest.raises(ValidationError):
                kind.validate_python(BRITISH)


@pytest.mark.parametrize(("number", "code"), [(number, code) for number, code in REFUSED.items() if code])
def test_the_refusal_carries_a_code_for_clients(number: str, code: str) -> None:
    answer = call("POST", f"{USERS}/forgot-password/request-otp/", {"mobile_number": number})
    (problem,) = answer.json["error"]["details"]
    assert (answer.status, problem["field"], problem["code"]) == (400, "mobile_number", code)
    assert set(sentences.CODES) == {"number_type", "number_country"}


def test_every_sms_leaves_by_the_one_door_that_checks_numbers_and_counts() -> None:
    senders, publishers = set(), set()
    root = Path(chalicelib.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called, name = ast.unparse(node.func), str(path.relative_to(root))
            senders |= {name} if called == "messages.send" else set()
            publishers |= {name} if any(keyword.arg == "PhoneNumber" for keyword in node.keywords) else set()
    assert senders == {"domain/access/deliveries.py"}
    assert publishers == {"clients/messages.py"}


def forget(number: str) -> Answer:
    return call("POST", f"{USERS}/forgot-password/request-otp/", {"mobile_number": number}, address="192.0.2.1")


def log_in(number: str) -> Answer:
    return call("POST", f"{USERS}/login/", {"mobile_number": number, "password": PASSWORD}, address="198.51.100.7")


def test_codes_over_the_cap_of_a_country_are_refused_in_words_and_owners_still_log_in() -> None:
    make_customer(mobile_number=NUMBER)
    at = clock.now().replace(minute=10)
    with clock.set_to(at), configured(SMS_PER_COUNTRY=20, SMS_IN_ALL=1000), collected() as lines:
        asked = [forget(f"+92301{n:07}") for n in range(9)]
        assert [answer.status for answer in asked] == [202] * 8 + [429]
        assert asked[-1].json["error"]["message"] == "Too many SMS to numbers of this country. Try again in 50 minutes."
        assert 0 < int(asked[-1].headers["retry-after"]) <= 3600
        (line,) = [each for each in lines.all() if each["message"] == sms.CAPPED]
        assert (line["part"], line["country"]) == ("anybody", "PK")
        assert forget("+447400123457").status == 202
        begun = log_in(NUMBER)
        assert begun.status == 200
        shown = {"challenge_id": begun.json["challenge_id"], "otp": code_for(NUMBER)}
        assert call("POST", f"{USERS}/verify-login-otp/", shown).status == 200
    with clock.set_to(at + timedelta(minutes=51)), configured(SMS_PER_COUNTRY=20, SMS_IN_ALL=1000):
        assert forget("+923017654321").status == 202


@pytest.mark.parametrize("again", [False, True])
def test_a_code_over_the_cap_of_a_country_is_not_counted_for_its_number(again: bool) -> None:
    make_customer(mobile_number=NUMBER)
    at = clock.now().replace(minute=55)
    with clock.set_to(at):
        begun = log_in(NUMBER)
        name = {"challenge_id": begun.json["challenge_id"]}

        def ask() -> Answer:
            return call("POST", f"{USERS}/resend-otp/", name) if again else log_in(NUMBER)

        with configured(SMS_PER_COUNTRY=1):
            assert [ask().status for _ in range(3)] == [429] * 3
    with clock.set_to(at + timedelta(minutes=6)):
        assert [ask().status for _ in range(3)] == [202 if again else 200] * 2 + [429]


def test_codes_over_the_cap_of_the_platform_are_refused_for_every_country() -> None:
    with clock.set_to(clock.now().replace(minute=10)), configured(SMS_PER_COUNTRY=1000, SMS_IN_ALL=10):
        assert [forget(f"+92301{n:07}").status for n in range(5)] == [202] * 4 + [429]
        refused = forget("+447400123457")
        assert (refused.status, refused.json["error"]["message"].partition(".")[0]) == (429, "Too many SMS")


def batch(*bodies: dict[str, Any]) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": json.dumps(body)} for n, body in enumerate(bodies)]}


def text(number: str = NUMBER, **more: Any) -> dict[str, Any]:
    return {"message_id": new_id("msg"), "channel": "sms", "to": number, "subject": None, "body": "b", **more}


def deliver(*bodies: dict[str, Any]) -> None:
    assert app.messages(batch(*bodies), None) == {"batchItemFailures": []}


def sent() -> list[str]:
    """Return the numbers that SNS was given, in order."""
    return [entry[0] for entry in sns_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sms_messages.values()]


def waiting() -> int:
    """Return how many messages the queue holds back."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=config().messages_queue_name)["QueueUrl"]
    name = "ApproximateNumberOfMessagesDelayed"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def test_an_sms_is_sent_as_one_that_its_reader_needs() -> None:
    # SNS takes an SMS without a type as promotional, sent at the lowest cost.
    asked: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(params)

    events = aws.client("sns").meta.events
    events.register("provide-client-params.sns.Publish", note)
    try:
        deliver(text(is_code=True), text())
    finally:
        events.unregister("provide-client-params.sns.Publish", note)
    kinds = [params["MessageAttributes"]["AWS.SNS.SMS.SMSType"]["StringValue"] for params in asked]
    assert kinds == ["Transactional"] * 2
    assert sent() == [NUMBER] * 2


def test_a_notice_over_its_part_waits_and_codes_still_go_out() -> None:
    with clock.set_to(clock.now().replace(minute=10)), configured(SMS_PER_COUNTRY=10, SMS_IN_ALL=1000):
        deliver(text(), text(), text())
        assert (sent(), waiting()) == ([NUMBER] * 2, 1)
        deliver(text(is_code=True))
        assert (sent(), waiting()) == ([NUMBER] * 3, 1)


def test_a_notice_waits_for_a_day_and_is_then_dropped_with_a_line() -> None:
    now = clock.now().replace(minute=10)
    since = clock.to_text(now - timedelta(hours=23))
    with clock.set_to(now), configured(SMS_PER_COUNTRY=0, SMS_IN_ALL=0), collected() as lines:
        deliver(text(waits_since=since))
        assert waiting() == 1
        deliver(text(message_id="msg_1", waits_since=clock.to_text(now - timedelta(hours=24))))
        assert (sent(), waiting()) == ([], 1)
    (dropped,) = [line for line in lines.all() if line["message"] == "sms dropped"]
    assert (dropped["because"], dropped["is_code"], dropped["sms_id"]) == ("capped", False, "msg_1")
    assert NUMBER not in lines.text


def test_a_notice_with_a_moment_waits_until_then_and_not_a_day() -> None:
    now = clock.now().replace(minute=10)
    long_ago, soon = clock.to_text(now - timedelta(days=3)), clock.to_text(now + timedelta(hours=1))
    with clock.set_to(now), configured(SMS_PER_COUNTRY=0, SMS_IN_ALL=0):
        deliver(text(waits_since=long_ago, waits_until=soon))
        assert waiting() == 1
        deliver(text(waits_since=long_ago, waits_until=clock.to_text(now)))
        assert (sent(), waiting()) == ([], 1)


@pytest.mark.parametrize("number", [NUMBER, FRENCH])
def test_an_sms_that_may_not_be_sent_goes_by_mail_where_it_names_an_address(number: str) -> None:
    with configured(SMS_PER_COUNTRY=0, SMS_IN_ALL=0):
        deliver(text(number, or_mail_to="a@example.com", subject="s"))
    (mail,) = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    assert (mail.destinations["ToAddresses"], mail.subject, mail.body) == (["a@example.com"], "s", "b")
    assert (sent(), waiting()) == ([], 0)


def test_a_code_over_the_cap_is_dropped_with_a_line_since_it_would_come_too_late() -> None:
    with configured(SMS_PER_COUNTRY=0, SMS_IN_ALL=0), collected() as lines:
        deliver(text(is_code=True))
    assert (sent(), waiting()) == ([], 0)
    assert [line["is_code"] for line in lines.all() if line["message"] == "sms dropped"] == [True]


@pytest.mark.parametrize("number", [FRENCH, "+442087712924", "+881612345678"])
def test_nothing_goes_out_to_a_number_that_no_door_would_take(number: str) -> None:
    with collected() as lines:
        deliver(text(number), text())
    assert sent() == [NUMBER]
    (dropped,) = [line for line in lines.all() if line["message"] == "sms dropped"]
    assert dropped["because"] in ("number_type", "number_country")


def test_a_decoy_and_a_mail_are_not_counted() -> None:
    with configured(SMS_PER_COUNTRY=0, SMS_IN_ALL=0):
        deliver(text("+000000000000", decoy=True))
        mail = {"message_id": "m", "channel": "email", "to": "a@example.com", "subject": "s", "body": "b"}
        deliver(mail)
    assert waiting() == 0


def test_the_parts_of_the_cap_add_up_to_it() -> None:
    parts = {part: percent for part, percent in sms.PERCENT.items() if part is not sms.Part.SENT}
    assert sum(parts.values()) == sms.PERCENT[sms.Part.SENT] == 100


def test_the_texts_of_codes_say_that_they_are_codes() -> None:
    forget(NUMBER)
    make_customer(mobile_number=BRITISH)
    log_in(BRITISH)
    assert {(each["to"], each["is_code"]) for each in texts()} >= {(BRITISH, True)}
