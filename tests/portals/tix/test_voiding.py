"""Voided tickets: after the answer none of them is admitted, and a scanned ticket stays scanned."""

from typing import Any

import pytest

from chalicelib.domain.organizations import numbered_tickets, numbering, voiding
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account
from tests.support.client import Answer, call
from tests.support.factories import make_organization, make_tix_user, token_of
from tests.support.meanwhile import before
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
VOID = "/api/tix/tickets/void"


@pytest.fixture
def admin(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_organization()


def generate(of: Account, count: int, prefix: str = "RUN") -> list[Any]:
    organization_id = str(of.organization_id)
    numbering.generate(
        organization_id, GenerationInput(count, prefix), user_id=of.account_id, operation_id=new_id("op")
    )
    return [*numbered_tickets.of_numbers(organization_id, prefix, 1, 10_000)]


def void(by: Account, first: int, last: int, **changes: Any) -> Answer:
    return call("POST", VOID, {"prefix": "RUN", "from": first, "to": last, **changes}, token=token_of(by))


def scan(by: Account, ticket: Any) -> Answer:
    return call("PUT", f"/api/tix/tickets/{ticket.ticket_id}/scan", token=token_of(by))


def test_a_range_over_several_makings_is_void_from_the_answer_on(admin: Account) -> None:
    generate(admin, 120)
    tickets = generate(admin, 30)
    assert scan(admin, tickets[109]).status == 200
    assert call("DELETE", f"/api/tix/tickets/{tickets[110].ticket_id}", token=token_of(admin)).status == 200
    answer = void(admin, 2, 140, reason="stolen")
    assert (answer.status, answer.json) == (200, {"voided": 137, "voided_before": 0, "scanned": 1})
    for number in (2, 100, 121, 140):
        refused = scan(admin, tickets[number - 1])
        assert (refused.status, refused.code, refused.json["duplicate"]) == (400, "TICKET_VOIDED", False)
        assert refused.json["ticket"]["scanned_at"] is None
    for number in (1, 141):
        assert scan(admin, tickets[number - 1]).status == 200
    again = scan(admin, tickets[109])
    assert (again.code, again.json["duplicate"], again.json["ticket"]["voided_at"]) == ("ALREADY_SCANNED", True, None)
    assert scan(admin, tickets[110]).status == 404
    place = numbered_tickets.find(admin.organization_id, "RUN-000002")
    assert (place.void_reason, place.voided_by) == ("stolen", admin.account_id)
    before = place.voided_at
    assert void(admin, 1, 3).json == {"voided": 2, "voided_before": 2, "scanned": 1}
    assert numbered_tickets.find(admin.organization_id, "RUN-000002").voided_at == before


def test_a_ticket_that_is_scanned_or_deleted_meanwhile_is_not_void_and_the_others_are(
    admin: Account,
) -> None:
    tickets = generate(admin, 5)

    def others() -> None:
        scan(admin, tickets[1])
        call("DELETE", f"/api/tix/tickets/{tickets[3].ticket_id}", token=token_of(admin))

    with before("TransactWriteItems", others):
        came_to = voiding.void(
            str(admin.organization_id), voiding.NumberSpan("RUN", 1, 5), reason=None, user_id=admin.account_id
        )
    assert came_to == voiding.VoidedCounts(voided=3, voided_before=0, scanned=1)
    left = {t.number: (t.voided_at is None, t.scanned_at is None) for t in generate(admin, 1)}
    assert left == {1: (False, True), 2: (True, False), 3: (False, True), 5: (False, True), 6: (True, True)}


def test_only_an_admin_takes_tickets_back_and_only_their_own(admin: Account) -> None:
    (ticket,) = generate(admin, 1)
    assert void(make_tix_user(admin), 1, 1).code == "FORBIDDEN"
    assert void(make_organization(), 1, 1).status == 404
    assert void(admin, 1, 1, prefix="OTHER").status == 404
    assert void(admin, 2, 5).status == 404
    assert scan(admin, ticket).status == 200


def test_numbers_that_are_being_written_are_neither_taken_back_nor_printed_in_part(
    admin: Account,
) -> None:
    generate(admin, 2)
    organization_id, many = str(admin.organization_id), GenerationInput(3, "RUN")
    with configured(LIMIT_NUMBERS_AT_ONCE=1):
        made = numbering.generate(organization_id, many, user_id=admin.account_id, operation_id=new_id("op"))
    printing = {"prefix": "RUN", "from": 2, "to": 3}
    for answer in (void(admin, 2, 3), call("POST", "/api/tix/tickets/print", printing, token=token_of(admin))):
        assert (answer.status, answer.code) == (409, "INVALID_STATE")
    assert void(admin, 2, 2).json["voided"] == 1
    numbering.run_step(made.job_id)
    assert void(admin, 2, 5).json == {"voided": 4, "voided_before": 1, "scanned": 0}


def test_numbers_above_those_that_are_being_written_are_printed_sold_and_taken_back(admin: Account) -> None:
    organization_id, token = str(admin.organization_id), token_of(admin)
    with configured(LIMIT_NUMBERS_AT_ONCE=1):
        made = numbering.generate(
            organization_id, GenerationInput(3, "RUN"), user_id=admin.account_id, operation_id=new_id("op")
        )
    generate(admin, 2)
    numbers = {"prefix": "RUN", "from": 4, "to": 5}
    printing = call("POST", "/api/tix/tickets/print", {**numbers, "format": "csv"}, token=token)
    assert printing.status == 202, printing.text
    sold = call("POST", "/api/tix/batches", {**numbers, "seller": "Kiosk", "price": "5.00"}, token=token)
    assert sold.status == 201, sold.text
    assert void(admin, 4, 5).json == {"voided": 2, "voided_before": 0, "scanned": 0}
    for first in (1, 3):
        assert void(admin, first, 4).code == "INVALID_STATE"
    numbering.run_step(made.job_id)
    assert void(admin, 3, 4).json == {"voided": 2, "voided_before": 1, "scanned": 0}


def test_numbers_that_are_none_are_refused_by_their_fields(admin: Account) -> None:
    for changes in ({"from": 0}, {"from": "a"}, {"to": None}, {"prefix": ""}, {"reason": "x" * 201}):
        refused = call("POST", VOID, {"prefix": "RUN", "from": 1, "to": 2, **changes}, token=token_of(admin))
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
        assert refused.json["details"][0]["field"] == next(iter(changes))
