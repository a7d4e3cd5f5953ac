"""Tickets of Tix: numbered without a gap, listed all or none, admitted once, deleted permanently."""

from typing import Any
from urllib.parse import quote

import pytest
from ulid import ULID

from chalicelib.domain.organizations import numbered_tickets, numbering
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, NumberedTicket
from tests.support import scanned_forms
from tests.support.client import Answer, call
from tests.support.factories import make_organization, make_tix_user, token_of
from tests.support.numbered import organization_of
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
TICKETS = "/api/tix/tickets"
NAME = "Lahore Marathon"


@pytest.fixture
def admin() -> Account:
    return make_organization(name=NAME)


@pytest.fixture
def token(admin: Account) -> str:
    return token_of(admin)


def ask(token: str, body: dict[str, Any], *, key: str | None = None) -> Answer:
    headers = {"idempotency-key": key} if key else None
    return call("POST", f"{TICKETS}/generate", body, token=token, headers=headers)


def generate(token: str, count: int, prefix: str = "VIP", **more: Any) -> list[dict[str, Any]]:
    answer = ask(token, {"count": count, "prefix": prefix, **more})
    assert answer.status == 200, answer.text
    tickets: list[dict[str, Any]] = answer.json
    return tickets


def scan(token: str, ticket_id: str, *, key: str | None = None) -> Answer:
    return call("PUT", f"{TICKETS}/{ticket_id}/scan", token=token, headers={"idempotency-key": key} if key else None)


def listed(token: str, query: str = "") -> dict[str, Any]:
    answer = call("GET", f"{TICKETS}?{query}", token=token)
    assert answer.status == 200, answer.text
    page: dict[str, Any] = answer.json
    return page


def numbers(page: dict[str, Any]) -> list[str]:
    return [ticket["number"] for ticket in page["tickets"]]


def stored(admin: Account, ticket_id: str) -> NumberedTicket:
    ordinal = numbered_tickets.ordinal_of(ticket_id)
    found = operations.get(keys.organizations.numbered_ticket(organization_of(admin), ordinal or 0))
    assert found is not None
    return found


def test_numbers_go_on_where_their_prefix_stopped_and_the_newest_stand_first(admin: Account, token: str) -> None:
    first = generate(token, 3, extra={"row": "Ä1"})
    assert [ticket["number"] for ticket in first] == ["VIP-000001", "VIP-000002", "VIP-000003"]
    assert first[0] == {
        "id": first[0]["id"],
        "number": "VIP-000001",
        "prefix": "VIP",
        "extra": {"row": "Ä1"},
        "generated_at": first[0]["generated_at"],
        "scanned_at": None,
        "scanned_by": None,
        "voided_at": None,
        "organization_id": organization_of(admin),
        "created_by": admin.account_id,
    }
    member = token_of(make_tix_user(admin))
    assert [ticket["number"] for ticket in generate(member, 2, extra="gate A")] == ["VIP-000004", "VIP-000005"]
    assert [ticket["number"] for ticket in generate(token, 1, "A-1")] == ["A-1-000001"]
    page = listed(token)
    assert (page["total"], page["page"], page["limit"], page["job"]) == (6, 1, 100, None)
    assert numbers(page) == ["A-1-000001", *(f"VIP-{number:06}" for number in range(5, 0, -1))]
    assert page["tickets"][5] == first[0]
    ids = [ticket["id"] for ticket in page["tickets"]]
    assert ids == sorted(ids, reverse=True)
    assert numbers(listed(token, "page=2&limit=4")) == ["VIP-000002", "VIP-000001"]
    assert listed(token, "page=3&limit=4")["tickets"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"count": 10_001},
        {"prefix": ""},
        {"prefix": "v p"},
        {"prefix": "A" * 21},
        {"prefix": "A#1"},
        {"extra": {"text": "x" * 1000}},
        {"extra": ["a list"]},
    ],
)
def test_what_cannot_be_numbered_is_refused_and_takes_no_number(wrong: dict[str, Any], token: str) -> None:
    answer = ask(token, {"count": 1, "prefix": "VIP", **wrong})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.json["details"][0]["field"].startswith(next(iter(wrong)))
    assert generate(token, 1)[0]["number"] == "VIP-000001"


def test_a_ticket_is_shown_by_its_id_and_its_number_and_by_nothing_else(token: str) -> None:
    first, second = generate(token, 2)
    generate(token, 1, "VIP-000001")
    for name in (second["id"], "VIP-000002"):
        assert call("GET", f"{TICKETS}/{name}", token=token).json == second
    ulid = bytearray(ULID.from_str(first["id"][4:]).bytes)
    ulid[-1] ^= 1
    forged = f"tkt_{ULID.from_bytes(bytes(ulid))}"
    names = (
        "VIP-000003",
        "VIP-2",
        "VIP-0000002",
        "VIP",
        "VIP-000000",
        forged,
        new_id("tkt"),
        "tkt_x",
        first["id"][:-1],
    )
    for name in names:
        for method, path in (("GET", ""), ("PUT", "/scan"), ("DELETE", "")):
            answer = call(method, f"{TICKETS}/{name}{path}", token=token)
            assert (answer.status, answer.code) == (404, "NOT_FOUND"), name
            assert answer.json["error"].startswith("There is no such ticket."), name
    # Clients show nothing but this text.
    assert "such as VIP-000001" in scan(token, "VIP-2").json["error"]
    assert listed(token)["total"] == 3


