"""A customer's dependents: up to ten family members for whom the customer buys tickets.

Blood type and emergency contact are encrypted under the customer's data key. The field's name, part of the associated
data, includes the dependent's id. So the encrypted data of one dependent cannot be decrypted as another's.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import idempotency, paging
from chalicelib.domain.cards import cards
from chalicelib.domain.crypto import encryption
from chalicelib.domain.customers.customers import EmergencyContact
from chalicelib.domain.paging import Page, PageRequest
from chalicelib.errors import Conflict, NotFound
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, CustomerTotals, Dependent
from chalicelib.table.operations import Write
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.customers import BloodType

# Limit per customer (contract, "The rest").
MOST = 10
_PLAIN = ("name", "relation", "date_of_birth")
_SEALED = ("blood_type", "emergency_contact")


class DependentDetails(Struct, frozen=True):
    """A dependent's data as entered. `card_id` is the id or UID of one of the customer's own cards."""

    name: str
    relation: str
    date_of_birth: date | None = None
    blood_type: BloodType | None = None
    emergency_contact: EmergencyContact | None = None
    card_id: str | None = None


class OwnDependent(Struct, frozen=True):
    """A dependent as shown to the customer, decrypted."""

    id: str
    details: DependentDetails


def own(customer_id: str, dependent_id: str) -> Dependent:
    """Return one of a customer's dependents. Raises NotFound."""
    dependent = operations.get(keys.customers.dependent(customer_id, dependent_id))
    if dependent is None:
        raise NotFound("There is no such dependent.")
    return dependent


def of(customer_id: str) -> list[OwnDependent]:
    """Return a customer's dependents in the order of their creation."""
    place = keys.customers.dependent(customer_id)
    raws = operations.query(place.pk, Begins(place.sk), consistent=True)
    return _unsealed(customer_id, [Dependent.from_raw_data(raw) for raw in raws])


def page(customer_id: str, *, page_size: int, cursor: str | None) -> Page[OwnDependent]:
    """Return a page of a customer's dependents, as `of` orders them. Raises InvalidCursor."""
    asked = PageRequest(f"dependents/{customer_id}", page_size, cursor)
    return paging.part(asked, of(customer_id), name=lambda one: one.id)


def add(customer_id: str, details: DependentDetails, *, operation_id: str) -> OwnDependent:
    """Add a dependent. Idempotent by `operation_id`.

    Raises Conflict if the customer has ten already, NotFound for a card that is not theirs, ValidationFailed.
    """
    dependent = _item(customer_id, new_id("dpd"), details)
    writes = [
        idempotency.once(operation_id, dependent.dependent_id),
        _counted(customer_id, 1),
        operations.put(dependent, Dependent.pk.does_not_exist()),
        *_card_is_own(customer_id, dependent.card_uid),
    ]
    try:
        operations.commit(*writes)
    except operations.ConditionFailed as failure:
        if 0 in failure.failures:
            return _shown(own(customer_id, idempotency.result_of(operation_id) or ""))
        if 1 in failure.failures:
            message = f"You have {MOST} dependents already, which is the most. Remove one first."
            raise Conflict(message) from failure
        raise NotFound("There is no such card.") from failure
    return _shown(dependent)


def change(customer_id: str, dependent_id: str, changes: Mapping[str, Any]) -> OwnDependent:
    """Change the given details of a dependent; None clears one.

    Raises NotFound for a dependent or a card that is not the customer's, ValidationFailed.
    """
    card = _own_card(customer_id, changes.get("card_id"))
    actions = [*_plain(changes), *_sealed(customer_id, dependent_id, changes)]
    if "card_id" in changes:
        pair = ((Dependent.card_id, card and card.card_id), (Dependent.card_uid, card and card.uid))
        actions += [attribute.set(value) if value else attribute.remove() for attribute, value in pair]
    if actions:
        write = operations.change(keys.customers.dependent(customer_id, dependent_id), actions, Dependent.pk.exists())
        try:
            operations.commit(write, *_card_is_own(customer_id, card.uid if card else None))
        except operations.ConditionFailed as failure:
            missing = "dependent" if 0 in failure.failures else "card"
            raise NotFound(f"There is no such {missing}.") from failure
    return _shown(own(customer_id, dependent_id))


