"""A customer's dependents: the members of a family for whom somebody buys tickets, at most ten of them."""

from dataclasses import dataclass
from datetime import date

from chalicelib import clock
from chalicelib.domain import cards, idempotency
from chalicelib.errors import Conflict, NotFound
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, CustomerTotals, Dependent
from chalicelib.table.operations import Write

# Contract, "The rest".
MOST = 10


@dataclass(frozen=True, slots=True)
class Details:
    """What a customer says of a dependent; `card_id` is one of the customer's own cards, by its id or UID."""

    name: str
    relation: str
    date_of_birth: date | None = None
    card_id: str | None = None


def own(customer_id: str, dependent_id: str) -> Dependent:
    """Return one of a customer's dependents. Raises NotFound."""
    dependent = operations.get(Dependent, keys.dependent(customer_id, dependent_id))
    if dependent is None:
        raise NotFound("There is no such dependent.")
    return dependent


def of(customer_id: str) -> list[Dependent]:
    """Return a customer's dependents, the first added first."""
    place = keys.dependent(customer_id)
    raws = operations.query(place.pk, begins=place.sk, consistent=True)
    return [Dependent.from_raw_data(raw) for raw in raws]


def add(customer_id: str, details: Details, *, operation_id: str) -> Dependent:
    """Add a dependent; the same operation again returns the one that it added.

    Raises Conflict where the customer has ten already, NotFound for a card that is not theirs, ValidationFailed.
    """
    dependent = _item(customer_id, new_id("dpd"), details)
    writes = [
        idempotency.once(operation_id, dependent.dependent_id),
        _counted(customer_id, 1),
        operations.put(dependent, Dependent.pk.does_not_exist()),
        *_card_is_own(dependent),
    ]
    try:
        operations.commit(*writes)
    except operations.ConditionFailed as failure:
        if 0 in failure.failures:
            return own(customer_id, idempotency.result_of(operation_id) or "")
        if 1 in failure.failures:
            message = f"You have {MOST} dependents already, which is the most. Remove one first."
            raise Conflict(message) from failure
        raise NotFound("There is no such card.") from failure
    return dependent


def replace(customer_id: str, dependent_id: str, details: Details) -> Dependent:
    """Replace what is said of a dependent; what is left out is forgotten.

    Raises NotFound for a dependent or a card that is not the customer's, ValidationFailed.
    """
    before = own(customer_id, dependent_id)
    dependent = _item(customer_id, dependent_id, details)
    dependent.created_at = before.created_at
    try:
        operations.commit(operations.put(dependent, Dependent.pk.exists()), *_card_is_own(dependent))
    except operations.ConditionFailed as failure:
        missing = "dependent" if 0 in failure.failures else "card"
        raise NotFound(f"There is no such {missing}.") from failure
    return dependent


def remove(customer_id: str, dependent_id: str) -> None:
    """Remove a dependent; tickets bought for them stay as they are. Raises NotFound."""
    gone = operations.remove(Dependent, keys.dependent(customer_id, dependent_id), Dependent.pk.exists())
    try:
        operations.commit(gone, _counted(customer_id, -1))
    except operations.ConditionFailed as failure:
        raise NotFound("There is no such dependent.") from failure


def _item(customer_id: str, dependent_id: str, details: Details) -> Dependent:
    card = cards.find(details.card_id) if details.card_id else None
    if details.card_id and (card is None or card.customer_id != customer_id):
        raise NotFound("There is no such card.")
    return Dependent(
        *keys.dependent(customer_id, dependent_id),
        dependent_id=dependent_id,
        customer_id=customer_id,
        name=details.name,
        relation=details.relation,
        date_of_birth=details.date_of_birth.isoformat() if details.date_of_birth else None,
        card_id=card.card_id if card else None,
        card_uid=card.uid if card else None,
        created_at=clock.now(),
    )


def _counted(customer_id: str, step: int) -> Write:
    """Return the write that counts dependents, and fails where there would be one too many."""
    number = CustomerTotals.dependents
    return operations.change(
        CustomerTotals,
        keys.customer_totals(customer_id),
        [number.add(step), CustomerTotals.kind.set(CustomerTotals), CustomerTotals.customer_id.set(customer_id)],
        number > 0 if step < 0 else number.does_not_exist() | (number < MOST),
    )


def _card_is_own(dependent: Dependent) -> list[Write]:
    """Return the write that fails where the card went to somebody else since it was read."""
    if dependent.card_uid is None:
        return []
    place = keys.card(dependent.card_uid)
    return [operations.check(Card, place, Card.customer_id == dependent.customer_id)]
