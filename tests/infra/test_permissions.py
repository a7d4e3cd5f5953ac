"""The requests of each function to AWS, recorded while it runs, compared with its own policy."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import jwt
import pytest
from botocore.client import BaseClient
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from moto import mock_aws

import app
from chalicelib import clock
from chalicelib.clients import files, secrets
from chalicelib.clients import jobs as jobs_queue
from chalicelib.clients import messages as messages_queue
from chalicelib.clients.bus import Published
from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.access import devices, sessions
from chalicelib.domain.background import jobs
from chalicelib.domain.campus.analytics import recounts
from chalicelib.domain.campus.attendance import photo_check_jobs
from chalicelib.domain.campus.privacy import campus_erasure, own_export, retention
from chalicelib.domain.campus.reports import report_runs
from chalicelib.domain.campus.reports.report_requests import ReportRequest
from chalicelib.domain.events import events, listings
from chalicelib.domain.exports import export_runs
from chalicelib.domain.exports.checkin_rows import CHECKIN_LOG
from chalicelib.domain.gate.checkin_log import CheckinFilters
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.money import AmountInput
from chalicelib.domain.offline import builds
from chalicelib.domain.organizations import numbering, ticket_clearing
from chalicelib.domain.organizations.printing import print_runs
from chalicelib.domain.organizers import organizers
from chalicelib.domain.payments import charges, payments, reconciliations, refunds, reloads, sandbox_callbacks
from chalicelib.domain.personal_data import erasures, exports
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.portals.http.route import AnyRoute
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecount, CampusEvent, Job, NumberRange, Order, Payout
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.campus import CampusRole, ErasedKind, ReportFormat, ReportKind
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.numbered_tickets import PrintFormat
from chalicelib.vocabulary.payments import PaymentMethod
from chalicelib.vocabulary.tickets import RefundRequestStatus
from chalicelib.vocabulary.work import ExportFormat, JobStatus
from chalicelib.workers import jobs as jobs_worker
from infra.package import shares
from tests.contract.ground import Ground, lay, routes
from tests.contract.request import Request
from tests.infra import reading
from tests.portals.admin.person import make_somebody
from tests.support import audit, cloud, event_states, notices, paid_out, payers, purchases, settled, wallets
from tests.support.attendance import make_record
from tests.support.caches import forget_answers
from tests.support.campus import make_campus, make_campus_event, make_campus_user
from tests.support.cancelled import confirmed, make_staff
from tests.support.client import call
from tests.support.closing import close_account
from tests.support.desk import new_uid
from tests.support.evidence import begin_submission, encoded, scene, send_photo, sign, submit
from tests.support.factories import (
    admin_token,
    customer_token,
    make_customer,
    make_event,
    make_merchant,
    make_organization,
    make_ticket,
    make_usher,
    usher_token,
)
from tests.support.live import Socket, Stream, gateway, tell
from tests.support.meanwhile import before
from tests.support.settings import configured
from tests.support.streams import StreamReader, project

pytestmark = [
    pytest.mark.usefixtures("moto_cloud"),
    pytest.mark.xdist_group("package"),
    pytest.mark.by_day("file"),
]

Template = dict[str, Any]
Used = set[str]

# A transaction is allowed by the permissions of its parts.
_TRANSACTION_PARTS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
# S3 asks for the same permission to look at an object as to get it.
_OBJECTS = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "ListObjectVersions": "s3:ListBucketVersions",
}
# Lambda's own calls in a function's name: taking from its source, reporting what failed, writing logs and traces.
_FOR_LAMBDA = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# What Lambda itself writes of the records that a stream function could not take.
_LETTERS = {"s3:PutObject", "s3:ListBucket"}


@contextmanager
def _recording() -> Iterator[Callable[[Callable[[], Any]], Used]]:
    """Runs a piece of work and returns the permissions that its AWS calls need."""
    calls: list[tuple[str, str, dict[str, Any]]] = []
    send = BaseClient._make_api_call  # type: ignore[attr-defined]  # botocore's one way out, absent from its stubs

    def record(self: Any, operation: str, arguments: dict[str, Any]) -> Any:
        calls.append((self.meta.service_model.signing_name, operation, arguments))
        return send(self, operation, arguments)

    def run(work: Callable[[], Any]) -> Used:
        calls.clear()
        work()
        return {permission for made in calls for permission in _permissions(*made)}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", record)
        yield run


@pytest.fixture
def recorded() -> Iterator[Callable[[Callable[[], Any]], Used]]:
    with _recording() as record:
        yield record


def _permissions(service: str, operation: str, arguments: dict[str, Any]) -> Used:
    if operation == "TransactGetItems":
        return {"dynamodb:GetItem"}
    if service == "s3":
        if operation == "DeleteObject":
            # Without a version a deletion only hides the object.
            return {"s3:DeleteObjectVersion" if "VersionId" in arguments else "s3:DeleteObject"}
        return {_OBJECTS[operation]}
    if service == "execute-api":
        return {"execute-api:ManageConnections"}
    if operation == "TransactWriteItems":
        return {_TRANSACTION_PARTS[kind] for item in arguments["TransactItems"] for kind in item}
    if operation == "Query" and "IndexName" in arguments:
        return {"dynamodb:Query on an index"}
    if service == "kms":
        # The code itself asks for the data key alone; all else is asked by services, with the stage's key.
        return {f"kms:{operation} with the data key"}
    return {f"{service}:{operation}"}


def _allowed(template: Template, function: str) -> Used:
    role = reading.logical_name(template["Resources"][function]["Properties"]["Role"])
    found: Used = set()
    for name, statement in reading.statements(template):
        if name == role:
            resource = json.dumps(statement.get("Resource", ""))
            which = " on an index" if "/index/" in resource else " with the data key" if '"DataKey"' in resource else ""
            found |= {f"{action}{which}" for action in statement["Action"]}
    return found


def _files_of(template: Template, function: str) -> set[str]:
    """Return which files a function may do anything with in the bucket."""
    role = reading.logical_name(template["Resources"][function]["Properties"]["Role"])
    return {
        str(statement["Resource"]["Fn::Sub"])
        for name, statement in reading.statements(template)
        if name == role and any(action.startswith("s3:") and "List" not in action for action in statement["Action"])
    }


def _every_route(people: Ground) -> Iterator[tuple[AnyRoute, Callable[[], None]]]:
    """Prepare each route's accepted request; yield each route with a function that sends it."""
    for route in routes():
        request, token = people.rightful(route), people.token(route)

        def send(route: AnyRoute = route, request: Request = request, token: str | None = token) -> None:
            answer = people.send(route, request, token=token)
            assert answer.status < 400, (route.operation_id, answer.text)

        yield route, send


