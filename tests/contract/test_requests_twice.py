"""Each writing route gets the same request again while the first one is between its reads and its writes."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.access import tokens
from chalicelib.portals.http.route import AnyRoute
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AccountStatus
from tests.contract.ground import Ground, label, routes, stored
from tests.contract.request import Request
from tests.contract.test_idempotency import BESIDE
from tests.support import meanwhile
from tests.support.client import Answer

WRITING = [route for route in routes() if route.method != "GET"]
# Changes and deletions, and POSTs about a thing that is named in the path, have one effect however often they come.
ABOUT_ONE_THING = [route for route in WRITING if route.method in ("PUT", "DELETE") or route.variables]
# Without a key each of these is a wish of its own; a second clearing is of what was made meanwhile.
_EACH_IS_ITS_OWN = {"customer_gift_ticket", "customer_reload_card", "organizer_request_edit", "tix_clear_tickets"}
VERSIONED = [
    route for route in WRITING if route.method == "PUT" and "version" in getattr(route.body, "model_fields", {})
]
# Of a request: why it is sent, and a list of which the answer says how many people are on it.
_NOT_STORED = {"reason", "student_ids"}
# Two changes of different fields, by the operation that takes both.
CHANGES = {
    "admin_change_event": ({"title": "A later title"}, {"description": "Under trees."}),
    "admin_change_device": ({"name": "A later name"}, {"gate": "Gate 2"}),
    "merchant_change_settings": ({"name": "A later shop"}, {"city": "Multan"}),
    "tix_change_settings": ({"name": "A later name"}, {"timezone": "Asia/Tokyo"}),
    "campus_change_event": ({"title": "A later title"}, {"description": "With a film."}),
    "campus_change_user": ({"department": "Law"}, {"last_name": "Later"}),
    "campus_update_profile": ({"first_name": "Later"}, {"last_name": "Name"}),
    "customer_change_dependent": ({"name": "A later name"}, {"relation": "niece"}),
    "customer_change_profile": ({"name": "A later name"}, {"date_of_birth": "1990-01-02"}),
    "organizer_change_draft": ({"title": "A later title"}, {"description": "Under trees."}),
    "organizer_change_profile": ({"company_name": "A later firm"}, {"address": "Mall Road 7"}),
}
_ANSWERS = {200, 201, 202, 204, 400, 401, 404, 409, 429}


def _is_own_write(sent: dict[str, Any]) -> bool:
    """Whether a request to the table is no counter of tries."""
    return "TransactItems" in sent or not sent["Key" if "Key" in sent else "Item"]["pk"]["S"].startswith("THROTTLE#")


def _twice(ground: Ground, route: AnyRoute, *, key: str | None = None) -> tuple[Answer, Answer, set[tuple[str, str]]]:
    """Send a request, and the same one before its first write; return both answers and what only the outer one made."""
    request, token = ground.rightful(route), ground.token(route)
    headers = {"idempotency-key": key} if key else {}
    inner: list[Answer] = []
    made: list[set[tuple[str, str]]] = []

    def send() -> Answer:
        return ground.send(route, request, token=token, headers=headers)

    def act() -> None:
        inner.append(send())
        made.append(set(stored()))

    outer = _with(act, send)
    if not inner:
        pytest.skip("this request writes nothing")
    beside = {place for place in stored() if place[0].startswith(BESIDE)}
    return inner[0], outer, set(stored()) - made[0] - beside


def _with(act: Callable[[], None], send: Callable[[], Answer]) -> Answer:
    sent: list[Answer] = []
    try:
        with meanwhile.before(meanwhile.WRITES, act, matches=_is_own_write):
            sent.append(send())
    except AssertionError:
        assert sent, "the request itself failed"
    return sent[0]


@pytest.mark.parametrize("route", WRITING, ids=label)
def test_the_same_request_in_the_middle_of_itself_is_answered_and_no_fault(ground: Ground, route: AnyRoute) -> None:
    inner, outer, made = _twice(ground, route)
    assert inner.status < 300, inner.text
    assert outer.status in _ANSWERS, outer.text
    if route in ABOUT_ONE_THING and route.operation_id not in _EACH_IS_ITS_OWN:
        assert made == set()


@pytest.mark.parametrize("operation", CHANGES)
def test_two_changes_of_one_thing_at_once_are_both_kept(ground: Ground, operation: str) -> None:
    (route,) = (route for route in WRITING if route.operation_id == operation)
    request, token = ground.rightful(route), ground.token(route)

    def change(body: dict[str, Any]) -> Answer:
        return ground.send(route, Request(body, request.path, request.query, request.headers), token=token)

    one, other = CHANGES[operation]
    inner: list[Answer] = []
    with meanwhile.before(meanwhile.WRITES, lambda: inner.append(change(other))):
        outer = change(one)
    assert [answer.status for answer in (*inner, outer)] == [200, 200], outer.text
    shown = change({}).text
    assert [value for value in (*one.values(), *other.values()) if value not in shown] == []


@pytest.mark.parametrize("route", VERSIONED, ids=label)
def test_a_stale_version_is_refused_with_what_is_stored_now_and_changes_nothing(
    ground: Ground, route: AnyRoute
) -> None:
    request, token = ground.rightful(route), ground.token(route)
    assert request.body is not None
    wanted = {**request.body, "version": 99}
    before = {place: text for place, text in stored().items() if not place[0].startswith(("AUDIT", *BESIDE))}
    stale = ground.send(route, Request(wanted, request.path, request.query, request.headers), token=token)
    assert (stale.status, stale.code) == (409, "CONFLICT"), stale.text
    error = stale.json if isinstance(stale.json["error"], str) else stale.json["error"]
    said = {each["field"] for each in error.get("details", [])} | set(error.get("present", {}))
    assert said >= request.body.keys() - _NOT_STORED
    now = {place: text for place, text in stored().items() if not place[0].startswith(("AUDIT", *BESIDE))}
    assert now == before


@pytest.mark.parametrize("route", [route for route in WRITING if route.audited == "password.change"], ids=label)
def test_a_password_of_an_account_that_is_closed_meanwhile_is_not_called_wrong(ground: Ground, route: AnyRoute) -> None:
    request, token = ground.rightful(route), ground.token(route)
    assert route.guard is not None
    account = keys.access.account(tokens.verify(str(token), route.guard.portal).id)

    def become(status: AccountStatus) -> None:
        operations.record(operations.change(account, [Account.status.set(status)]))

    with meanwhile.before("TransactWriteItems", lambda: become(AccountStatus.SUSPENDED)):
        refused = ground.send(route, request, token=token)
    become(AccountStatus.ACTIVE)  # the ground is shared
    assert (refused.status, refused.code) == (403, "ACCOUNT_SUSPENDED"), refused.text


@pytest.mark.parametrize("route", [route for route in WRITING if route.idempotent], ids=label)
def test_the_same_request_with_its_key_waits_for_the_first(ground: Ground, route: AnyRoute) -> None:
    request, token, key = ground.rightful(route), ground.token(route), uuid.uuid4().hex
    inner: list[Answer] = []

    def send() -> Answer:
        return ground.send(route, request, token=token, headers={"idempotency-key": key})

    # The first write is the claim of the key itself.
    with meanwhile.before(meanwhile.WRITES, None, lambda: inner.append(send())):
        outer = send()
    assert [(answer.status, answer.code) for answer in inner] == [(409, "IDEMPOTENCY_IN_PROGRESS")]
    assert outer.status < 300, outer.text
    again = send()
    assert again.status == outer.status