def _plain(changes: Mapping[str, Any]) -> list[Action]:
    attributes = {name: getattr(Dependent, name) for name in _PLAIN if name in changes}
    return [
        attribute.remove() if changes[name] is None else attribute.set(changes[name])
        for name, attribute in attributes.items()
    ]


def _sealed(customer_id: str, dependent_id: str, changes: Mapping[str, Any]) -> list[Action]:
    """Return the changes of the encrypted details; the data key is decrypted only if one is set."""
    named = {name: changes[name] for name in _SEALED if name in changes}
    envelope = encryption.envelope(customer_id) if any(named.values()) else None
    actions: list[Action] = []
    for name, value in named.items():
        attribute = getattr(Dependent, name)
        if value is None or envelope is None:
            actions.append(attribute.remove())
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            actions.append(attribute.set(envelope.seal(_field(name, dependent_id), text)))
    return actions


def remove(customer_id: str, dependent_id: str) -> None:
    """Remove a dependent. Tickets bought for them do not change. Raises NotFound."""
    gone = operations.remove(keys.customers.dependent(customer_id, dependent_id), Dependent.pk.exists())
    try:
        operations.commit(gone, _counted(customer_id, -1))
    except operations.ConditionFailed as failure:
        raise NotFound("There is no such dependent.") from failure


def _own_card(customer_id: str, name: str | None) -> Card | None:
    card = cards.find(name) if name else None
    if name and (card is None or card.customer_id != customer_id):
        raise NotFound("There is no such card.")
    return card


def _item(customer_id: str, dependent_id: str, details: DependentDetails) -> Dependent:
    card = _own_card(customer_id, details.card_id)
    dependent = Dependent(
        *keys.customers.dependent(customer_id, dependent_id),
        dependent_id=dependent_id,
        customer_id=customer_id,
        name=details.name,
        relation=details.relation,
        date_of_birth=details.date_of_birth.isoformat() if details.date_of_birth else None,
        card_id=card.card_id if card else None,
        card_uid=card.uid if card else None,
        created_at=clock.now(),
    )
    if details.blood_type or details.emergency_contact:
        envelope = encryption.envelope(customer_id)
        if details.blood_type:
            dependent.blood_type = envelope.seal(_field("blood_type", dependent_id), details.blood_type)
        if details.emergency_contact:
            contact = json.dumps(asdict(details.emergency_contact))
            dependent.emergency_contact = envelope.seal(_field("emergency_contact", dependent_id), contact)
    return dependent


def _field(name: str, dependent_id: str) -> str:
    return f"dependent/{dependent_id}/{name}"


def _shown(dependent: Dependent) -> OwnDependent:
    return _unsealed(dependent.customer_id, [dependent])[0]


def _unsealed(customer_id: str, dependents: list[Dependent]) -> list[OwnDependent]:
    """Return dependents as shown to the customer. The data key is decrypted once, and only if needed."""
    sealed = any(one.blood_type or one.emergency_contact for one in dependents)
    key = operations.get(keys.access.data_key(customer_id)) if sealed else None
    envelope = encryption.existing_envelope(customer_id, key) if sealed else None

    def text(one: Dependent, name: str) -> str | None:
        held = getattr(one, name)
        return envelope.open(_field(name, one.dependent_id), bytes(held)) if envelope and held else None

    found = []
    for one in dependents:
        blood_type, contact = text(one, "blood_type"), text(one, "emergency_contact")
        details = DependentDetails(
            name=one.name,
            relation=one.relation,
            date_of_birth=date.fromisoformat(one.date_of_birth) if one.date_of_birth else None,
            blood_type=BloodType(blood_type) if blood_type else None,
            emergency_contact=EmergencyContact(**json.loads(contact)) if contact else None,
            card_id=one.card_id,
        )
        found.append(OwnDependent(one.dependent_id, details))
    return found


def _counted(customer_id: str, step: int) -> Write:
    """Return the write that updates the number of dependents and fails above MOST."""
    number = CustomerTotals.dependents
    return operations.change(
        keys.customers.totals(customer_id),
        [number.add(step), CustomerTotals.kind.set(CustomerTotals), CustomerTotals.customer_id.set(customer_id)],
        number > 0 if step < 0 else number.does_not_exist() | (number < MOST),
    )


def _card_is_own(customer_id: str, uid: str | None) -> list[Write]:
    """Return the check that fails if the card changed its owner after the read."""
    return [operations.check(keys.cards.card(uid), Card.customer_id == customer_id)] if uid is not None else []
