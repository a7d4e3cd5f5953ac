"""Payouts on their way: the staff's requests, the sweep, the bus and the payments queue, for their tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import app
from chalicelib.domain.organizers import organizers
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event, Payout, Settlement
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.payouts import PayoutStatus
from tests.support import settled, sweeps
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_organizer
from tests.support.meanwhile import asked
from tests.support.streams import StreamReader

DONE: dict[str, Any] = {"batchItemFailures": []}


def iban(ending: str = "02") -> str:
    """Return a valid IBAN whose last two digits tell the sandbox bank what to do."""
    basic = f"SCBL00000011234567{ending}"
    digits = "".join(str(int(letter, 36)) for letter in f"{basic}PK00")
    return f"PK{98 - int(digits) % 97:02d}{basic}"


def make_payee(*, ending: str = "02") -> Account:
    """Create a verified organizer with a bank account."""
    organizer = make_organizer()
    give_account(organizer, ending=ending)
    return organizer


def give_account(organizer: Account, *, ending: str) -> None:
    """Give an organizer another bank account."""
    account = {"title": "Lahore Live", "iban": iban(ending)}
    organizers.change(organizer.account_id, {"bank_account": account})


def staff(role: AdminRole = AdminRole.FINANCE) -> str:
    """Return the token of another member of staff."""
    return admin_token(role)


def close(event_id: str, token: str) -> Answer:
    """Close the books of an event as staff."""
    return call("POST", "/api/finances/settlements/", {"event_id": event_id}, token=token)


def close_after(event: Event) -> Answer:
    """Close the books of an event when it is over, as a member of staff who logs in then."""
    with settled.after(event):
        return close(event.event_id, staff())


def act(payout_id: str, action: str, token: str) -> Answer:
    """Act on a payout as staff."""
    return call("PUT", f"/api/payouts/{payout_id}/", {"action": action}, token=token)


def create(settlement_id: str, token: str) -> Answer:
    """Pay out a settlement again as staff."""
    return call("POST", "/api/payouts/", {"settlement_id": settlement_id}, token=token)


def stored(payout_id: str) -> Payout:
    """Return a payout from the table."""
    found = operations.get(keys.money.payout(payout_id))
    assert found is not None
    return found


def of_event(event_id: str) -> Payout:
    """Return the payout of an event whose books are closed."""
    settlement = operations.get(keys.money.settlement(event_id))
    assert settlement is not None
    return stored(str(settlement.payout_id))


def sweep(payout_id: str) -> None:
    """Run the sweep in the minute after a payout is due."""
    sweeps.at_due(keys.money.payout(payout_id))


@contextmanager
def queue(stream: StreamReader) -> Iterator["Queue"]:
    """Collect what the bus' rule sends to the payments queue."""
    with asked("PutEvents", service="events") as published:
        yield Queue(stream, published)


class Queue:
    """The messages of payouts that are due."""

    def __init__(self, stream: StreamReader, published: list[dict[str, Any]]) -> None:
        self._stream, self._published = stream, published

    def messages(self) -> list[dict[str, Any]]:
        """Read the new records of the stream, and return the messages that follow from them."""
        self._stream.drain()
        entries = [entry for request in self._published for entry in request["Entries"]]
        self._published.clear()
        return [
            {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
            for entry in entries
            if entry["DetailType"] == "payout.due"
        ]


def deliver(*messages: dict[str, Any]) -> Any:
    """Hand messages to the payments worker as SQS does."""
    bodies = [json.dumps(message) for message in messages]
    return app.payments({"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}, None)


def due(payout_id: str) -> dict[str, Any]:
    """Return the message of a payout that is due."""
    return {"detail-type": "payout.due", "detail": {"payout_id": payout_id}}


def claim(payout_id: str) -> None:
    """Have the sweep claim a payout that is scheduled."""
    sweep(payout_id)
    assert stored(payout_id).status == PayoutStatus.PROCESSING


def put_settled(organizer_id: str, **changes: Any) -> Payout:
    """Store the closed books of an event of its own, and their payout, directly in the table."""
    event_id = new_id("evt")
    payout = settled.put_payout(organizer_id, event_id=event_id, **changes)
    books = Settlement(
        *keys.money.settlement(event_id),
        event_id=event_id,
        event_title=payout.event_title,
        organizer_id=organizer_id,
        payout_id=payout.payout_id,
        gross=payout.gross,
        refunds=payout.refunds,
        platform_fee=payout.platform_fee,
        net=payout.net,
        currency=payout.currency,
        closed_at=payout.created_at,
        closed_by="platform",
    )
    operations.record(operations.put(books))
    return payout
