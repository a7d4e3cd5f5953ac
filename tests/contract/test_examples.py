"""The examples of the OpenAPI document, sent to the demo data: what they show is what a local run answers.

An example is sent as it is, but for its password, which becomes that of the local run. Where it names what only an
earlier answer can name, such as the id of a new booking, that answer is fetched first, over the links of the document,
and fills in what its link says.
"""

import copy
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from chalicelib.config import config
from chalicelib.domain.access import accounts, sessions
from chalicelib.portals.http.route import AnyRoute, Link
from chalicelib.portals.openapi import document as openapi
from chalicelib.schemas import examples
from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import Example
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.campus import CampusRole
from infra.local.demo import demo_data, demo_passwords
from tests.contract.answers import documented, validator
from tests.contract.ground import CALLERS_OF_ANY, Device, campus_role, enrolled, routes
from tests.support import cloud
from tests.support.caches import forget_answers, forget_caches
from tests.support.client import Answer, call
from tests.support.codes import code_in, has_code, texts
from tests.support.streams import StreamReader

# What cannot be sent as an example, and why.
NOT_SENT = {
    "admin_cancellation": "its code is mailed, and the demo event is not to be cancelled",
    "public_first_admin": "the command on the operator's machine makes the token",
    "public_set_password": "the token comes by mail or SMS",
    "usher_sync_attendees": "the first request starts it, ten seconds before the first answer",
    "usher_sync_cards": "the first request starts it, ten seconds before the first answer",
    "device_snapshot": "the first request starts its build, ten seconds before the first answer",
    "device_token": "the device signs the assertion with its own key, for 60 seconds",
    "admin_delete_venue": "a demo draft uses the demo venue",
    "public_payment_webhook": "the provider signs the body",
    "tix_remove_member": "the demo organization has its admin only",
    "customer_request_refund": "the demo customer's tickets were given to them, or have been scanned",
    "admin_answer_card_request": "the demo customer has asked for no card",
    "customer_claim": "the token of the link comes by mail or SMS",
    "admin_answer_incident": "the demo data has no incident",
    "admin_close_conflict": "the demo data has no conflict",
    "admin_answer_dispute": "the demo data has no dispute",
    "admin_open_refund_request": "the demo customer's tickets were given to them, or have been scanned",
    "admin_create_payout": "the demo settlement has its payout",
    "admin_withdraw_profit": "the demo data has no partner who takes a share of the profit",
    "admin_decide_refund_request": "the demo data has no request for a refund",
    "campus_record": "the demo data has no record of attendance",
    "campus_record_history": "the demo data has no record of attendance",
    "campus_decide": "the demo data has no record of attendance",
    "campus_appeal": "the demo data has no record of attendance",
    "campus_mark": "the demo event is not marked by hand",
    "campus_verify_code": "the code changes every 30 seconds",
    "campus_submit_attendance": "it takes a code that was verified within ten minutes",
    "campus_verify_location": "it takes a code that was verified within ten minutes",
    "campus_verification_feedback": "it takes a code that was verified",
    "campus_upload_front_photo": "it takes a code that was verified within ten minutes",
    "campus_upload_back_photo": "it takes a code that was verified within ten minutes",
    "campus_capture_signature": "it takes a code that was verified within ten minutes",
    "campus_verify_report": "the demo data has no report",
}
# What an example shows after a busy evening, and the demo data does not hold yet.
SHOWN_IN_USE = {
    "campus_anomaly_detection",
    "campus_attendance_trends",
    "campus_department_summary",
    "campus_event_analytics",
    "campus_histogram_departments",
    "campus_histogram_hourly",
    "campus_histogram_verification_time",
    "campus_histogram_weekly",
    "campus_realtime",
    "campus_attendance_report",
    "campus_individual_report",
    "campus_records",
    "campus_event_records",
    "campus_appeals",
    "admin_cancel_event",
    "admin_deposits",
    "admin_expenses",
    "admin_profit_shares",
    "admin_system_log",
    "admin_withdrawals",
    "admin_card_requests",
    "admin_cards",
    "admin_unclaimed",
    "admin_checkin_log",
    "admin_cards_by_status",
    "admin_dashboard",
    "admin_change_device",
    "admin_devices",
    "admin_incidents",
    "admin_ticket",
    "admin_tickets",
    "admin_change_ticket",
    "admin_check_in",
    "admin_transfer_ticket",
    "admin_disputes",
    "admin_edit_requests",
    "admin_event_statistics",
    "admin_events",
    "admin_refund_requests",
    "admin_event_categories",
    "admin_revenue",
    "admin_users_growth",
    "campus_user",
    "customer_bookings",
    "customer_dependents",
    "customer_favorites",
    "organizer_event",
    "organizer_events_list",
    "own_sessions",
    "tix_print_run",
    "usher_event_status",
    "usher_leave",
    "usher_leaves",
    "usher_logs",
    "usher_nfc_status",
    "usher_nfc_test",
    "usher_phone_heartbeat",
    "usher_sync_status",
    "usher_sync_logs",
    "usher_log_scan",
    "usher_search_logs",
}
_BY_ID = {route.operation_id: route for route in routes()}
_LOG_INS = {
    Portal.WEBAPP: demo.CUSTOMER_NUMBER,
    Portal.MERCHANT: demo.MERCHANT_NUMBER,
    Portal.ORGANIZER: demo.ORGANIZER_NUMBER,
    Portal.USHER: demo.USHER_USERNAME,
    Portal.ADMIN: demo.ADMIN_EMAIL,
    Portal.TIX: demo.TIX_EMAIL,
    Portal.CAMPUS: demo.STUDENT_EMAIL,
}
# Of the campus portal by the weakest role that a route takes.
_CAMPUS_LOG_INS = {
    CampusRole.STUDENT: demo.STUDENT_EMAIL,
    CampusRole.ORGANIZER: demo.CAMPUS_TEACHER_EMAIL,
    CampusRole.ADMIN: demo.CAMPUS_ADMIN_EMAIL,
}


