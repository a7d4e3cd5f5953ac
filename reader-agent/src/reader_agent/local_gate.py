"""Decisions without the platform: the rule, asked of the snapshot and of what passed here since.

The gate remembers who passed here, decided by the platform or by itself, so that one attendee goes in once at this
gate although the snapshot knows nothing of it yet. It stores nothing: the caller puts a decision on the disk before it
is shown, and takes it back with `undo` where that failed.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from reader_agent import admission, ticket_code
from reader_agent.admission import CardFacts, Case, Direction, EventFacts, Kind, Presence, Presented, TicketFacts
from reader_agent.snapshot import Excerpt, KnownTicket, Snapshot
from reader_agent.tap import Tap
from reader_agent.ticket_code import PlatformKeys

ExpiredPolicy = Literal["refuse", "warn", "admit"]
SecurePolicy = Literal["refuse", "admit"]
REPEAT_SECONDS = 2.0
# A retry, and a second reading, follow within seconds; the hub's journal remembers its answers for good.
_MOST_REMEMBERED = 2_000
_KeptT = TypeVar("_KeptT")


@dataclass(frozen=True)
class Decision:
    """What this gate decides by itself.

    `ticket` is the fingerprint of the ticket that it is about, `first_at` when that ticket came in, and `first_gate`
    where, if a hub knows. `warning` says why the decision is worth less than usual. `via` is the hub that decided for
    this gate, and `alone` says why none did.
    """

    scan_id: str
    result: admission.Result
    reason: str | None
    cursor: str
    at: datetime
    kind: Kind = "scan"
    direction: Direction = "entry"
    ticket: int | None = None
    remaining: int | None = None
    first_at: datetime | None = None
    repeat: bool = False
    warning: str | None = None
    first_gate: str | None = None
    via: str | None = None
    alone: str | None = None

    @property
    def admitted(self) -> bool:
        """Whether the person may pass."""
        return self.result == "valid"

    @property
    def presence_after(self) -> Presence | None:
        """Where the ticket's holder is after this decision; None where it changes nothing."""
        if not self.admitted or self.ticket is None or self.repeat:
            return None
        goes_out = self.kind == "leave" or (self.kind == "scan" and self.direction == "exit")
        return "outside" if goes_out else "inside"

    @property
    def is_entry(self) -> bool:
        """Whether an ordinary reading lets somebody in: only such an admission is repeated."""
        return self.kind == "scan" and self.presence_after == "inside"


class CannotDecide(Exception):
    """This gate cannot decide a tap by itself; the text says why."""


class TimeSource(Protocol):
    """The time that a decision may rely on."""

    def now(self) -> datetime:
        """Return the time, never before one that was known earlier."""

    def monotonic(self) -> float:
        """Return seconds that only count up."""


@dataclass
class _Passed:
    """Where a ticket's holder is by what happened at this gate, and since when."""

    presence: Presence
    at: datetime
    scan_id: str
    before: "_Passed | None" = field(default=None, repr=False)


