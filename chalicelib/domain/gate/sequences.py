"""The numbers (`seq`) that arrived from a device: the highest, and the gaps below it, each of them a lost record.

A device numbers its records from 1, without end. The platform keeps what it received as one small item per device or
phone. One conditional write takes the numbers of a whole request; a number that arrived before changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Device, ReceivedNumbers

# The item stays under 1 KB with so many.
MOST_GAPS = 50
# JSON's safe integers (RFC 8259, section 6).
HIGHEST_SEQ = 2**53 - 1
_TRIES = 30

Range = tuple[int, int]


class Received(Struct, frozen=True):
    """What arrived: all numbers from 1 to `highest` except the gaps, in order, with both ends in them.

    Above MOST_GAPS the two gaps with the fewest numbers between them become one. `is_exact` is then False until no gap
    is left, and `missing` an upper bound: a lost record is never hidden.
    """

    highest: int = 0
    gaps: tuple[Range, ...] = ()
    is_exact: bool = True

    @property
    def missing(self) -> int:
        """How many numbers below the highest have not arrived."""
        return sum(last - first + 1 for first, last in self.gaps)

    def of_all_made(self, device: Device) -> "Received":
        """Return this with the numbers above the highest that the device made, and has sent as far as it knows.

        Those are what it said in the heartbeat before: one of a tap since then is noted from the stream in a moment.
        """
        made = 0 if device.queue_depth else device.earlier_seq or 0
        if made <= self.highest:
            return self
        return Received(made, (*self.gaps, (self.highest + 1, made)), self.is_exact)

    def has(self, number: int) -> bool:
        """Whether a number is known to have arrived."""
        return number <= self.highest and not any(first <= number <= last for first, last in self.gaps)


def with_ranges(before: Received, arrived: Iterable[Range]) -> Received:
    """Return what has arrived with these ranges. Pure."""
    highest, gaps = before.highest, list(before.gaps)
    for first, last in arrived:
        gaps = [part for gap in gaps for part in _without(gap, first, last)]
        if first > highest + 1:
            gaps.append((highest + 1, first - 1))
        highest = max(highest, last)
    is_exact = not gaps or (before.is_exact and len(gaps) <= MOST_GAPS)
    while len(gaps) > MOST_GAPS:
        at = min(range(len(gaps) - 1), key=lambda n: (gaps[n + 1][0] - gaps[n][1], n))
        gaps[at : at + 2] = [(gaps[at][0], gaps[at + 1][1])]
    return Received(highest, tuple(gaps), is_exact)


def runs(numbers: Iterable[int]) -> list[Range]:
    """Return the valid ones of these numbers as ranges without gaps, in order."""
    found: list[Range] = []
    for number in sorted(set(numbers)):
        if not 1 <= number <= HIGHEST_SEQ:
            continue
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _without(gap: Range, first: int, last: int) -> Sequence[Range]:
    """Return what is left of a gap when the numbers from `first` to `last` have arrived."""
    if last < gap[0] or first > gap[1]:
        return (gap,)
    parts = ((gap[0], first - 1), (last + 1, gap[1]))
    return [part for part in parts if part[0] <= part[1]]


def note(device_id: str, numbers: Iterable[int]) -> Received | None:
    """Store that these numbers of a device or phone arrived; return what it has, or None without a valid number.

    One write for numbers that follow the highest, and no write for those that arrived before. Raises Unavailable.
    """
    arrived = runs(numbers)
    if not arrived:
        return None
    place = keys.gate.received_numbers(device_id)
    if len(arrived) == 1:
        first, last = arrived[0]
        follows = ReceivedNumbers.highest == first - 1 if first > 1 else ReceivedNumbers.pk.does_not_exist()
        actions = [ReceivedNumbers.highest.set(last), ReceivedNumbers.version.add(1)]
        try:
            raw = operations.record(operations.change(place, [*_kind(), *actions], follows))
        except operations.ConditionFailed as failure:
            found = failure.found(ReceivedNumbers)
        else:
            return _received(ReceivedNumbers.from_raw_data(raw))
    else:
        found = operations.get(place)
    return _merge(device_id, found, arrived)


def _merge(device_id: str, found: ReceivedNumbers | None, arrived: Sequence[Range]) -> Received:
    """Write what the item has with these ranges, under its optimistic lock; nothing where it has them already."""
    place = keys.gate.received_numbers(device_id)
    for _ in retries.attempts(_TRIES):
        before = _received(found)
        after = with_ranges(before, arrived)
        if after == before:
            return before
        unchanged = ReceivedNumbers.version == found.version if found else ReceivedNumbers.pk.does_not_exist()
        actions: list[Action] = [
            *_kind(),
            ReceivedNumbers.highest.set(after.highest),
            ReceivedNumbers.gaps.set(text_of(after.gaps)) if after.gaps else ReceivedNumbers.gaps.remove(),
            ReceivedNumbers.version.add(1),
            ReceivedNumbers.is_bound.remove() if after.is_exact else ReceivedNumbers.is_bound.set(True),
        ]
        try:
            operations.record(operations.change(place, actions, unchanged))
        except operations.ConditionFailed as failure:
            found = failure.found(ReceivedNumbers)
        else:
            return after
    raise Unavailable(retry_after=1)


def _kind() -> list[Action]:
    return [ReceivedNumbers.kind.set(ReceivedNumbers)]


def received(device_id: str) -> Received:
    """Return what arrived from a device or phone."""
    return _received(operations.get(keys.gate.received_numbers(device_id), consistent=False))


def received_by_all(device_ids: Iterable[str]) -> Mapping[str, Received]:
    """Return what arrived from each of these devices and phones, at one request per 100."""
    places = {device_id: keys.gate.received_numbers(device_id) for device_id in device_ids}
    found = operations.get_many(places.values(), consistent=False)
    return {device_id: _received(found.get(place)) for device_id, place in places.items()}


def _received(item: ReceivedNumbers | None) -> Received:
    if item is None:
        return Received()
    return Received(item.highest, gaps_of(item.gaps), is_exact=not item.is_bound)


def text_of(gaps: Sequence[Range]) -> str:
    """Return gaps as they are stored, such as `3-7 12-12`."""
    return " ".join(f"{first}-{last}" for first, last in gaps)


def gaps_of(text: str | None) -> tuple[Range, ...]:
    """Return the gaps of a stored text."""
    parts = (part.partition("-") for part in (text or "").split())
    return tuple((int(first), int(last)) for first, _, last in parts)