class _Show:
    """An event on sale, and a customer with a card who buys."""

    def __init__(self) -> None:
        self.customer = make_customer()
        self.card = wallets.make_card(self.customer, holds=400_000)
        now = clock.now()
        self.category = purchases.make_show(starts_at=now, ends_at=now + timedelta(minutes=30))[1]

    def _open(self, order: Order, method: PaymentMethod, token: str | None = None) -> str:
        terms = charges.PaymentTerms(
            method, card_name=self.card.uid if method is PaymentMethod.WALLET else None, token=token
        )
        customer_id = self.customer.account_id
        opened = payments.start(customer_id, order_id=order.order_id, terms=terms, operation_id=new_id("op"))
        return opened.payment_id

    def paid_twice(self) -> dict[str, Any]:
        """Pay for a booking by card and by wallet; return the fact of the excess payment for the payments queue."""
        order = purchases.book(self.customer, self.category)
        by_card, by_wallet = self._open(order, PaymentMethod.CARD), self._open(order, PaymentMethod.WALLET)
        payers.charge_at_sandbox(by_card)
        payments.confirm(self.customer.account_id, by_wallet)
        return {"detail-type": "payment.refund_due", "detail": {"payment_id": by_card}}

    def never_answered(self) -> None:
        """Pay for a booking without ever getting the provider's answer."""
        payment_id = self._open(purchases.book(self.customer, self.category), PaymentMethod.CARD, token="tok_timeout")
        with pytest.raises(Unavailable):
            payments.confirm(self.customer.account_id, payment_id)

    def never_answered_reload(self) -> None:
        """Reload the card without ever getting the provider's answer."""
        name, operation_id = self.card.card_id, new_id("op")
        opened = reloads.reload(
            self.customer.account_id, name, AmountInput("100.00"), token="tok_timeout", operation_id=operation_id
        )
        with pytest.raises(Unavailable):
            payments.confirm(self.customer.account_id, opened.payment_id)

    def top_up_by_itself(self, token: str) -> None:
        path = f"/api/v1/users/nfc-cards/{self.card.card_id}/auto-reload-settings/"
        settings = {"enabled": True, "threshold": "500.00", "amount": "1000.00", "payment_token": token}
        assert call("POST", path, settings, token=customer_token(self.customer)).status == 200