@dataclass
class _DemoState:
    """The table with the demo data in it, before each test the same; moto's items are never changed in place."""

    device: Device
    stream: StreamReader
    _items: dict[Any, dict[Any, Any]] = field(init=False)
    _records: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        table = _table()
        self._items = {key: dict(ranges) for key, ranges in table.items.items()}
        assert table.stream_shard is not None
        self._records = list(table.stream_shard.items)

    def restore(self) -> None:
        table = _table()
        table.items = defaultdict(dict, {key: dict(ranges) for key, ranges in self._items.items()})
        assert table.stream_shard is not None
        table.stream_shard.items = list(self._records)
        forget_answers()
        texts()


def _table() -> Table:
    found: Table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[config().table_name]
    return found


@pytest.fixture(scope="module")
def laid() -> Iterator[_DemoState]:
    with mock_aws():
        forget_caches()
        cloud.create_all(cloud.MASTER_SECRET)
        demo_data.load()
        device = enrolled(demo.EVENT_ID)
        stream = StreamReader()
        stream.drain()
        yield _DemoState(device, stream)
    forget_caches()


@pytest.fixture
def state(laid: _DemoState) -> _DemoState:
    laid.restore()
    return laid


@dataclass
class Sender:
    """Sends examples, each as the rightful caller of its route."""

    state: _DemoState

    def send(self, route: AnyRoute, filled: Link | None = None, source: Any = None) -> Answer:
        """Send a route's example; `filled` says what of it is taken from the answer `source`."""
        example = examples.operations().get(route.operation_id, Example())
        path = examples.path_values(route.portal)
        query = dict(example.query or {})
        body = copy.deepcopy(example.request)
        for name, pointer in (filled.parameters if filled else {}).items():
            (path if f"{{{name}}}" in route.path else query)[name] = _at(pointer, source)
        for name, pointer in (filled.body if filled else {}).items():
            body = {**(body or {}), name: _at(pointer, source)}
        for name, value in (body or {}).items():
            if name in ("otp", "code"):
                shown = next((code_in(text) for text in reversed(texts()) if has_code(text)), value)
                body = {**(body or {}), name: shown}
            if value == demo.PASSWORD:
                body = {**(body or {}), name: demo_passwords.OF_PORTALS[Portal(route.portal)]}
        target = openapi.spelled(route).format(**path)
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return call(route.method, f"{target}?{asked}" if asked else target, body, token=self._token(route))

    def send_with_sources(self, route: AnyRoute, before: frozenset[str] = frozenset()) -> Answer:
        """Send an example, if need be after the operations that lead to it; `before` are those already under way."""
        answer, before = self.send(route), before | {route.operation_id}
        for source_route, link in _sources(route) if answer.status >= 400 else ():
            if source_route.operation_id in before:
                continue  # each of two operations may lead to the other
            self.state.restore()
            source = self.send_with_sources(source_route, before)
            self.state.stream.fork().drain()
            if source.status < 400:
                try:
                    answer = self.send(route, link, source.json)
                except (KeyError, IndexError, TypeError):
                    continue  # this answer names nothing to go on with
            if answer.status < 400:
                break
        return answer

    def _token(self, route: AnyRoute) -> str | None:
        if route.guard is None:
            return None
        portal = route.guard.portal or CALLERS_OF_ANY.get(route.operation_id, Portal.USHER)
        if portal is Portal.DEVICE:
            return self.state.device.token()
        login = _CAMPUS_LOG_INS[campus_role(route)] if portal is Portal.CAMPUS else _LOG_INS[portal]
        account: Account | None = accounts.find(portal, login)
        assert account is not None
        return sessions.start(account, event_id=demo.EVENT_ID if portal is Portal.USHER else None).access


