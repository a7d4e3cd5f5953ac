"""NFC cards of a campus: a card belongs to one account, and attendance is marked by it."""

from chalicelib.errors import AlreadyExists, NotFound
from chalicelib.identifiers import parse_uid
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusCard
from chalicelib.table.operations import Write


def resolve(uid: str) -> str:
    """Return the account of a card, by its UID in hex, with or without separators. Raises NotFound."""
    card = operations.get(keys.campus_people.card(parse_uid(uid) or uid))
    if card is None:
        raise NotFound("card_uid: this card belongs to nobody.")
    return card.user_id


def binding(uid: str, user_id: str) -> Write:
    """Return the write that binds a card to an account; `uid` is as `parse_uid` writes it.

    It fails for a card of another account.
    """
    mine = CampusCard.pk.does_not_exist() | (CampusCard.user_id == user_id)
    return operations.put(CampusCard(*keys.campus_people.card(uid), user_id=user_id), mine)


def unbinding(uid: str, user_id: str) -> Write:
    """Return the write that frees a card of an account. It fails for a card of another account."""
    mine = CampusCard.pk.does_not_exist() | (CampusCard.user_id == user_id)
    return operations.remove(keys.campus_people.card(uid), mine)


def taken() -> AlreadyExists:
    """Return the refusal of a card that belongs to another account."""
    message = "belongs to another person; take it from them first"
    return AlreadyExists(f"card_uid: {message}.", details=[{"field": "card_uid", "message": message}])
