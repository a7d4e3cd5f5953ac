"""Stream follower of attendance: each record and event is counted as what it is now, exactly once.

What a thing is counted as is an item of its own. One transaction writes it and moves the totals, on the condition that
it is as it was read. So repeated, partial or reordered batches count once. The record itself is not touched: its
other writers cannot lose the mark, and counting starts no further call of the stream.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.campus.analytics import counted_as, expectations, figures, figures_of_all, recent_attendance
from chalicelib.domain.campus.analytics.counted_as import Move, Moves, Standing
from chalicelib.domain.campus.analytics.recent_attendance import RecordToCount
from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import (
    AttendanceRecord,
    AttendanceTotals,
    CampusEvent,
    CampusProfile,
    CountedAttendance,
    CountedCampusEvent,
    CountedListing,
    EventsOfRule,
    RosterEntry,
)
from chalicelib.table.items.attributes import IntegerAttribute
from chalicelib.table.operations import Write
from chalicelib.table.places import Key, Place

# A read takes 100 keys: here a record and its entry of the roster.
_AT_ONCE = 45
# A part of a rule's month is written as a whole for each event of it, and an item has at most 400 KB (AWS: "Quotas").
EVENTS_A_PART = 50


class CountedSubject(Struct, frozen=True):
    """A record to count, named by its event and its person."""

    event_id: str
    attendance_id: str
    user_id: str


class ListedSubject(Struct, frozen=True):
    """A place on a roster to count."""

    event_id: str
    user_id: str


@follows(*every(AttendanceRecord, CampusEvent, RosterEntry))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Count these records, events and places on rosters as what they are now; idempotent, in whole or in part.

    Raises Unavailable.
    """
    count(*_named(changes))
    return []


def follow_again(changes: Sequence[Change]) -> list[Published]:
    """Count as `follow`, for a rebuild: of people by a rule, who and how many were expected stays as counted.

    A rule names other people since: some have registered, have gone, or are in another department.
    """
    count(*_named(changes), is_rebuilt=True)
    return []


def _named(changes: Sequence[Change]) -> tuple[list[CountedSubject], list[str], list[ListedSubject]]:
    subjects: dict[CountedSubject, None] = {}
    event_ids: dict[str, None] = {}
    listed: dict[ListedSubject, None] = {}
    for change in changes:
        after = change.after
        if isinstance(after, AttendanceRecord):
            subjects[CountedSubject(after.event_id, after.attendance_id, after.user_id)] = None
        elif isinstance(after, CampusEvent):
            event_ids[after.event_id] = None
        elif isinstance(after, RosterEntry):
            event_ids[after.event_id] = None
            attendance_id = attendance_ids.attendance_id(after.event_id, after.user_id)
            subjects[CountedSubject(after.event_id, attendance_id, after.user_id)] = None
            listed[ListedSubject(after.event_id, after.user_id)] = None
    return list(subjects), list(event_ids), list(listed)