def _at(pointer: str, value: Any) -> Any:
    for step in pointer.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def _sources(route: AnyRoute) -> Iterator[tuple[AnyRoute, Link]]:
    for source in routes():
        for link in source.links:
            if link.to == route.operation_id and source is not route:
                yield source, link


# Values that a run generates: ids, times, codes, numbers, and what changes when the demo event begins. All else of an
# answer is the example's.
_MADE = re.compile(
    r"(id|ids|at|by|until|from|to|after|hour|date|month|week|for|time|url|uri|code|keys?|number|token|secret|image)$"
    r"|^(access|refresh|url|fields|image|payload|policy|organizationId|uid|ticket|extra|sales_by_day|upcoming|live|check_in_rate)$"
    r"|^(start|end|last_updated)$"
)


def _differences(example: Any, answer: Any, place: str = "") -> Iterator[str]:
    """Return where an answer differs from its example; of a list, the first entries are compared."""
    if isinstance(example, dict) and isinstance(answer, dict):
        for name in example.keys() & answer.keys():
            if not _MADE.search(name) or isinstance(example[name], dict):
                yield from _differences(example[name], answer[name], f"{place}.{name}")
    elif isinstance(example, list) and isinstance(answer, list):
        if example and answer:
            yield from _differences(example[0], answer[0], f"{place}[0]")
        elif bool(example) != bool(answer):
            yield f"{place}: {example!r} is {answer!r}"
    elif example != answer:
        yield f"{place}: {example!r} is {answer!r}"


@pytest.mark.parametrize("route", [r for r in routes() if r.operation_id not in NOT_SENT], ids=lambda r: r.operation_id)
def test_an_example_succeeds_with_the_demo_data(route: AnyRoute, state: _DemoState) -> None:
    answer = Sender(state).send_with_sources(route)
    assert answer.status in (route.status, *route.also), answer.text
    found = documented(route, answer.status)
    assert found is not None
    if route.reply:
        validator(found["content"]["application/json"]["schema"]).validate(answer.json)
        differences = list(_differences(examples.operations()[route.operation_id].answer, answer.json))
        assert bool(differences) == (route.operation_id in SHOWN_IN_USE), differences


def test_what_is_not_sent_is_still_a_route() -> None:
    assert NOT_SENT.keys() <= _BY_ID.keys()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


_NAMES = re.compile(r"^(\+92\d+|[^@\s]+@[^@\s]+|evt_\w+|cat_\w+|(?:cam|cev|usr)_demo\w*|04[0-9A-F]{12}|tkt_01JDEM\w+)$")


def test_numbers_addresses_and_fixed_ids_of_the_examples_are_the_demo_datas() -> None:
    known = set(_texts([value for value in vars(demo).values() if isinstance(value, str)]))
    known |= {"ayesha@example.com"}  # the address that a customer gives to the platform in an example
    known |= {demo.category_id(event, tier) for event in (demo.EVENT_ID, demo.MATINEE_ID) for tier in demo.TIERS}
    known |= {demo.category_id(demo.PAST_EVENT_ID, tier) for tier in (demo.STALLS, demo.BALCONY)}
    known |= {demo.ticket_id(place) for place in range(1, 7)} | {demo.stock_uid(n) for n in range(demo.STOCK_COUNT)}
    shown = {
        text
        for example in examples.operations().values()
        for text in _texts([example.request or {}, example.answer or {}])
        if _NAMES.match(text)
    }
    assert len(shown) > 15
    assert shown - known == set()