def _send_a_photo(people: Ground) -> None:
    token = people.access(Portal.WEBAPP)
    content = b"GIF89a, which is no photo that is taken"
    wanted = {"photo": {"content_type": "image/png", "size": len(content)}}
    form = call("PUT", "/api/v1/users/profile/", wanted, token=token).json["photo_upload"]
    files.write(form["fields"]["key"], content, content_type="image/png")
    answer = call("PUT", "/api/v1/users/profile/", {"photo_key": form["fields"]["key"]}, token=token)
    assert answer.status == 400, answer.text
    files.delete(form["fields"]["key"])


def _submit_with_a_photo(people: Ground) -> None:
    """Let the student of the campus submit attendance with a photo, whose check is then queued by the stream."""
    student = people.campus_users[CampusRole.STUDENT]
    event = make_campus_event(people.campus, people.campus_users[CampusRole.ORGANIZER], require_photos=True)
    submission_id = begin_submission(event, student)
    for side in ("front", "back"):
        assert send_photo(student, submission_id, encoded(scene(1)), side=side).status == 200
    submit(student, submission_id)


class _Day(NamedTuple):
    """The permissions that the routes of each function used, and those of the stream to project their changes."""

    api: Used
    gates: Used
    stream: Used


@pytest.fixture(scope="module")
def day() -> _Day:
    """One run through all routes, for the tests of the API and of the stream."""
    with mock_aws(), _recording() as recorded:
        forget_answers()
        cloud.create_all(cloud.MASTER_SECRET)
        stream = StreamReader()
        people = lay()
        secrets.forget()
        api = recorded(lambda: _send_a_photo(people)) | recorded(lambda: _submit_with_a_photo(people))
        gates: Used = set()
        for route, send in _every_route(people):
            of_function = gates if shares.function_of(route.path) == shares.GATES else api
            of_function |= recorded(send)
        organizers.change(people.organizer.account_id, {"name": "Lahore Nights"})
        now = clock.now()
        gone = events.create(events.EventDraft(title="Cancelled", starts_at=now, ends_at=now + timedelta(hours=1)))
        listings.project(gone.event_id)
        event_states.put_into(gone.event_id, EventStatus.CANCELLED)
        records = stream.read()
        jobs_queue.forget()
        secrets.forget()
        projected = recorded(lambda: project(records))
    forget_answers()
    return _Day(api, gates, projected)


def test_the_api_asks_for_nothing_that_it_may_not(template: Template, day: _Day) -> None:
    used = day.api
    assert {"dynamodb:UpdateItem", "dynamodb:PutItem", "secretsmanager:GetSecretValue", "sqs:SendMessage"} <= used
    assert {"kms:GenerateDataKey with the data key", "s3:PutObject", "s3:GetObject", "s3:DeleteObjectVersion"} <= used
    # Without it S3 would call a file that is not there forbidden.
    assert "s3:ListBucket" in _allowed(template, "APIHandler")
    assert used - _allowed(template, "APIHandler") == set()