def test_a_number_that_hands_type_admits_its_ticket_once_with_its_id(token: str) -> None:
    first, second = generate(token, 2, prefix="VIP")
    assert scan(token, "vip-000001").json["ticket"]["id"] == first["id"]
    again = scan(token, first["id"])
    assert (again.status, again.json["duplicate"]) == (400, True)
    assert scan(token, second["id"]).status == 200
    refused = scan(token, "VIP-000002")
    assert (refused.status, refused.json["ticket"]["id"]) == (400, second["id"])
    assert call("DELETE", f"{TICKETS}/{first['id']}", token=token).status == 200
    assert scan(token, "VIP-000001").status == 404


def test_a_ticket_is_let_in_once_in_every_form_of_its_id_and_shown_in_every_form_of_its_number(token: str) -> None:
    forms = {**scanned_forms.CODES, **scanned_forms.GROUPED, **scanned_forms.KEYBOARDS_OF_NUMBERS}
    tickets = dict(zip(forms, generate(token, len(forms), prefix="yvip"), strict=True))

    shown = {
        name: call("GET", f"{TICKETS}/{quote(form(tickets[name]['number']), safe='')}", token=token).json
        for name, form in forms.items()
    }
    scans = {name: scan(token, quote(form(tickets[name]["id"]), safe="")).status for name, form in forms.items()}

    assert shown == tickets
    assert scans == dict.fromkeys(forms, 200)
    assert {ticket["prefix"] for ticket in tickets.values()} == {"YVIP"}
    assert all(ticket["scanned_at"] for ticket in listed(token)["tickets"])


def test_a_ticket_is_let_in_once_and_every_later_scan_is_told_of_the_first(admin: Account, token: str) -> None:
    ticket = generate(token, 1)[0]
    member = make_tix_user(admin)
    first = scan(token_of(member), ticket["id"])
    assert first.status == 200
    assert first.json["success"] is True
    inside = first.json["ticket"]
    assert inside == {**ticket, "scanned_at": inside["scanned_at"], "scanned_by": member.account_id}
    assert inside["scanned_at"] is not None
    for _ in range(2):
        again = scan(token, ticket["id"])
        assert again.status == 400
        assert again.json == {
            "error": "Ticket already scanned",
            "code": "ALREADY_SCANNED",
            "request_id": again.headers["x-request-id"],
            "ticket": inside,
            "duplicate": True,
        }
    assert stored(admin, ticket["id"]).scanned_by == member.account_id


def test_the_same_key_gets_the_first_answer_also_where_that_was_a_refusal(token: str) -> None:
    first, second = generate(token, 2)
    won = scan(token, first["id"], key="key-1")
    assert scan(token, first["id"], key="key-1").text == won.text
    assert scan(token, second["id"]).status == 200
    lost = scan(token, second["id"], key="key-2")
    again = scan(token, second["id"], key="key-2")
    assert again.headers["idempotent-replayed"] == "true"
    for name in ("error", "ticket", "duplicate"):
        assert again.json[name] == lost.json[name]


def test_a_voided_ticket_is_refused_as_voided_and_never_as_a_duplicate(admin: Account, token: str) -> None:
    scanned, fresh = generate(token, 2)
    assert scan(token, scanned["id"]).status == 200
    for ticket in (scanned, fresh):
        place = keys.organizations.numbered_ticket(organization_of(admin), stored(admin, ticket["id"]).ordinal)
        void = [NumberedTicket.voided_at.set(stored(admin, ticket["id"]).generated_at)]
        operations.record(operations.change(place, void))
        answer = scan(token, ticket["id"])
        assert (answer.status, answer.code) == (400, "TICKET_VOIDED")
        assert answer.json["duplicate"] is False
        assert answer.json["ticket"]["voided_at"] == ticket["generated_at"]
    assert stored(admin, fresh["id"]).scanned_at is None


def test_a_deleted_ticket_is_gone_and_its_number_is_not_used_again(admin: Account, token: str) -> None:
    stream = StreamReader()
    kept, gone = generate(token, 2)
    assert scan(token, gone["id"]).status == 200
    assert call("DELETE", f"{TICKETS}/{gone['id']}", token=token).json == {"success": True}
    other = token_of(make_organization(name="Another"))
    for name in (gone["id"], gone["number"]):
        for method, path in (("GET", ""), ("PUT", "/scan")):
            assert call(method, f"{TICKETS}/{name}{path}", token=token).status == 404
        again = call("DELETE", f"{TICKETS}/{name}", token=token)
        assert (again.status, again.json) == (200, {"success": True})
        assert call("DELETE", f"{TICKETS}/{name}", token=other).status == 404
    assert numbers(listed(token)) == [kept["number"]]
    assert generate(token, 1)[0]["number"] == "VIP-000003"
    stream.drain()
    assert listed(token)["total"] == 2
    assert next(numbered_tickets.of_numbers(organization_of(admin), "VIP", 1, 9)).ticket_id == kept["id"]


