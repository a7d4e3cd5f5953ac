"""A customer's tickets: the list, each of them, and the QR code that opens the gate."""

import base64
import io
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
import segno
from PIL import Image

from chalicelib import clock
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import tickets
from chalicelib.table.items import Account
from chalicelib.vocabulary.tickets import TicketStatus
from tests.portals.webapp.evening import Evening, ask, card_of, listed, make_evening
from tests.support import purchases
from tests.support.factories import make_ticket

pytestmark = pytest.mark.usefixtures("moto_cloud")

PNG = "image/png"


def test_a_ticket_shows_what_its_owner_must_know(evening: Evening, ayesha: Account) -> None:
    card = card_of(ayesha, "04AA0000000001")
    ticket = evening.sell(ayesha)
    expected = {
        "id": ticket.ticket_id,
        "number": ticket.number,
        "event": {
            "id": evening.event.event_id,
            "title": "Qawwali Night",
            "starts_at": clock.to_text(evening.event.starts_at),
            "venue_name": None,
        },
        "category": {"id": evening.category.category_id, "name": "Standard", "tier": None},
        "holder": {"name": "Ayesha Khan", "dependent_id": None},
        "status": "valid",
        "scan_status": "not_scanned",
        "scanned_at": None,
        "card_id": card.card_id,
        "purchased_at": clock.to_text(ticket.issued_at),
        "message": None,
        "price": {"amount": "1500.00", "currency": "PKR"},
    }
    assert ask(ayesha, "GET", f"{ticket.ticket_id}/").json == expected
    assert ask(ayesha, "GET", "").json == {"results": [expected], "next": None, "count": None}