def test_the_gates_ask_for_nothing_that_they_may_not(template: Template, day: _Day) -> None:
    assert {"dynamodb:UpdateItem", "dynamodb:BatchGetItem"} <= day.gates
    allowed = _allowed(template, "GatesHandler")
    assert day.gates - allowed == set()
    # The tables of snapshots, and no other file; listing says that one is missing, and not forbidden.
    assert {action for action in allowed if action.startswith("s3:")} == {"s3:GetObject", "s3:ListBucket"}
    assert _files_of(template, "GatesHandler") == {"${Files.Arn}/offline/*"}


def test_the_stream_may_do_what_it_does_and_no_more(template: Template, day: _Day) -> None:
    used = day.stream
    assert {"events:PutEvents", "dynamodb:UpdateItem"} <= used
    assert used | _LETTERS == _allowed(template, "Stream") - _FOR_LAMBDA


def _told_customers() -> list[Published]:
    """Return a fact of a purchase by a customer with an address, and one of a customer without."""
    stream, category = StreamReader(), purchases.make_show()[1]
    for customer in (notices.chooses(make_customer(), email="a@example.com"), make_customer()):
        purchases.pay(purchases.book(customer, category))
    return notices.facts_of(stream.read())


def _decision() -> dict[str, Any]:
    """Return the fact of a decision of staff about a student's attendance."""
    campus = make_campus()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    record = make_record(make_campus_event(campus, organizer), make_campus_user(campus))
    standing = {"was": "present", "was_rejected": False, "status": "late", "is_rejected": False, "answer": None}
    return {"fact_id": "h", "attendance_id": record.attendance_id, **standing}


def test_the_alerts_worker_may_do_what_it_does_and_no_more(template: Template, recorded: Callable[..., Used]) -> None:
    shop = make_merchant()
    facts = (
        {"detail-type": "device.revoked", "detail": {"fact_id": "f", "device_id": "d", "event_id": "e"}},
        {"detail-type": "shop.stock_low", "detail": {"fact_id": "g", "merchant_id": shop.account_id, "left": 3}},
        {"detail-type": "attendance.decided", "detail": _decision()},
        *(json.loads(record["body"]) for record in notices.envelopes(_told_customers())["Records"]),
    )
    secrets.forget()
    batch = {"Records": [{"messageId": str(n), "body": json.dumps(fact)} for n, fact in enumerate(facts)]}
    used = recorded(lambda: _taken(app.alerts(batch, None)))
    assert {"sqs:SendMessage", "dynamodb:BatchGetItem", "ses:SendRawEmail"} <= used
    assert used == _allowed(template, "Alerts") - _FOR_LAMBDA


def test_the_messages_worker_may_do_what_it_does_and_no_more(template: Template, recorded: Callable[..., Used]) -> None:
    file = {"name": "event.ics", "content_type": "text/calendar; method=PUBLISH", "content": "QQ=="}
    messages = [
        {"message_id": "m1", "channel": "email", "to": "a@example.com", "subject": "s", "body": "b"},
        {"message_id": "m2", "channel": "sms", "to": "+923001234567", "body": "b"},
        {"message_id": "m3", "channel": "sms", "to": "+923001234567", "body": "b"},
        {"message_id": "m4", "channel": "email", "to": "a@example.com", "body": "b", "attachments": [file]},
    ]
    records = [{"messageId": str(n), "body": json.dumps(message)} for n, message in enumerate(messages)]
    used = recorded(lambda: _taken(app.messages({"Records": [*records[:2], records[3]]}, None)))
    with configured(SMS_PER_COUNTRY=0):
        # A notice over the cap waits in the queue.
        used |= recorded(lambda: _taken(app.messages({"Records": records[2:3]}, None)))
    assert {"ses:SendEmail", "ses:SendRawEmail", "sns:Publish", "dynamodb:UpdateItem", "sqs:SendMessage"} <= used
    # A text with a code is sealed while it waits.
    used |= {"kms:Decrypt with the data key"}
    assert used == _allowed(template, "Messages") - _FOR_LAMBDA


