"""Verification of the audit log: seals and shards are read once, in order, in bounded memory; the first break is named.

The walk goes from seal to seal. Before a seal counts, each shard is read up to the entry that the seal names. After
the last seal each shard is read to its end, which must reach its head. `Walk` can stop after any seal or page and
be resumed from `progress`, which is small.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, TypeVar

from msgspec import Struct, field

from chalicelib.domain.audit.chains import GENESIS, digest_of
from chalicelib.table import keys, operations
from chalicelib.table.keys.audit import AUDIT_SHARDS
from chalicelib.table.operations import RawItem

ReadT = TypeVar("ReadT")
_ATTRIBUTES = ("body", "digest")
# Entries and seals that one request reads. Each shard keeps one page in memory.
_PAGE = 1_000
_SEALS_PAGE = 200
# The shards as seals spell them.
_SHARDS = {str(shard): shard for shard in range(AUDIT_SHARDS)}
# Entries that are verified between two looks at the clock.
_STRIDE = 500


class Broken(Exception):
    """The first break of the audit log: in which chain, at which number, and what is wrong there."""

    def __init__(self, where: str, number: int, problem: str) -> None:
        """`where` is `seals` or `shard 3`."""
        super().__init__(f"{where}, number {number}: {problem}")
        self.where, self.number, self.problem = where, number, problem


class _OutOfTime(Exception):
    """The deadline has passed; the walk is at a place where it can be resumed."""


class Reached(Struct):
    """How far a chain is verified: the number and the digest of its last item."""

    number: int = 0
    digest: str = GENESIS


class Progress(Struct):
    """How far the log is verified."""

    seal: Reached = field(default_factory=Reached)
    shards: list[Reached] = field(default_factory=lambda: [Reached() for _ in range(AUDIT_SHARDS)])
    # Whether all seals are verified, so that only entries after the last seal are left.
    past_seals: bool = False

    @property
    def entry_count(self) -> int:
        """How many entries are verified."""
        return sum(shard.number for shard in self.shards)

    def stored(self) -> dict[str, Any]:
        """Return it as a job stores it."""
        return {
            "seal": [self.seal.number, self.seal.digest],
            "shards": [[one.number, one.digest] for one in self.shards],
            "past_seals": self.past_seals,
        }

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> "Progress":
        """Return a stored progress."""
        shards = [Reached(*one) for one in stored["shards"]]
        return cls(seal=Reached(*stored["seal"]), shards=shards, past_seals=stored["past_seals"])


class Walk:
    """One walk over the log, from the progress of an earlier one."""

    def __init__(
        self, progress: Progress | None = None, *, witnessed: Mapping[int, str] | None = None, page: int = _PAGE
    ) -> None:
        """Continue a walk, or begin one. `witnessed` are logged digests of seals; a request reads `page` entries."""
        self.progress = progress or Progress()
        self._witnessed = witnessed or {}
        self._page = page
        self._deadline = float("inf")
        self._entries = [self._unread(shard) for shard in range(AUDIT_SHARDS)]

    def run(self, seconds: float = float("inf")) -> bool:
        """Verify for so many seconds, or to the end; return whether the end was reached. Raises Broken, Unavailable."""
        self._deadline = time.monotonic() + seconds
        # What is written from here on may be verified. What was there before must be.
        last_seal = operations.get(keys.audit.audit_seal_head())
        heads = operations.get_many(keys.audit.audit_head(shard) for shard in range(AUDIT_SHARDS))
        present = {head.shard: Reached(head.number, head.digest) for head in heads.values()}
        try:
            if not self.progress.past_seals:
                self._seals(Reached(last_seal.number, last_seal.digest) if last_seal else Reached())
                self.progress.past_seals = True
            for shard in range(AUDIT_SHARDS):
                self._tail(shard, present.get(shard))
        except _OutOfTime:
            return False
        return True

    def _seals(self, last: Reached) -> None:
        """Verify the seals, and the shards up to the last of them; `last` is what the head of the seals names."""
        reached, heads = self.progress.seal, dict[int, Reached]()
        pages = operations.stream(keys.audit.audit_seal(reached.number + 1), _ATTRIBUTES, page=_SEALS_PAGE)
        known = {**({last.number: last.digest} if last.number else {}), **self._witnessed}
        for raw in chain.from_iterable(pages):
            sealed = _verified(raw, reached, "seals", "seal", _heads_of)
            number, digest = reached.number + 1, raw["digest"]["S"]
            if known.get(number, digest) != digest:
                raise Broken("seals", number, "the seal is another one than was logged or is in the head")
            for shard, head in sealed.items():
                if heads.get(shard) != head:
                    self._up_to(shard, head)
            heads = sealed
            reached.number, reached.digest = number, digest
            self._check_time()
        if known and reached.number < max(known):
            raise Broken("seals", reached.number + 1, f"seals are missing up to {max(known)}; the end was cut off")

    def _up_to(self, shard: int, last: Reached) -> None:
        """Verify a shard up to an entry that a seal or the head names."""
        reached = self.progress.shards[shard]
        while reached.number < last.number:
            if not self._read(shard, last.number):
                problem = f"entries are missing up to {last.number}; the end was cut off"
                raise Broken(_name(shard), reached.number + 1, problem)
        if reached.number == last.number and reached.digest != last.digest:
            raise Broken(_name(shard), last.number, "the entry is another one than the seal or the head names")

    def _tail(self, shard: int, head: Reached | None) -> None:
        """Verify a shard to its end, which is not before its head."""
        reached = self.progress.shards[shard]
        if head is not None:
            self._up_to(shard, head)
        while self._read(shard, reached.number + _STRIDE):
            pass
        # The head trails by one entry at most, while a full transaction moves it.
        if head is None and reached.number > 1:
            raise Broken(_name(shard), reached.number, "the shard has entries and no head")

    def _read(self, shard: int, last: int) -> bool:
        """Verify some entries of a shard, up to a number; return whether there was one. Raises _OutOfTime."""
        reached, name, begun = self.progress.shards[shard], _name(shard), self.progress.shards[shard].number
        for raw in islice(self._entries[shard], min(last - begun, _STRIDE)):
            said = _verified(raw, reached, name, "entry", _shard_of)
            if said != shard:
                raise Broken(name, reached.number + 1, f"the entry was moved here from shard {said}")
            reached.number, reached.digest = reached.number + 1, raw["digest"]["S"]
        if reached.number > begun:
            self._check_time()
            return True
        # The end, as it was when the last page was read. What was written since is read by a fresh request.
        unread = self._unread(shard)
        first = next(unread, None)
        self._entries[shard] = unread if first is None else chain([first], unread)
        return first is not None

    def _unread(self, shard: int) -> Iterator[RawItem]:
        """Yield the entries of a shard that are not verified yet. The first request is sent when the first is asked."""
        first = keys.audit.audit_entry(shard, self.progress.shards[shard].number + 1)
        yield from chain.from_iterable(operations.stream(first, _ATTRIBUTES, page=self._page))

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise _OutOfTime


def _verified(raw: RawItem, before: Reached, where: str, what: str, read: Callable[[dict[str, Any]], ReadT]) -> ReadT:
    """Return what `read` finds in an item, if it follows another one. Raises Broken."""
    expected = before.number + 1
    try:
        body, digest = raw["body"]["S"], raw["digest"]["S"]
        content: dict[str, Any] = json.loads(body)
        number, previous, said = _whole(content["number"]), content["previous"], read(content)
    except (AttributeError, KeyError, ValueError, TypeError) as error:
        raise Broken(where, expected, f"the {what} cannot be read") from error
    if number != expected:
        raise Broken(where, expected, f"the {what} is missing or was moved; number {number} is in its place")
    if digest_of(body) != digest:
        raise Broken(where, expected, f"the {what} was changed")
    if previous != before.digest:
        raise Broken(where, expected, f"the {what} does not follow the one before; one of the two was replaced")
    return said


def _shard_of(content: dict[str, Any]) -> Any:
    return content["shard"]


def _heads_of(content: dict[str, Any]) -> dict[int, Reached]:
    """Return what a seal names of each shard. Raises AttributeError, KeyError, TypeError, ValueError."""
    return {
        _SHARDS[shard]: Reached(_whole(number), str(digest)) for shard, (number, digest) in content["heads"].items()
    }


def _whole(number: object) -> int:
    """Return a number that is whole, also in its spelling. Raises TypeError."""
    if type(number) is not int:
        raise TypeError(number)
    return number


def _name(shard: int) -> str:
    return f"shard {shard}"
