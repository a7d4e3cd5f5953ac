"""The format of a snapshot: states of tickets and cards as columns, a head, and a signature (docs/offline.md). Pure.

Names, numbers and UIDs are not in it. A ticket and a card are known by a keyed fingerprint.
"""

import hashlib
import hmac
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

StateT = TypeVar("StateT")
MAGIC = b"GHSNAP\x00\x01"
SIGNED_AS = b"gatehouse snapshot\x00"
FINGERPRINT_BYTES = 6
# A removed ticket or card, for devices that had it.
REMOVED = 7
_TICKET, _CARD = b"ticket\x00", b"card\x00"
_MOST_CREDENTIAL = 2**16 - 1
_MOST_LINKS = 255
_SECURE_BIT = 3
_PRESENCE_BIT = 3
_DISPUTED_BIT = 5
# Seconds before and after the epoch of a chain.
_EPOCH = 2**31
# The digits of a ULID (Crockford's base 32), and Python's for the same values.
_DIGITS = str.maketrans("0123456789ABCDEFGHJKMNPQRSTVWXYZ", "0123456789abcdefghijklmnopqrstuv")
_ULID_LETTERS, _ULID_BYTES = 26, 16


# Python's collector has nothing to find in these, and would walk through each of 200,000 again and again: `gc=False`.
class GateTicket(Struct, frozen=True, gc=False):
    """What a gate must know of a ticket: `status` and `presence` as the format's numbers, `last_at` in seconds."""

    ticket_id: str
    status: int
    presence: int = 0
    disputed: bool = False
    credential: int = 1
    last_at: int | None = None


class GateCard(Struct, frozen=True, gc=False):
    """What a gate must know of a card: the tickets of the event that it opens, in the order of their taps.

    `counter` is the highest accepted read counter of a secure card; None before its first tap.
    """

    uid: str
    status: int
    secure: bool = False
    counter: int | None = None
    ticket_ids: tuple[str, ...] = ()


class Body(Struct, frozen=True):
    """The compressed tables, the length of each, the tickets' fingerprints, and whether two are alike."""

    content: bytes
    sections: Mapping[str, int]
    prints: Mapping[str, bytes]
    has_twins: bool = False


def ticket_fingerprint(key: bytes, ticket_id: str) -> bytes:
    """Return the fingerprint of a ticket. Raises ValueError for an id without a ULID."""
    ulid = ticket_id.rpartition("_")[2]
    if len(ulid) != _ULID_LETTERS:
        raise ValueError("not the id of a ticket")
    # Python's own digits of base 32, which it reads five times faster than a library does: 100,000 tickets.
    return _fingerprint(key, _TICKET + int(ulid.translate(_DIGITS), 32).to_bytes(_ULID_BYTES, "big"))


def card_fingerprint(key: bytes, uid: str) -> bytes:
    """Return the fingerprint of a card with this UID in hex."""
    return _fingerprint(key, _CARD + bytes.fromhex(uid))


def _fingerprint(key: bytes, thing: bytes) -> bytes:
    return hmac.digest(key, thing, hashlib.sha256)[:FINGERPRINT_BYTES]


def body(tickets: Iterable[GateTicket], cards: Iterable[GateCard], *, key: bytes, epoch: int) -> Body:
    """Return the tables of a full snapshot or of a delta.

    A card's tickets must be among `tickets`; others are left out, since no gate could judge them.
    """
    by_print = _by_print((ticket_fingerprint(key, each.ticket_id), each) for each in _once(tickets))
    cards_by_print = _by_print((card_fingerprint(key, card.uid), card) for card in cards)
    place = {ticket.ticket_id: number for number, (_, ticket) in enumerate(by_print)}
    links = [[place[each] for each in card.ticket_ids if each in place][:_MOST_LINKS] for _, card in cards_by_print]
    secure = [
        (number, card.counter)
        for number, (_, card) in enumerate(cards_by_print)
        if card.secure and card.counter is not None
    ]
    columns = [
        b"".join(mark for mark, _ in by_print),
        bytes(_ticket_byte(ticket) for _, ticket in by_print),
        _column((min(ticket.credential, _MOST_CREDENTIAL) for _, ticket in by_print), 2),
        _column((_since(ticket.last_at, epoch) for _, ticket in by_print), 4),
        b"".join(mark for mark, _ in cards_by_print),
        bytes(card.status | card.secure << _SECURE_BIT for _, card in cards_by_print),
        bytes(len(each) for each in links),
        _column((number for each in links for number in each), 3),
        _column((number for number, _ in secure), 3),
        _column((counter for _, counter in secure), 3),
    ]
    sections = {
        "tickets": len(by_print),
        "cards": len(cards_by_print),
        "links": sum(map(len, links)),
        "secure": len(secure),
    }
    prints = {ticket.ticket_id: mark for mark, ticket in by_print}
    has_twins = _has_twins(by_print) or _has_twins(cards_by_print)
    return Body(_deflated(b"".join(columns)), sections, prints, has_twins=has_twins)


def sealed(head: Mapping[str, Any], content: bytes, *, signed_by: Ed25519PrivateKey) -> bytes:
    """Return a whole snapshot: its head and its compressed tables, signed."""
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    unsigned = b"".join([MAGIC, len(text).to_bytes(4, "big"), text, content])
    return unsigned + signed_by.sign(SIGNED_AS + unsigned)


def _by_print(marked: Iterable[tuple[bytes, StateT]]) -> list[tuple[bytes, StateT]]:
    return sorted(marked, key=lambda each: each[0])


def _once(tickets: Iterable[GateTicket]) -> Iterable[GateTicket]:
    return {ticket.ticket_id: ticket for ticket in tickets}.values()


def _ticket_byte(ticket: GateTicket) -> int:
    return ticket.status | ticket.presence << _PRESENCE_BIT | ticket.disputed << _DISPUTED_BIT


def _since(last_at: int | None, epoch: int) -> int:
    """Return a time in seconds from the epoch, above 0, which means none."""
    if last_at is None:
        return 0
    return min(max(last_at - epoch + _EPOCH, 1), 2**32 - 1)


def _column(numbers: Iterable[int], width: int) -> bytes:
    return b"".join(number.to_bytes(width, "big") for number in numbers)


def _has_twins(marked: Sequence[tuple[bytes, Any]]) -> bool:
    return any(one[0] == other[0] for one, other in pairwise(marked))


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()