def test_the_watch_over_devices_may_do_what_it_does_and_no_more(
    template: Template, recorded: Callable[..., Used]
) -> None:
    provision = devices.provision(event_id=make_event().event_id, gate_name="Gate 1", name="R", by="adm")
    key = base64.urlsafe_b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode().rstrip("=")
    devices.enroll(code=provision.enrollment_code, public_key=key, address="192.0.2.1")
    tick: dict[str, Any] = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "version": "0"}
    tick |= {"id": "1", "account": "0", "time": "", "region": "us-east-1", "resources": []}
    with clock.set_to(clock.now() + timedelta(minutes=5)):
        used = recorded(lambda: app.watch_devices(tick, None))
    assert {"dynamodb:Query on an index", "events:PutEvents", "dynamodb:UpdateItem"} <= used
    assert used == _allowed(template, "WatchDevices") - _FOR_LAMBDA


def test_the_payments_worker_may_do_what_it_does_and_no_more(template: Template, recorded: Callable[..., Used]) -> None:
    show = _Show()

    def work(message: dict[str, Any]) -> Used:
        secrets.forget()
        return recorded(
            lambda: _taken(app.payments({"Records": [{"messageId": "1", "body": json.dumps(message)}]}, None))
        )

    used = work(show.paid_twice())
    owed = settled.give_back(settled.buy(purchases.make_show()[1]))
    told = {"ticket_id": owed.ticket_id, "refund_id": owed.refund_id, "payment_id": owed.payment_id}
    used |= work({"detail-type": "ticket.refund_due", "detail": told})
    assert refunds.get(owed.ticket_id, owed.refund_id).status == RefundRequestStatus.REFUNDED
    order = settled.buy(purchases.make_show()[1])
    paid = payers.stored(order.payment_id)
    refund = Move("re_1", MoveKind.REFUND, paid.amount, paid.currency, (MoveWord.SUCCEEDED,))
    payers.post_webhook(
        sandbox_callbacks.moved(paid.payment_id, paid.provider_reference or "", refund, event_id="sbe_1")
    )
    used |= work({"detail-type": "payment.returned", "detail": {"payment_id": paid.payment_id}})
    assert payers.tickets_of(order) == ["refunded"]
    for token in ("tok_declined", "tok_ok"):
        show.top_up_by_itself(token)
        wallets.credit(show.card.uid, 100_000)
        wallets.spend(show.card.uid, card_balances.of(show.card.uid).amount - 1_000)
        entry = card_balances.of(show.card.uid).entries
        used |= work({"detail-type": "card.balance_low", "detail": {"card_uid": show.card.uid, "entry": entry}})
    # The secret is read for Stripe's key. The sandbox has no key, and only decrypts the customer's token.
    used |= {"secretsmanager:GetSecretValue"}
    assert used - _FOR_LAMBDA == _allowed(template, "Payments") - _FOR_LAMBDA


@pytest.mark.usefixtures("swept")
def test_the_sweep_may_do_what_it_does_and_no_more(template: Template, recorded: Callable[..., Used]) -> None:
    tick: dict[str, Any] = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "version": "0"}
    tick |= {"id": "1", "account": "0", "time": "", "region": "us-east-1", "resources": []}
    show = _Show()
    listings.project(show.category.event_id)
    purchases.book(show.customer, show.category)
    show.never_answered()
    show.never_answered_reload()
    show.paid_twice()
    _unfinished_job()
    payout = paid_out.put_settled(paid_out.make_payee().account_id, asked_by="platform")
    operations.record(operations.change(payout.place, Payout.due_at(keys.jobs.due(clock.now(), payout.payout_id))))
    with clock.set_to(clock.now() - timedelta(days=2)):
        settled.buy(purchases.make_show()[1])
        day = clock.now().date()
    app.sweep(tick, None)
    reconciliations.schedule(day)
    secrets.forget()
    used: Used = set()
    # The first claims the payout, whose worker never hears of it; the second pays it. The day has money to compare.
    for hours in (1, 2):
        with clock.set_to(clock.now() + timedelta(hours=hours)):
            used |= recorded(lambda: app.sweep(tick, None))
    assert paid_out.stored(payout.payout_id).accepted_at is not None
    run = operations.get(keys.reconciliation.reconciliation(day.isoformat()))
    assert run is not None
    assert run.at_provider == 1
    # The secret is read for Stripe's key.
    used |= {"secretsmanager:GetSecretValue"}
    assert used == _allowed(template, "Sweep") - _FOR_LAMBDA