def count(
    subjects: Sequence[CountedSubject],
    event_ids: Sequence[str] = (),
    listed: Sequence[ListedSubject] = (),
    *,
    is_rebuilt: bool = False,
) -> None:
    """Count records, events and places on rosters that are not counted as what they are. Raises Unavailable."""
    for start in range(0, max(len(subjects), len(event_ids), len(listed)), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        _count(_Batch(subjects[part], event_ids[part], listed[part], is_rebuilt=is_rebuilt))


def adding(moves: Moves) -> list[Write]:
    """Return the writes that add these numbers to the totals. Not idempotent: for a rebuild."""
    return _writes(moves)


class _Batch(Struct, frozen=True):
    subjects: Sequence[CountedSubject]
    event_ids: Sequence[str]
    listed: Sequence[ListedSubject]
    is_rebuilt: bool

    @property
    def events(self) -> list[str]:
        """All events that are named."""
        of_subjects = [each.event_id for each in self.subjects]
        return list(dict.fromkeys([*self.event_ids, *of_subjects, *(each.event_id for each in self.listed)]))


def _count(batch: _Batch) -> None:
    for _ in retries.attempts():
        outdated = list(_outdated(batch))
        erased = recent_attendance.keep([each.counted for each in outdated if each.counted is not None])
        if erased:
            figures_of_all.drop_recent(erased)
        try:
            for part in _transactions(outdated):
                operations.commit(*part)
        except operations.ConditionFailed:
            continue  # another batch has counted some of these between the read and the write
        return
    raise Unavailable(retry_after=1)


class _Outdated(Struct, frozen=True):
    """A thing that is counted as `former` and is `present`; `counted` is set for a record."""

    place: Place[CountedAttendance] | Place[CountedCampusEvent] | Place[CountedListing]
    former_text: str | None
    former: Standing | None
    present: Standing | None
    counted: RecordToCount | None = None

    def moved(self, moves: Moves) -> Moves:
        counted_as.add(moves, self.former, self.present)
        return moves

    def marking(self) -> Write:
        mark = self.place.item
        as_read = mark.pk.does_not_exist() if self.former_text is None else mark.counted_as == self.former_text
        if self.present is None:
            return operations.remove(self.place, as_read)
        return operations.put(mark(*self.place, counted_as=self.present.text), as_read)


def _outdated(batch: _Batch) -> Iterator[_Outdated]:
    """Yield what is not counted as it is; reads it and what it is counted as, strongly consistent."""
    subjects, named, is_rebuilt = batch.subjects, batch.events, batch.is_rebuilt
    listed = {each: keys.campus_events.roster_entry(each.event_id, each.user_id) for each in batch.listed}
    listed_marks = {each: keys.campus_analytics.counted_listing(each.event_id, each.user_id) for each in listed}
    # The marks first: a mark that is unchanged at the write is of no newer record than the one read after it.
    marks: dict[Key, Any] = operations.get_many(
        [
            *(keys.campus_analytics.counted_event(event_id) for event_id in named),
            *(keys.campus_analytics.counted(each.event_id, each.attendance_id) for each in subjects),
            *listed_marks.values(),
        ]
    )
    found: dict[Key, Any] = operations.get_many(
        [
            *(keys.campus_events.event(event_id) for event_id in named),
            *(keys.attendance.record(each.attendance_id) for each in subjects),
            *{keys.campus_events.roster_entry(each.event_id, each.user_id) for each in subjects}.union(listed.values()),
        ]
    )
    for event_id in named:
        event = found.get(keys.campus_events.event(event_id))
        if event is not None:
            mark = marks.get(keys.campus_analytics.counted_event(event_id))
            yield from _event_outdated(event, mark, is_rebuilt=is_rebuilt)
    for person, entry in listed.items():
        event, mark = found.get(keys.campus_events.event(person.event_id)), marks.get(listed_marks[person])
        yield from _listing_outdated(listed_marks[person], mark, found.get(entry), event)
    profiles = _profiles(subjects, found)
    for each in subjects:
        record = found.get(keys.attendance.record(each.attendance_id))
        event = found.get(keys.campus_events.event(each.event_id))
        if record is None or event is None:
            continue
        place = keys.campus_analytics.counted(each.event_id, each.attendance_id)
        mark = marks.get(place)
        text = mark.counted_as if mark else None
        former = counted_as.record_standing(text)
        is_listed = keys.campus_events.roster_entry(each.event_id, each.user_id) in found
        is_named = expectations.names(event, profiles.get(each.user_id), is_listed=is_listed)
        event_mark = marks.get(keys.campus_analytics.counted_event(each.event_id))
        is_kept = record.erased_at is not None or (is_rebuilt and _is_by_rule(event, event_mark))
        if former is not None and (is_kept or expectations.stays_named(event, former)):
            # Who was erased has left, and is not known to the recount; the counts stay.
            is_named = former.is_named or former.is_expected
        present = counted_as.of_record(record, event, is_named=is_named)
        if text != present.text:
            counted = RecordToCount(record, event, former)
            yield _Outdated(place, text, former, present, counted)


def _listing_outdated(
    place: Place[CountedListing], mark: CountedListing | None, entry: RosterEntry | None, event: CampusEvent | None
) -> Iterator[_Outdated]:
    text = mark.counted_as if mark else None
    present = counted_as.of_listing(entry, event) if entry is not None and event is not None else None
    if text != (present.text if present else None):
        yield _Outdated(place, text, counted_as.listing_standing(text), present)


def _profiles(subjects: Sequence[CountedSubject], found: Mapping[Key, Any]) -> dict[str, CampusProfile]:
    """Return the people of events that expect them by a rule; other events need no profile."""
    ruled = {
        each.user_id
        for each in subjects
        if (event := found.get(keys.campus_events.event(each.event_id))) is not None
        and event.expected
        and not event.roster_size
    }
    profiles = operations.get_many(keys.campus_people.profile(user_id) for user_id in sorted(ruled) if user_id)
    return {profile.user_id: profile for profile in profiles.values()}


def _is_by_rule(event: CampusEvent, mark: CountedCampusEvent | None) -> bool:
    return expectations.is_by_rule_of(event, counted_as.event_standing(mark.counted_as if mark else None))


def _event_outdated(event: CampusEvent, mark: CountedCampusEvent | None, *, is_rebuilt: bool) -> Iterator[_Outdated]:
    text = mark.counted_as if mark else None
    former = counted_as.event_standing(text)
    expected = expectations.number_after(event, former, is_rebuilt=is_rebuilt)
    is_final = former.is_final if former is not None and is_rebuilt else expectations.is_settled(event)
    part = former.part if former else 0
    present = counted_as.of_event(event, expected=expected, is_final=is_final, part=part)
    if present is not None and (former is None or former.form < present.form or former.of_rule() != present.of_rule()):
        present = replace(present, part=_part_for(present.of_rule()))
    if text != (present.text if present else None):
        place = keys.campus_analytics.counted_event(event.event_id)
        yield _Outdated(place, text, former, present)


def _part_for(first: Place[EventsOfRule] | None) -> int:
    """Return the part of a rule's month that has room for one more event; several may take the last place at once."""
    counts = operations.get_raw([first], ()) if first is not None else []
    numbers = figures.numbers_of(counts[0]) if counts else Counter[str]()
    return next(part for part in itertools.count() if numbers[counted_as.part_name(part)] < EVENTS_A_PART)


def _transactions(outdated: Iterable[_Outdated]) -> Iterator[list[Write]]:
    """Yield the writes of transactions of at most TRANSACTION_LIMIT actions each."""
    part: list[_Outdated] = []
    touched: set[Key] = set()
    for each in outdated:
        more = set(each.moved({}))
        if part and len(part) + 1 + len(touched | more) > operations.TRANSACTION_LIMIT:
            yield _transaction(part)
            part, touched = [], set()
        part.append(each)
        touched |= more
    if part:
        yield _transaction(part)


def _transaction(part: Sequence[_Outdated]) -> list[Write]:
    moves: Moves = {}
    for each in part:
        each.moved(moves)
    return [*(each.marking() for each in part), *_writes(moves)]


def _writes(moves: Moves) -> list[Write]:
    """Return the writes that add the numbers; what comes to nothing is left out.

    A campus's day of which any row moves is noted on the row of the whole day, for the figures of all campuses.
    """
    moved = {place for place, move in moves.items() if move.says_something}
    days = {day for place in moved if (day := keys.campus_analytics.day_of_campus(place)) is not None}
    writes = []
    for place in dict.fromkeys([*moves, *days]):
        if place not in moved and place not in days:
            continue
        move = moves.get(place, Move())
        actions: list[Action] = [AttendanceTotals.kind.set(place.item)]
        actions += [_saying(name, text) for name, text in move.texts.items()]
        actions += [IntegerAttribute(attr_name=name).add(by) for name, by in move.numbers.items() if by]
        actions += figures_of_all.noting(place) if place in days else []
        writes.append(operations.change(place, actions))
    return writes


def _saying(name: str, text: Any) -> Action:
    """Return the action that sets a text, or removes one that is None."""
    attribute = AttendanceTotals.get_attributes().get(name) or UnicodeAttribute(attr_name=name)
    action: Action = attribute.remove() if text is None else attribute.set(text)
    return action