def test_a_ticket_that_was_scanned_is_used(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    evening.scan(ticket_id=ticket.ticket_id)
    shown = ask(ayesha, "GET", f"{ticket.ticket_id}/").json
    assert (shown["status"], shown["scan_status"]) == ("used", "scanned")
    assert datetime.fromisoformat(shown["scanned_at"]) <= clock.now()


def test_anothers_ticket_is_not_there(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    for path in ("", "qr-code/"):
        for foreign in (ticket.ticket_id, make_ticket(evening.event).ticket_id, "tkt_unknown"):
            answer = ask(bilal, "GET", f"{foreign}/{path}")
            assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert listed(bilal) == []


def test_the_newest_ticket_comes_first_and_every_page_leads_to_the_next(evening: Evening, ayesha: Account) -> None:
    sold = [evening.sell(ayesha).ticket_id for _ in range(5)]
    found: list[str] = []
    query = "?page_size=2"
    for size in (2, 2, 1):
        page = ask(ayesha, "GET", query).json
        assert len(page["results"]) == size
        found += [ticket["id"] for ticket in page["results"]]
        query = f"?page_size=2&cursor={quote(page['next'] or '')}"
    assert page["next"] is None
    assert found == sold[::-1]


def test_the_list_is_narrowed_by_status_event_and_time(evening: Evening, ayesha: Account) -> None:
    now = clock.now()
    over = make_evening(starts_at=now - timedelta(days=2), ends_at=now + timedelta(minutes=1))
    past, used, valid, cancelled = (where.sell(ayesha).ticket_id for where in (over, evening, evening, evening))
    evening.scan(ticket_id=used)
    tickets.set_status(cancelled, TicketStatus.CANCELLED)
    reserved = purchases.book(ayesha, evening.category).tickets[0]["ticket_id"]
    with clock.set_to(now + timedelta(minutes=2)):
        assert listed(ayesha) == [reserved, cancelled, valid, used, past]
        assert listed(ayesha, "upcoming=true") == [reserved, cancelled, valid, used]
        assert listed(ayesha, "upcoming=false") == [past]
        assert listed(ayesha, f"event_id={over.event.event_id}") == [past]
        for status, expected in {"valid": [valid, past], "used": [used], "reserved": [reserved]}.items():
            assert listed(ayesha, f"status={status}") == expected
        assert listed(ayesha, "status=cancelled&upcoming=true") == [cancelled]
        assert listed(ayesha, "status=refunded") == []
    for wrong in ("status=lost", "upcoming=perhaps"):
        assert ask(ayesha, "GET", f"?{wrong}").code == "VALIDATION_ERROR"


def test_a_reservation_that_is_over_is_not_shown_swept_or_not(evening: Evening, ayesha: Account) -> None:
    order = purchases.book(ayesha, evening.category)
    ticket_id = order.tickets[0]["ticket_id"]
    assert listed(ayesha) == [ticket_id]
    with clock.set_to(order.expires_at):
        assert listed(ayesha) == []
        assert ask(ayesha, "GET", f"{ticket_id}/").status == 404
        assert orders.expire(order.order_id)
        assert listed(ayesha) == []


def test_a_filter_that_fits_little_gives_short_pages_that_lead_on(evening: Evening, ayesha: Account) -> None:
    rare = make_evening().sell(ayesha).ticket_id
    holder = tickets.Holder(name=ayesha.name, customer_id=ayesha.account_id)
    tickets.issue_many(
        tickets.TicketToIssue(event_id=evening.event.event_id, holder=holder, number=f"N-{n}") for n in range(520)
    )
    query = f"?status=valid&event_id={tickets.get(rare).event_id}"
    first = ask(ayesha, "GET", query).json
    assert first["results"] == []
    second = ask(ayesha, "GET", f"{query}&cursor={quote(first['next'])}").json
    assert [ticket["id"] for ticket in second["results"]] == [rare]
    assert second["next"] is None


def test_the_code_opens_the_gate_until_the_gates_close(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    code = ask(ayesha, "GET", f"{ticket.ticket_id}/qr-code/").json
    assert code["ticket_id"] == ticket.ticket_id
    assert code["payload"] == tickets.code(ticket)
    assert code["expires_at"] == clock.to_text(evening.event.ends_at)
    assert evening.scan(qr=code["payload"]) == ("valid", None)


def modules(png: bytes, *, scale: int = 8, border: int = 4) -> list[list[bool]]:
    """Return which modules of a picture are dark, without its quiet zone."""
    picture = Image.open(io.BytesIO(png)).convert("L")
    count = picture.width // scale - 2 * border
    places = [(place + border) * scale + scale // 2 for place in range(count)]
    return [[picture.getpixel((x, y)) == 0 for x in places] for y in places]


def test_the_picture_is_the_codes(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    code = ask(ayesha, "GET", f"{ticket.ticket_id}/qr-code/").json
    media_type, _, content = code["image"].removeprefix("data:").partition(";base64,")
    drawn = base64.b64decode(content)
    assert media_type == PNG
    expected = segno.make(tickets.code(ticket), error="m", micro=False).matrix
    assert modules(drawn) == [[module == 1 for module in row] for row in expected]
    assert segno.make(tickets.code(ticket), error="m", micro=False).mode == "alphanumeric"


@pytest.mark.parametrize("accept", [PNG, f"{PNG}, application/json;q=0.5", f"text/html,{PNG.upper()};q=0.9,*/*"])
def test_who_accepts_a_picture_gets_it_as_it_is(evening: Evening, ayesha: Account, accept: str) -> None:
    path = f"{evening.sell(ayesha).ticket_id}/qr-code/"
    answer = ask(ayesha, "GET", path, headers={"accept": accept})
    assert (answer.status, answer.headers["content-type"]) == (200, PNG)
    _, _, content = ask(ayesha, "GET", path).json["image"].partition(";base64,")
    assert answer.content == base64.b64decode(content)


@pytest.mark.parametrize("accept", ["application/json, text/plain, */*", "*/*", "application/json, image/png", ""])
def test_who_accepts_anything_gets_json(evening: Evening, ayesha: Account, accept: str) -> None:
    path = f"{evening.sell(ayesha).ticket_id}/qr-code/"
    assert "payload" in ask(ayesha, "GET", path, headers={"accept": accept}).json


def test_only_a_valid_ticket_has_a_code(evening: Evening, ayesha: Account) -> None:
    reserved = purchases.book(ayesha, evening.category).tickets[0]["ticket_id"]
    dead = evening.sell(ayesha).ticket_id
    tickets.set_status(dead, TicketStatus.REFUNDED)
    for ticket_id in (reserved, dead):
        for accept in (PNG, "application/json"):
            answer = ask(ayesha, "GET", f"{ticket_id}/qr-code/", headers={"accept": accept})
            assert (answer.status, answer.code) == (409, "INVALID_STATE")