def test_the_functions_of_live_updates_may_do_what_they_do_and_no_more(
    template: Template, recorded: Callable[..., Used]
) -> None:
    event, other = make_event(), make_event()
    usher, stream = make_usher(event), Stream()
    token, channel = usher_token(event, usher), f"event-{event.event_id}"
    with gateway() as sockets:
        tickets = [sockets.ticket(token) for _ in range(4)]
        opened: list[Socket] = []
        used = {"WebsocketConnect": recorded(lambda: opened.extend(sockets.open(ticket)[1] for ticket in tickets))}
        stays, goes, is_gone, leaves = opened
        used["WebsocketMessage"] = recorded(lambda: stays.subscribe(channel).say(action="ping"))
        # A refusal is logged with a MAC of the address, under a key of the secret.
        secrets.forget()
        used["WebsocketConnect"] |= recorded(lambda: sockets.open("a-ticket-that-nobody-issued"))
        secrets.forget()
        used["WebsocketMessage"] |= recorded(lambda: stays.subscribe("event-evt_of_others"))
        for socket in (goes, is_gone, leaves):
            used["WebsocketMessage"] |= recorded(lambda socket=socket: socket.subscribe(channel, after=0))
        used["WebsocketMessage"] |= recorded(lambda: leaves.say(action="unsubscribe", channel=channel))
        is_gone.is_open = goes.is_open = False
        used["WebsocketMessage"] |= recorded(lambda: goes.say(action="ping"))
        used["WebsocketDisconnect"] = recorded(leaves.leave)
        for n in range(3):
            body = {"scan_id": f"scn_permission{n}", "ticket_id": make_ticket(event if n < 2 else other).ticket_id}
            assert call("POST", "/api/usher/scan/result/", body, token=token).status == 200
        event_states.store(event.event_id, scanning_enabled=False)
        close_account(usher.account_id)
        sessions.end(jwt.decode(token, options={"verify_signature": False})["sid"], ended_because="logged out")
        used["Live"] = set()
        while records := stream.live():
            used["Live"] |= recorded(lambda records=records: tell(records))
    used["Live"] |= _LETTERS
    # A socket that accepts nothing in time is closed by its sender.
    assert {name: used[name] for name in used} == {name: _allowed(template, name) - _FOR_LAMBDA for name in used}


@pytest.fixture
def one_at_once() -> Iterator[None]:
    """Make two numbered tickets a job."""
    with configured(LIMIT_NUMBERS_AT_ONCE=1):
        yield


