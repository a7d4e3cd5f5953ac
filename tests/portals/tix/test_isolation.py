"""Two organizations: no request of one sees, numbers, scans, prints or clears anything of the other."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session

from chalicelib.config import config
from chalicelib.portals.http.route import ROUTES, AnyRoute
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from tests.support.client import Answer, call
from tests.support.factories import PASSWORD, invite_code, make_organization, token_of
from tests.support.numbered import tickets
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")

NAME, MANY = "Nobody else's run", 3
GUARDED = [route for route in ROUTES if route.portal == Portal.TIX and route.guard is not None]
NUMBERS = {"prefix": "VIP", "from": 1, "to": MANY}
# What each route is sent: their ids wherever it takes any, in the path, the body or the query.
BODIES: dict[str, dict[str, Any]] = {
    "tix_generate_tickets": {"count": 1, "prefix": "VIP"},
    "tix_print_tickets": NUMBERS,
    "tix_void_tickets": NUMBERS,
    "tix_create_batch": {**NUMBERS, "seller": "Somebody", "price": "5.00"},
    "tix_settle_batch": {"cash": "5.00"},
    "tix_verify_email": {"email": "theirs", "code": "123456"},
    "tix_change_password": {"old_password": PASSWORD, "new_password": "the next long password"},
    "tix_change_settings": {"name": "Mine", "rotate_invite": True},
}
# The answers to a user of another organization that has no ticket.
REFUSED = {
    "tix_ticket": (404, "NOT_FOUND"),
    "tix_delete_ticket": (404, "NOT_FOUND"),
    "tix_scan_ticket": (404, "NOT_FOUND"),
    "tix_print_tickets": (404, "NOT_FOUND"),
    "tix_print_run": (404, "NOT_FOUND"),
    "tix_void_tickets": (404, "NOT_FOUND"),
    "tix_create_batch": (404, "NOT_FOUND"),
    "tix_settle_batch": (404, "NOT_FOUND"),
    "tix_clear_tickets": (400, "VALIDATION_ERROR"),
    "tix_verify_email": (400, "OTP_INVALID"),
    "tix_remove_member": (404, "NOT_FOUND"),
}


class Theirs:
    """An organization with tickets, one of them scanned, and a print run."""

    def __init__(self) -> None:
        self.admin = make_organization(name=NAME)
        self.organization_id = self.admin.organization_id
        self.tickets = tickets(self.admin, MANY)
        token = token_of(self.admin)
        assert call("PUT", f"/api/tix/tickets/{self.tickets[0].ticket_id}/scan", token=token).status == 200
        self.job_id: str = call("POST", "/api/tix/tickets/print", NUMBERS, token=token).json["job_id"]
        batch = {"prefix": "VIP", "from": 1, "to": 1, "seller": "Their seller", "price": "5.00"}
        self.batch_id: str = call("POST", "/api/tix/batches", batch, token=token).json["id"]
        StreamReader().drain()

    def secrets(self) -> list[str]:
        """Return the values that no answer to another organization may contain."""
        code = invite_code(self.admin)
        ids = [ticket.ticket_id for ticket in self.tickets]
        return [
            NAME,
            self.organization_id,
            self.admin.account_id,
            self.admin.login,
            self.job_id,
            self.batch_id,
            code,
            *ids,
        ]

    def stored(self) -> list[str]:
        """Return all of the table that is theirs."""
        return sorted(text for text in _table() if self.organization_id in text or self.admin.account_id in text)


def _table() -> Iterator[str]:
    pages = get_session().create_client("dynamodb").get_paginator("scan").paginate(TableName=config().table_name)
    for page in pages:
        yield from (json.dumps(item, sort_keys=True, default=str) for item in page["Items"])


@pytest.fixture
def theirs(moto_cloud: None) -> Theirs:  # noqa: ARG001  # the ground under it
    return Theirs()


def _path(route: AnyRoute, theirs: Theirs) -> str:
    ids = {"ticket_id": theirs.tickets[1].ticket_id, "job_id": theirs.job_id, "user_id": theirs.admin.account_id}
    ids["batch_id"] = theirs.batch_id
    return route.path.format(**ids)


def ask(route: AnyRoute, theirs: Theirs, by: Account) -> Answer:
    path = _path(route, theirs)
    body = {**BODIES.get(route.operation_id, {}), "organization_id": theirs.organization_id}
    if "email" in body:
        body["email"] = theirs.admin.login
    # Any other parameter is refused as unknown.
    known = route.query.model_fields if route.query else {}
    query = "&".join(f"{name}={value}" for name, value in (("job_id", ""), ("confirm", "Mine")) if name in known)
    return call(route.method, f"{path}?{query}", body if route.body else None, token=token_of(by))


def test_every_route_keeps_another_organization_out_and_leaves_its_things_as_they_are(theirs: Theirs) -> None:
    before, secrets = theirs.stored(), theirs.secrets()
    assert set(REFUSED) | set(BODIES) <= {route.operation_id for route in GUARDED}
    for route in GUARDED:
        stranger = make_organization(name="Another")
        answer = ask(route, theirs, stranger)
        refused = (answer.status, answer.code) if answer.status >= 400 else None
        assert refused == REFUSED.get(route.operation_id), (route.operation_id, answer.text)
        assert not [secret for secret in secrets if secret in answer.text], route.operation_id
    StreamReader().drain()
    assert theirs.stored() == before


def test_a_job_of_another_organization_shows_nothing(theirs: Theirs) -> None:
    made = theirs.tickets[0].job_id
    answer = call("GET", f"/api/tix/tickets?job_id={made}", token=token_of(make_organization()))
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_numbers_of_two_organizations_do_not_meet(theirs: Theirs) -> None:
    stranger = make_organization(name="Another")
    mine = tickets(stranger, MANY)
    assert [ticket.number for ticket in mine] == [1, 2, 3]
    shown = call("GET", "/api/tix/tickets/VIP-000002", token=token_of(stranger)).json
    assert (shown["id"], shown["organization_id"]) == (mine[1].ticket_id, stranger.organization_id)
    assert mine[1].ticket_id != theirs.tickets[1].ticket_id
    assert call("DELETE", "/api/tix/tickets?confirm=Another", token=token_of(stranger)).status == 200
    StreamReader().drain()
    for of, total in ((stranger, 0), (theirs.admin, MANY)):
        assert call("GET", "/api/tix/tickets", token=token_of(of)).json["total"] == total
        assert call("GET", "/api/tix/reports/stats", token=token_of(of)).json["total"] == total


def test_anothers_organization_in_the_query_is_refused_as_unknown(theirs: Theirs) -> None:
    token = token_of(make_organization())
    for route in GUARDED:
        path = _path(route, theirs)
        answer = call(route.method, f"{path}?organization_id={theirs.organization_id}", {}, token=token)
        assert answer.status == 400, (route.operation_id, answer.text)
        assert theirs.organization_id not in answer.text
