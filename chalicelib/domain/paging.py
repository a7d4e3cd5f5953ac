"""Pages of a list and their cursors: opaque, tamper-proof, and bound to one caller and query.

`walk` reads rows until a page is full or its read budget is spent. A page may then be short, and `next` continues.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from chalicelib.clients.secrets import SESSIONS
from chalicelib.errors import InvalidCursor
from chalicelib.table import operations
from chalicelib.table.items import Item
from chalicelib.table.places import Place
from chalicelib.table.ranges import Before, Between

ResultT = TypeVar("ResultT")
ItemT = TypeVar("ItemT", bound=Item)
RowT = TypeVar("RowT")
ShownT = TypeVar("ShownT")
DEFAULT_SIZE = 20
MAX_SIZE = 100
_PURPOSE = "cursor"
_MAC_BYTES = 16


class Page(Struct, Generic[ResultT], frozen=True):
    """One page of a list. `next` is the cursor of the next page; `count` is the length of the list, if cheap."""

    results: Sequence[ResultT]
    next: str | None = None
    count: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def showing(self, results: Sequence[ShownT]) -> "Page[ShownT]":
        """Return the same page with other representations of its results."""
        return Page(results=results, next=self.next, count=self.count, extra=self.extra)


class PageRequest(Struct, frozen=True):
    """A requested page. `bound_to` identifies the caller and the query with its filters."""

    bound_to: str
    size: int
    cursor: str | None = None

    def after(self) -> str | None:
        """Return the position that the page follows, or None for the first page. Raises InvalidCursor."""
        return unseal(self.cursor, bound_to=self.bound_to) if self.cursor else None


class ReadBudget(Struct, frozen=True):
    """Limits of rows read by one request: in the first read (default: a page and one), in each later one, in all."""

    first: int | None = None
    chunk: int = 100
    total: int = 500


# Returns the rows after a position, each with its own position, and at most as many as asked for. Fewer end the list.
Read = Callable[[str | None, int], Sequence[tuple[str, RowT]]]
# Returns the result of each row, or None if the row is filtered out.
Load = Callable[[Sequence[RowT]], Sequence[ResultT | None]]


def _mac(key: bytes, payload: bytes, bound_to: str) -> bytes:
    return hmac.new(key, bound_to.encode() + b"\x00" + payload, hashlib.sha256).digest()[:_MAC_BYTES]


def seal(position: str, *, bound_to: str) -> str:
    """Return the cursor for a position; `bound_to` identifies the caller and the query."""
    payload = json.dumps(position).encode()
    return base64.urlsafe_b64encode(_mac(SESSIONS.current(_PURPOSE), payload, bound_to) + payload).decode()


def unseal(cursor: str, *, bound_to: str) -> str:
    """Return the position in a cursor. Raises InvalidCursor."""
    try:
        raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidCursor from error
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    genuine = [hmac.compare_digest(_mac(key, payload, bound_to), mac) for key in SESSIONS.candidates(_PURPOSE)]
    if not any(genuine):
        raise InvalidCursor
    position = json.loads(payload)
    if not isinstance(position, str):
        raise InvalidCursor
    return position


def walk(asked: PageRequest, read: Read[RowT], load: Load[RowT, ResultT], *, budget: ReadBudget) -> Page[ResultT]:
    """Return a page of the rows that `load` keeps; `next` is None at the end of the list. Raises InvalidCursor.

    If the budget is spent before the end is known, `next` continues after the last row read.
    """
    last = asked.after()
    found: list[ResultT] = []
    done = 0
    while done < budget.total:
        first = budget.first or asked.size + 1
        limit = min(budget.chunk if done else first, budget.total - done)
        rows = read(last, limit)
        for (position, _), result in zip(rows, load([row for _, row in rows]), strict=True):
            if result is not None:
                if len(found) == asked.size:
                    return Page(results=found, next=_sealed(last, asked))
                found.append(result)
            last = position
        if len(rows) < limit:
            return Page(results=found)
        done += limit
    return Page(results=found, next=_sealed(last, asked))


def nothing(cursor: str | None) -> Page[Any]:
    """Return the page of a query that nothing can fit; none of its pages has a cursor. Raises InvalidCursor."""
    if cursor:
        raise InvalidCursor
    return Page(results=[])


def part(asked: PageRequest, whole: Sequence[ResultT], *, name: Callable[[ResultT], str]) -> Page[ResultT]:
    """Return a page of a short list that was read as a whole; `name` identifies a result. Raises InvalidCursor.

    A cursor has the place and the name of the last result shown: where that is gone, the list goes on in its place.
    """
    start = 0
    if (after := asked.after()) is not None:
        place, _, last = after.partition(" ")
        start = next((number + 1 for number, each in enumerate(whole) if name(each) == last), int(place))
    end = start + asked.size
    following = f"{end - 1} {name(whole[end - 1])}" if end < len(whole) else None
    return Page(results=whole[start:end], next=_sealed(following, asked), count=len(whole))


def _sealed(position: str | None, asked: PageRequest) -> str | None:
    return seal(position, bound_to=asked.bound_to) if position is not None else None


def rows_of(
    item: type[ItemT],
    partition: str,
    *,
    index: str,
    between: tuple[str, str] | None = None,
    newest_first: bool = True,
) -> Read[Place[ItemT]]:
    """Return the reader of one index partition, with sort keys as positions and places as rows."""

    def read(after: str | None, limit: int) -> list[tuple[str, Place[ItemT]]]:
        if between is None and newest_first:
            raws = operations.query(
                partition, Before(after) if after else None, index=index, newest_first=True, limit=limit
            )
        else:
            low, high = between or ("!", "~")
            if after is not None:
                low, high = (low, after) if newest_first else (after, high)
            if low > high:
                return []  # DynamoDB rejects an empty range
            # The range includes both ends, and `after` is on the previous page.
            one_more = limit + (after is not None)
            raws = operations.query(
                partition, Between(low, high), index=index, newest_first=newest_first, limit=one_more
            )
        positions = [raw[f"{index}sk"]["S"] for raw in raws]
        rows = zip(positions, operations.places_of(item, raws), strict=True)
        return [(position, place) for position, place in rows if position != after][:limit]

    return read