@pytest.mark.usefixtures("one_at_once")
def test_the_jobs_worker_may_do_what_it_does_and_no_more(template: Template, recorded: Callable[..., Used]) -> None:
    admin = make_organization()
    organization_id, by = str(admin.organization_id), admin.account_id
    made = numbering.generate(
        organization_id, numbering.GenerationInput(2, "RUN"), user_id=by, operation_id=new_id("op")
    )

    worked: set[type[Job]] = set()

    def work(job_id: str) -> Used:
        jobs_queue.forget()
        messages_queue.forget()
        job = operations.get(keys.jobs.job(job_id))
        worked.add(type(job)) if job is not None else None
        batch = {"Records": [{"messageId": "1", "body": json.dumps({"job_id": job_id})}]}
        return recorded(lambda: _taken(app.jobs(batch, None)))

    def printing() -> str:
        wanted = print_runs.PrintInput(prefix="RUN", first=1, last=1, format=PrintFormat.PDF)
        return print_runs.begin(organization_id, wanted, user_id=by, operation_id=new_id("op"))

    used = work(made.job_id)
    overtaken = printing()
    # A step that runs out of time queues the next one.
    with configured(LIMIT_PRINT_STEP_SECONDS=0):
        used |= work(overtaken)
    # A concurrent step enters its file first.
    with before("PutObject", lambda: print_runs.run_step(overtaken), None, service="s3"):
        used |= work(overtaken)
    clearing = ticket_clearing.clear(organization_id, confirm="Lahore Marathon", user_id=by)
    used |= work(printing()) | work(clearing.job_id)
    event, category = purchases.make_show()
    stream = StreamReader()
    purchases.pay(purchases.book(make_customer(), category))
    stream.drain()
    event_states.put_into(event.event_id, EventStatus.CANCELLED)
    notices.facts_of(stream.read())
    (run_id,) = notices.due_runs(event.event_id)
    for _ in keys.customers.holder_partitions(event.event_id):
        used |= work(run_id)
    make_ticket(event)
    export = export_runs.begin(CHECKIN_LOG, event.event_id, CheckinFilters(), wanted=ExportFormat.CSV, starter_id=by)
    used |= work(export.job_id)
    used |= _work_on_a_person(work) | _work_on_a_campus(work) | _work_of_the_office(work)
    assert worked == set(jobs_worker.KINDS)
    # An export of a customer who has no data key yet makes one.
    used |= {"kms:GenerateDataKey with the data key"}
    # With it S3 says that a file is missing, not that it is forbidden.
    assert (used | {"s3:ListBucket"}) - _FOR_LAMBDA == _allowed(template, "Jobs") - _FOR_LAMBDA


def _work_on_a_person(work: Callable[[str], Used]) -> Used:
    """Export and erase a customer who has everything; return what each step used."""
    person, used = make_somebody(), set[str]()
    customer_id = person.account.account_id
    export = exports.begin(customer_id, by="adm_1", operation_id=new_id("req")).job_id
    erasure = erasures.begin(customer_id, force=True, by="adm_1", role="admin").job_id
    secrets.forget()
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        for job_id in (export, erasure):
            while (job := operations.get(keys.jobs.job(job_id))) and job.status == JobStatus.OPEN:
                used |= work(job_id)
    return used


def _work_on_a_campus(work: Callable[[str], Used]) -> Used:
    """Run each kind of job of the campus; return what the steps used."""
    campus = make_campus()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    days = {"photos_days": 1, "signature_days": 1, "position_days": 1, "device_days": 1}
    event = make_campus_event(campus, organizer, require_photos=True, retention=days)
    stream, submission_id = StreamReader(), begin_submission(event, student, device_mac="mac")
    for side in ("front", "back"):
        assert send_photo(student, submission_id, encoded(scene(1)), side=side).status == 200
    assert sign(student, submission_id, "M0 0L50 40L9 9").status == 200
    check = photo_check_jobs.job_id_of(submit(student, submission_id))
    stream.drain()
    secrets.forget()
    used = work(check)
    wanted = ReportRequest(ReportKind.ATTENDANCE, ReportFormat.XLSX, organizer.account_id)
    used |= work(report_runs.begin(wanted).job_id)
    used |= work(_recount_of(event))
    user_id = student.account_id
    used |= work(own_export.start(user_id, by=user_id, operation_id=new_id("req")))
    later = [*(retention.job_id_of(event.event_id, kind) for kind in ErasedKind)]
    later.append(campus_erasure.begin(user_id, by="an operator"))
    with clock.set_to(clock.now() + timedelta(days=3)):
        for job_id in later:
            for _ in range(6):
                used |= work(job_id)
    return used


