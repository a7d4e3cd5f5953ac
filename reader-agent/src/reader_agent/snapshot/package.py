"""The bytes of `GET /api/device/snapshot/`: checked in full before anything of them is used.

The layout is in the platform's `docs/offline.md`. Nothing is unpacked before the signature was verified, and each size
has a bound.
"""

import sys
import zlib
from array import array
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reader_agent.failures import AgentError
from reader_agent.ticket_code import PlatformKeys

MAGIC = b"GHSNAP\x00\x01"
LABEL = b"gatehouse snapshot\x00"
# A hundred thousand tickets need some 2 MB, and their names 10 MB.
LONGEST_BYTES = 64 * 1024 * 1024
FINGERPRINT_BYTES = 6
_SIGNATURE_BYTES = 64
_MOST_ROWS = 2_000_000


class SnapshotRefused(AgentError):
    """A snapshot that must not be used; the text says why."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Peer(_Part):
    """Another device of the event."""

    device_id: Annotated[str, Field(max_length=100)]
    gate: Annotated[str, Field(max_length=300)] | None = None
    public_key: Annotated[str, Field(max_length=100)]


class Hub(_Part):
    """The agent that serves the others on the local network."""

    device_id: Annotated[str, Field(max_length=100)]
    address: Annotated[str, Field(max_length=300)]


class Sections(_Part):
    """How many rows each table has."""

    tickets: Annotated[int, Field(ge=0, le=_MOST_ROWS)]
    cards: Annotated[int, Field(ge=0, le=_MOST_ROWS)]
    links: Annotated[int, Field(ge=0, le=_MOST_ROWS)]
    secure: Annotated[int, Field(ge=0, le=_MOST_ROWS)]

    @property
    def body_bytes(self) -> int:
        """The length of the unpacked body."""
        return self.tickets * 13 + self.cards * 8 + self.links * 3 + self.secure * 6


class Event(_Part):
    """What the rule asks of the event."""

    event_id: Annotated[str, Field(max_length=200)]
    status: Annotated[str, Field(max_length=40)]
    opens_at: datetime
    closes_at: datetime
    scanning_enabled: bool
    re_entry_allowed: bool
    timezone: Annotated[str, Field(max_length=100)] = "UTC"


class Head(_Part):
    """The part of a snapshot that is no table."""

    event_id: str
    device_id: str
    cursor: Annotated[str, Field(min_length=1, max_length=500)]
    since: Annotated[str, Field(max_length=500)] | None = None
    # Whether the changes go on after this cursor.
    more: bool = False
    epoch: datetime | None = None
    generated_at: datetime
    expires_at: datetime
    count: int
    key_id: str
    sections: Sections
    fingerprint_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}=?$")]
    peers: Annotated[list[Peer], Field(max_length=1000)] = Field(default_factory=list)
    hub: Hub | None = None
    event: Event
    names: str | None = None


@dataclass(frozen=True)
class Package:
    """A full snapshot or a delta, as tables of columns; `links` are fingerprints of tickets."""

    head: Head
    tickets: "array[int]"
    ticket_states: bytes
    credentials: "array[int]"
    since: "array[int]"
    cards: "array[int]"
    card_states: bytes
    # Where the links of each card begin; one more than there are cards.
    link_starts: "array[int]"
    links: "array[int]"
    counters: dict[int, int]

    @classmethod
    def read(cls, data: bytes, keys: PlatformKeys, *, event_id: str, device_id: str) -> Self:
        """Return the content of a snapshot for this device. Raises SnapshotRefused."""
        head, rest = _verified_head(data, keys)
        if head.event_id != event_id or head.event.event_id != event_id:
            raise SnapshotRefused(f"the snapshot is of another event ({head.event_id})")
        if head.device_id != device_id:
            raise SnapshotRefused(f"the snapshot was made for another device ({head.device_id})")
        body = _unpack(rest, head.sections.body_bytes)
        try:
            return cls._of_columns(head, body)
        except (ValueError, IndexError, OverflowError) as error:
            raise SnapshotRefused(f"the snapshot's tables contradict each other ({error})") from None

    @classmethod
    def _of_columns(cls, head: Head, body: bytes) -> Self:
        take, sections = _Taker(body), head.sections
        tickets = take.numbers(sections.tickets, FINGERPRINT_BYTES)
        ticket_states = take.raw(sections.tickets)
        credentials, since = take.numbers(sections.tickets, 2), take.numbers(sections.tickets, 4)
        cards = take.numbers(sections.cards, FINGERPRINT_BYTES)
        card_states, link_counts = take.raw(sections.cards), take.raw(sections.cards)
        linked = take.numbers(sections.links, 3)
        secure, counters = take.numbers(sections.secure, 3), take.numbers(sections.secure, 3)
        _require_ascending(tickets)
        _require_ascending(cards)
        if sum(link_counts) != len(linked):
            raise ValueError("the links do not fit the cards")
        starts, place = array("I", [0]), 0
        for count in link_counts:
            place += count
            starts.append(place)
        return cls(
            head=head,
            tickets=tickets,
            ticket_states=ticket_states,
            credentials=credentials,
            since=since,
            cards=cards,
            card_states=card_states,
            link_starts=starts,
            links=array("Q", [tickets[index] for index in linked]),
            counters={cards[index]: counter for index, counter in zip(secure, counters, strict=True)},
        )


class _Taker:
    """Takes columns off a body, one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)

    def raw(self, count: int) -> bytes:
        """Return a column of single bytes."""
        column, self._body = self._body[:count], self._body[count:]
        return bytes(column)

    def numbers(self, count: int, width: int) -> "array[int]":
        """Return a column of big-endian numbers of `width` bytes."""
        column = self.raw(count * width)
        numbers = array("I" if width <= 4 else "Q")
        size = numbers.itemsize
        padded = bytearray(size * count)
        for place in range(width):
            padded[size - width + place :: size] = column[place::width]
        numbers.frombytes(bytes(padded))
        if sys.byteorder == "little":
            numbers.byteswap()
        return numbers