class LocalGate:
    """Decides taps by the snapshot in use. Safe for several threads: of two taps of one ticket, one is admitted."""

    def __init__(
        self,
        time: TimeSource,
        *,
        keys: PlatformKeys,
        expired_policy: ExpiredPolicy = "refuse",
        secure_policy: SecurePolicy = "refuse",
        repeat_seconds: float = REPEAT_SECONDS,
    ) -> None:
        self.snapshot: Snapshot | None = None
        self.expired_policy, self.secure_policy = expired_policy, secure_policy
        self._time, self._keys, self._repeat_seconds = time, keys, repeat_seconds
        self._lock = threading.Lock()
        self._passed: dict[int, _Passed] = {}
        self._decided: OrderedDict[tuple[str, str], Decision] = OrderedDict()
        # The last admission of each card, by caller: with the monotonic time of it.
        self._admissions: OrderedDict[tuple[str, str], tuple[float, Decision]] = OrderedDict()

    def use(self, snapshot: Snapshot | None) -> None:
        """Decide by this snapshot from now on."""
        with self._lock:
            self.snapshot = snapshot

    def check_by(self, keys: PlatformKeys) -> None:
        """Check codes by these keys of the platform from now on."""
        self._keys = keys

    def decide(
        self, tap: Tap, *, caller: str = "", read_at: float | None = None, known: Excerpt | None = None
    ) -> Decision:
        """Return the decision on a tap, and count it as shown. Raises CannotDecide.

        `read_at` is when the tap was read, by the monotonic clock; None means now. `known` is what the caller's
        snapshot says of it, which counts where that one is newer. The same `scan_id` of the same caller gets the same
        decision again. `undo` takes a decision back.
        """
        with self._lock:
            earlier = self._decided.get((caller, tap.scan_id))
            if earlier is not None:
                return earlier
            read_at = self._time.monotonic() if read_at is None else read_at
            decision = self._decide(tap, self._last_admission(tap, caller, read_at), known)
            _remember(self._decided, (caller, tap.scan_id), decision)
            self._pass(decision)
            if tap.uid and decision.is_entry:
                _remember(self._admissions, (caller, tap.uid), (read_at, decision))
            return decision

    def repeat_of(self, tap: Tap, *, read_at: float) -> Decision | None:
        """Return the admission of the card that this tap only repeats, or None: others may decide it then.

        Asked before a hub is, since the admission may have been the platform's, and the wait for it may be over.
        """
        with self._lock:
            last = self._last_admission(tap, "", read_at)
            if last is None:
                return None
            try:
                decision = self._decide(tap, last)
            except CannotDecide:
                return None
            return decision if decision.repeat else None

    def admitted(self, uid: str, decision: Decision, *, read_at: float) -> None:
        """Note that others admitted somebody by this card at this gate, so that a second reading repeats that."""
        with self._lock:
            _remember(self._admissions, ("", uid), (read_at, decision))

    def _decide(self, tap: Tap, last: Decision | None, known: Excerpt | None = None) -> Decision:
        now = self._time.now()
        snapshot, warning = self._usable(now)
        snapshot = snapshot.with_newer(known) if known else snapshot
        decision = self._judge(tap, snapshot, now, last)
        return replace(decision, warning=_joined(warning, decision.warning))

    def undo(self, scan_id: str, *, caller: str = "") -> None:
        """Take a decision back that was not shown, since it could not be recorded."""
        with self._lock:
            decision = self._decided.pop((caller, scan_id), None)
            for card, (_, admitted) in list(self._admissions.items()):
                if admitted.scan_id == scan_id:
                    del self._admissions[card]
            passed = self._passed.get(decision.ticket) if decision and decision.ticket is not None else None
            if decision is None or decision.ticket is None or passed is None or passed.scan_id != scan_id:
                return
            if passed.before is None:
                del self._passed[decision.ticket]
            else:
                self._passed[decision.ticket] = passed.before

    def passed(
        self, ticket: int, presence: Presence, *, at: datetime, scan_id: str, by: Literal["others", "platform", "gate"]
    ) -> None:
        """Note that a ticket's holder passed.

        By others, in the order of the times; by the platform's answer, whose time of it is the right one; or by this
        gate before a restart, in the order of the calls.
        """
        with self._lock:
            before = self._passed.get(ticket)
            if by == "platform" and before is not None and before.scan_id == scan_id:
                self._passed[ticket] = replace(before, at=at)
            else:
                self._note(ticket, presence, at, scan_id, is_next=by == "gate")

    def tickets_of(self, tap: Tap) -> tuple[int, ...]:
        """Return the fingerprints of the tickets that a tap may be about; none without a snapshot."""
        snapshot = self.snapshot
        if snapshot is None:
            return ()
        if tap.qr is not None:
            code = self._code(tap.qr)
            return (snapshot.fingerprint_of_ticket(code.ticket),) if code else ()
        card = snapshot.card(tap.uid) if tap.uid else None
        return card.tickets if card else ()

    def excerpt(self, tap: Tap) -> Excerpt | None:
        """Return what the snapshot says of a tap, for a hub whose snapshot is older; None where it says nothing."""
        snapshot = self.snapshot
        if snapshot is None:
            return None
        if tap.qr is not None:
            code = self._code(tap.qr)
            return snapshot.excerpt_of_code(snapshot.fingerprint_of_ticket(code.ticket)) if code else None
        return snapshot.excerpt_of_card(snapshot.fingerprint_of_card(tap.uid)) if tap.uid else None

    def _usable(self, now: datetime) -> tuple[Snapshot, str | None]:
        snapshot = self.snapshot
        if snapshot is None:
            raise CannotDecide("this device has no snapshot to decide by")
        if now < snapshot.head.expires_at or self.expired_policy == "admit":
            return snapshot, None
        hours = (now - snapshot.head.generated_at).total_seconds() / 3600
        text = f"the snapshot expired: it is {hours:.0f} hours old"
        if self.expired_policy == "refuse":
            raise CannotDecide(text)
        return snapshot, text

    def _last_admission(self, tap: Tap, caller: str, read_at: float) -> Decision | None:
        """Return the admission that this reading of a card may repeat, within the window."""
        admitted_at, decision = self._admissions.get((caller, tap.uid or ""), (0.0, None))
        return decision if read_at - admitted_at < self._repeat_seconds else None

    def _judge(self, tap: Tap, snapshot: Snapshot, now: datetime, last: Decision | None) -> Decision:
        if tap.kind == "count":
            raise CannotDecide("people who are only counted get no decision")
        if tap.qr is not None:
            return self._of_code(tap, tap.qr, snapshot, now)
        if tap.uid is not None:
            return self._of_card(tap, tap.uid, snapshot, now, last)
        raise CannotDecide("a secure card without its number can be checked by the platform only")

    def _of_code(self, tap: Tap, text: str, snapshot: Snapshot, now: datetime) -> Decision:
        if not self._keys:
            raise CannotDecide("this device has no key to check codes with; enrol it again")
        code = self._code(text)
        if code is None:
            shown = Presented(by_card=False, signature="bad")
            return self._decision(tap, self._case(tap, shown, snapshot, now), snapshot, now)
        shown = Presented(by_card=False, signature="good", credential=code.credential)
        case = self._case(tap, shown, snapshot, now)
        fingerprint = snapshot.fingerprint_of_ticket(code.ticket)
        if code.event_tag != ticket_code.event_tag(snapshot.head.event_id):
            elsewhere = TicketFacts(event_id="", status="valid", credential=code.credential)
            return self._decision(tap, replace(case, ticket=elsewhere), snapshot, now)
        ticket = snapshot.ticket(fingerprint)
        if ticket is None:
            return self._decision(tap, case, snapshot, now)
        return self._decision(tap, replace(case, ticket=self._facts(ticket, snapshot, tap)), snapshot, now, ticket)

    def _of_card(self, tap: Tap, uid: str, snapshot: Snapshot, now: datetime, last: Decision | None) -> Decision:
        card = snapshot.card(uid)
        shown, warning = Presented(by_card=True), None
        if card is not None and tap.sun is not None:
            # The keys of secure cards never leave the platform, so nobody here can check their messages. The platform
            # refuses a bad one of any card, also of one that is not registered as secure.
            if self.secure_policy == "refuse":
                raise CannotDecide("a secure card can be checked by the platform only")
            shown, warning = replace(shown, signature="good"), "the card's secure message is not checked yet"
        case = self._case(tap, shown, snapshot, now)
        if card is None:
            return self._decision(tap, case, snapshot, now)
        kind = "secure" if card.is_secure else "uid"
        case = replace(case, card=CardFacts(status=card.status, type=kind, last_counter=card.counter))
        tickets = [found for found in map(snapshot.ticket, card.tickets) if found is not None]
        cases = [(replace(case, ticket=self._facts(ticket, snapshot, tap)), ticket) for ticket in tickets]
        for each, ticket in cases:
            # As at the platform, nothing else may speak against it: a blocked card is refused, one that left comes in,
            # and a leave is no repeat.
            if last and ticket.fingerprint == last.ticket and admission.decide(each).result == "already_scanned":
                last = replace(last, scan_id=tap.scan_id, at=now, cursor=snapshot.head.cursor, repeat=True)
                return replace(last, warning=None, via=None, alone=None)
        open_places = [place for place, (each, _) in enumerate(cases) if admission.decide(each).result == "valid"]
        if not cases:
            return replace(self._decision(tap, case, snapshot, now), warning=warning)
        chosen, ticket = cases[open_places[0] if open_places else 0]
        decision = self._decision(tap, chosen, snapshot, now, ticket)
        remaining = len(open_places) - 1 if open_places and len(cases) > 1 else None
        return replace(decision, remaining=remaining, warning=warning if decision.admitted else None)

    def _code(self, text: str) -> ticket_code.TicketCode | None:
        return ticket_code.read(text, self._keys)

    def _case(self, tap: Tap, shown: Presented, snapshot: Snapshot, now: datetime) -> Case:
        event = snapshot.head.event
        return Case(
            presented=shown,
            card=None,
            ticket=None,
            event=EventFacts(
                event_id=event.event_id,
                status=event.status,
                opens_at=event.opens_at,
                closes_at=event.closes_at,
                scanning_enabled=event.scanning_enabled,
                re_entry_allowed=event.re_entry_allowed,
            ),
            at=now,
            direction="exit" if tap.direction == "exit" else "entry",
            kind="scan" if tap.kind == "count" else tap.kind,
        )

    def _facts(self, ticket: KnownTicket, snapshot: Snapshot, tap: Tap) -> TicketFacts:
        passed, presence = self._passed.get(ticket.fingerprint), ticket.presence
        if passed is not None and passed.scan_id == tap.scan_id:
            # A hub let this very tap's person in, and its answer was lost: that is no earlier passage.
            passed = passed.before
        if passed is not None and (ticket.since is None or passed.at >= ticket.since):
            presence = passed.presence
        return TicketFacts(
            event_id=snapshot.head.event_id, status=ticket.status, credential=ticket.credential, presence=presence
        )

    def _decision(
        self, tap: Tap, case: Case, snapshot: Snapshot, now: datetime, ticket: KnownTicket | None = None
    ) -> Decision:
        verdict = admission.decide(case)
        first_at = None
        if ticket is not None and verdict.result == "already_scanned":
            passed = self._passed.get(ticket.fingerprint)
            first_at = passed.at if passed else ticket.since
        return Decision(
            scan_id=tap.scan_id,
            result=verdict.result,
            reason=verdict.reason,
            cursor=snapshot.head.cursor,
            at=now,
            kind=case.kind,
            direction=case.direction,
            ticket=ticket.fingerprint if ticket else None,
            first_at=first_at,
        )

    def _pass(self, decision: Decision) -> None:
        presence = decision.presence_after
        if presence is not None and decision.ticket is not None:
            self._note(decision.ticket, presence, decision.at, decision.scan_id, is_next=True)

    def _note(self, ticket: int, presence: Presence, at: datetime, scan_id: str, *, is_next: bool) -> None:
        """Note a passage. `is_next`: it followed all that is known, also where the clock was set back meanwhile."""
        before = self._passed.get(ticket)
        if before is not None and (before.scan_id == scan_id or (before.at > at and not is_next)):
            return
        if before is not None:
            before = replace(before, before=None)
        self._passed[ticket] = _Passed(presence, at, scan_id, before)


def _remember(book: "OrderedDict[tuple[str, str], _KeptT]", key: tuple[str, str], value: _KeptT) -> None:
    book[key] = value
    book.move_to_end(key)
    if len(book) > _MOST_REMEMBERED:
        book.popitem(last=False)


def _joined(*texts: str | None) -> str | None:
    return "; ".join(text for text in texts if text) or None