def _work_of_the_office(work: Callable[[str], Used]) -> Used:
    """Run the jobs that staff begin, and the build of a snapshot; return what the steps used."""
    token, staff = admin_token(), make_staff()
    stream, show = StreamReader(), _Show()
    settled.buy(show.category)
    stream.drain()
    with configured(LIMIT_SETTLEMENT_LINES=0):
        lines = f"/api/finances/settlements/?event_id={show.category.event_id}&format=csv"
        written = call("GET", lines, token=token).json["job_id"]
    cards = {"action": "create", "csv": f"{new_uid()}\nnonsense\n"}
    made = call("POST", "/api/nfc-cards/bulk/", cards, token=token).json["job_id"]
    cancelled = confirmed(staff, show.category.event_id).json["job_id"]
    with configured(LIMIT_AUDIT_VERIFY_MS=0):
        verified = call("GET", "/api/logs/system/?verify=true", token=token).json["verification"]["job_id"]
    secrets.forget()
    used: Used = set()
    for job_id in (verified, written, made, cancelled):
        used |= work(job_id)
    builds.begin(make_event().event_id)
    (build,) = payers.all_raws("offline_build")
    # Its second step comes when every container feeds the event's changes.
    for hours in range(2):
        with clock.set_to(clock.now() + timedelta(hours=hours)):
            used |= work(build["job_id"]["S"])
    for job_id in (verified, written, made, cancelled, build["job_id"]["S"]):
        job = operations.get(keys.jobs.job(job_id))
        assert job is not None
        assert job_id == cancelled or job.status == JobStatus.COMPLETE
    return used


def _recount_of(event: CampusEvent) -> str:
    """Start the recount of an event's totals; return the job's id."""
    recounts.begin_anew(event.event_id)
    # It may have been stored in the minute before this one.
    moments = [clock.now() + jobs.PATIENCE - timedelta(minutes=minute) for minute in range(2)]
    queued = [raw["gsi2sk"]["S"] for at in moments for page in keys.jobs.due_partitions(at) for raw in _due(page)]
    known = operations.get_many([keys.jobs.job(job_id) for job_id in queued])
    (job_id,) = (job.job_id for job in known.values() if isinstance(job, AttendanceRecount))
    return job_id


def _due(partition: str) -> list[dict[str, Any]]:
    return [raw for raw in operations.query(partition, index="gsi2") if raw["gsi2sk"]["S"].startswith("job_")]


def test_no_function_may_read_whole_tables_or_change_what_holds_the_data(template: Template) -> None:
    for name in reading.functions(template):
        for action in _allowed(template, name) - _FOR_LAMBDA:
            _, verb = action.removesuffix(" on an index").removesuffix(" with the data key").split(":")
            assert re.fullmatch(
                r"(Batch)?(Get|Put|Update|Delete|Write)(Item|Events|SecretValue|QueueUrl|Object|ObjectVersion)|"
                r"ManageConnections|Query|Decrypt|GenerateDataKey|ListBucket(Versions)?|ConditionCheckItem|SendMessage|Send(Raw)?Email|Publish",
                verb,
            ), (name, action)


def _unfinished_job() -> None:
    """Store a job without a message to its worker."""
    job_id = new_id("job")
    due = jobs.due_place(job_id)
    job = NumberRange(
        *keys.organizations.number_range(job_id),
        job_id=job_id,
        owner_id=new_id("ogn"),
        status=JobStatus.OPEN,
        prefix="A",
        quantity=1,
        seed=b"",
        day="2026-11-21",
        created_by=new_id("usr"),
        created_at=clock.now(),
        gsi2=due,
    )
    operations.record(operations.put(job))


def _taken(answer: Any) -> None:
    assert answer == {"batchItemFailures": []}


def test_the_seal_of_the_audit_log_may_do_what_it_does_and_no_more(
    template: Template, recorded: Callable[..., Used]
) -> None:
    tick: dict[str, Any] = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "version": "0"}
    tick |= {"id": "1", "account": "0", "time": "", "region": "us-east-1", "resources": []}
    audit.fill(3, sealed_every=3, seals_at_most=0)
    used = recorded(lambda: app.seal_audit_log(tick, None))
    assert used == _allowed(template, "SealAuditLog") - _FOR_LAMBDA