def _require_ascending(fingerprints: "array[int]") -> None:
    if any(left >= right for left, right in pairwise(fingerprints)):
        raise ValueError("the fingerprints are not in order")


def _verified_head(data: bytes, keys: PlatformKeys) -> tuple[Head, memoryview]:
    if len(data) > LONGEST_BYTES:
        raise SnapshotRefused(f"the snapshot is over {LONGEST_BYTES // 1024 // 1024} MB")
    if len(data) < len(MAGIC) + 4 + _SIGNATURE_BYTES or not data.startswith(MAGIC[:-1]):
        raise SnapshotRefused("the answer is no snapshot")
    if data[: len(MAGIC)] != MAGIC:
        raise SnapshotRefused(
            f"the snapshot has layout {data[len(MAGIC) - 1]}, this agent knows {MAGIC[-1]}: update it"
        )
    signed, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    signer = next((name for name, key in keys.items() if _has_signed(key, signature, signed)), None)
    if signer is None:
        raise SnapshotRefused(
            "the snapshot's signature is not this platform's: it was changed on the way, or signed with another key"
        )
    start = len(MAGIC) + 4
    end = start + int.from_bytes(data[len(MAGIC) : start])
    if end > len(signed):
        raise SnapshotRefused("the snapshot's head is cut")
    try:
        head = Head.model_validate_json(signed[start:end])
    except ValidationError as error:
        first = error.errors()[0]
        raise SnapshotRefused(f"the snapshot's head is not readable ({first['loc']}: {first['msg']})") from None
    if head.key_id != signer:
        raise SnapshotRefused(f"the snapshot names the key {head.key_id}, which this device does not have")
    return head, memoryview(signed)[end:]


def _has_signed(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, LABEL + signed)
    except InvalidSignature:
        return False
    return True


def _unpack(packed: memoryview, length: int) -> bytes:
    """Return the unpacked body, which must have this length: a bomb does not get further."""
    unpacker = zlib.decompressobj(wbits=-15)
    try:
        body = unpacker.decompress(packed, length + 1)
    except zlib.error as error:
        raise SnapshotRefused(f"the snapshot's body cannot be unpacked ({error})") from None
    if len(body) != length or not unpacker.eof or unpacker.unused_data:
        raise SnapshotRefused("the snapshot's body has another length than its head says")
    return body
