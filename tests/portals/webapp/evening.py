"""An evening with sold tickets whose gates are open: the arrangement of the tests of tickets."""

from dataclasses import dataclass
from typing import Any

from chalicelib.config import config
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Category, Event, Item, Ticket
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.cards import CardStatus
from tests.support import purchases
from tests.support.client import Answer, call
from tests.support.factories import customer_token, scan_id, usher_token


@dataclass(frozen=True)
class Evening:
    """A show with one category on sale; its gates are open, and refunds end a day before it starts."""

    event: Event
    category: Category

    def sell(self, customer: Account) -> Ticket:
        """Sell a ticket."""
        order = purchases.book(customer, self.category)
        purchases.pay(order)
        return tickets.get(order.tickets[0]["ticket_id"])

    def scan(self, **shown: str) -> tuple[str, str | None]:
        """Hold something to the usher's reader; return the verdict."""
        token = usher_token(self.event)
        answer = call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), **shown}, token=token).json
        return answer["result"], answer["reason"]


def make_evening(**changes: Any) -> Evening:
    return Evening(*purchases.make_show(gates_are_open=True, **changes))


def card_of(customer: Account, uid: str, status: CardStatus = CardStatus.ACTIVE) -> Card:
    """Give a customer a card."""
    return cards.register(CardRegistration(uid=uid, customer_id=customer.account_id, status=status))


def opened_by(card: Card) -> dict[str, list[str]]:
    """Return what a card opens now."""
    found = cards.find(card.uid)
    assert found is not None
    return dict(found.tickets)


def ask(customer: Account, method: str, path: str, body: Any = None, *, key: str | None = None, **more: Any) -> Answer:
    """Send a customer's request about their tickets."""
    headers = {"idempotency-key": key} if key else {}
    token = customer_token(customer)
    return call(method, f"/api/v1/users/tickets/{path}", body, token=token, headers=headers | more.pop("headers", {}))


def listed(customer: Account, query: str = "") -> list[str]:
    """Return the ids of a customer's tickets as the list shows them."""
    return [ticket["id"] for ticket in ask(customer, "GET", f"?{query}").json["results"]]


def forget_answers() -> None:
    """Delete all stored answers to Idempotency-Keys, as their TTL does after 72 hours."""
    client: Any = operations.client()
    for raw in client.scan(TableName=config().table_name, ConsistentRead=True)["Items"]:
        if raw["kind"]["S"] == "idempotency":
            client.delete_item(TableName=config().table_name, Key={"pk": raw["pk"], "sk": raw["sk"]})


def raw_ticket(ticket_id: str) -> str:
    """Return a ticket as it is stored."""
    return repr(tickets.get(ticket_id).serialize())


def whole_table() -> str:
    """Return everything that is stored, as text."""
    client: Any = operations.client()
    return str(client.scan(TableName=config().table_name, ConsistentRead=True)["Items"])


def beside(ticket_id: str, prefix: str) -> list[Item]:
    """Return a ticket's closed gifts and refund requests."""
    raws = operations.query(keys.tickets.ticket(ticket_id).pk, Begins(prefix), consistent=True)
    return [Item.from_raw_data(raw) for raw in raws]