def test_the_list_shows_those_that_were_scanned_or_those_that_were_not(token: str) -> None:
    stream = StreamReader()
    made = generate(token, 6)
    for ticket in (made[1], made[4]):
        assert scan(token, ticket["id"]).status == 200
    stream.drain()
    scanned, others = listed(token, "filter=scanned"), listed(token, "filter=not-scanned&limit=3")
    assert (numbers(scanned), scanned["total"]) == (["VIP-000005", "VIP-000002"], 2)
    assert (numbers(others), others["total"]) == (["VIP-000006", "VIP-000004", "VIP-000003"], 4)
    assert numbers(listed(token, "filter=not-scanned&limit=3&page=2")) == ["VIP-000001"]
    # The totals follow later; the list is right at once.
    assert scan(token, made[5]["id"]).status == 200
    assert numbers(listed(token, "filter=not-scanned&limit=3")) == ["VIP-000004", "VIP-000003"]
    assert call("GET", f"{TICKETS}?filter=maybe", token=token).status == 400
    assert call("GET", f"{TICKETS}?page=0", token=token).status == 400


def test_only_an_admin_who_says_the_organizations_name_clears_its_tickets(admin: Account, token: str) -> None:
    stream = StreamReader()
    for ticket in generate(token, 4)[:2]:
        assert scan(token, ticket["id"]).status == 200
    with configured(LIMIT_NUMBERS_AT_ONCE=1):
        being_written = numbering.generate(
            organization_of(admin), GenerationInput(2, "LATE"), user_id=admin.account_id, operation_id=new_id("op")
        )
    member = token_of(make_tix_user(admin))
    assert call("DELETE", f"{TICKETS}?confirm=Lahore%20Marathon", token=member).status == 403
    for wrong in ("", "?confirm=lahore%20marathon", "?confirm=Another"):
        answer = call("DELETE", f"{TICKETS}{wrong}", token=token)
        assert (answer.status, answer.json["details"][0]["field"]) == (400, "confirm")
    assert listed(token)["total"] == 4
    assert call("DELETE", f"{TICKETS}?confirm=Lahore%20Marathon", token=token).json == {"success": True}
    assert listed(token)["tickets"] == []
    assert not numbering.run_step(being_written.job_id)
    stream.drain()
    assert numbers(listed(token)) == ["LATE-000002", "LATE-000001"]
    assert listed(token)["total"] == 2
    assert generate(token, 1)[0]["number"] == "VIP-000005"


@pytest.mark.parametrize("typed", ["Caf\u00e9 S\u00fcd", "Cafe\u0301 Su\u0308d", " Caf\u00e9 S\u00fcd\n"])
def test_the_name_that_clears_is_read_as_it_is_where_it_is_stored(typed: str) -> None:
    token = token_of(make_organization(name="Caf\u00e9 S\u00fcd"))
    generate(token, 1)
    assert call("DELETE", f"{TICKETS}?confirm={quote(typed)}", token=token).json == {"success": True}


def test_two_organizations_know_nothing_of_each_others_tickets(token: str) -> None:
    mine = generate(token, 2)
    other = token_of(make_organization(name="Another"))
    assert [ticket["number"] for ticket in generate(other, 1)] == ["VIP-000001"]
    for name in (mine[1]["id"], mine[1]["number"]):
        for method, path in (("GET", ""), ("PUT", "/scan"), ("DELETE", "")):
            assert call(method, f"{TICKETS}/{name}{path}", token=other).status == 404
    assert numbers(listed(other)) == ["VIP-000001"]
    assert call("DELETE", f"{TICKETS}?confirm={NAME.replace(' ', '%20')}", token=other).status == 400
    assert numbers(listed(token)) == ["VIP-000002", "VIP-000001"]
    assert call("GET", f"{TICKETS}/{mine[0]['id']}", token=token).json == mine[0]


def test_clearing_goes_on_below_tickets_that_were_deleted_just_before(admin: Account, token: str) -> None:
    stream = StreamReader()
    generate(token, 120)
    # As many as one transaction deletes, and none of them is counted yet.
    for ticket in listed(token, "limit=99")["tickets"]:
        numbered_tickets.delete(organization_of(admin), ticket["id"])
    assert call("DELETE", f"{TICKETS}?confirm=Lahore%20Marathon", token=token).json == {"success": True}
    stream.drain()
    assert listed(token)["total"] == 0
