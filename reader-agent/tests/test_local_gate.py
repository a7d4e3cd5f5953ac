"""A gate that decides by itself: by the snapshot, and by what passed here since."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import snapshot_double as double
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from snapshot_double import CardRow, Signer, TicketRow
from ulid import ULID

from reader_agent import ticket_code
from reader_agent.local_gate import CannotDecide, Decision, LocalGate
from reader_agent.snapshot import Package, Snapshot, SnapshotRefused
from reader_agent.tap import Tap
from reader_agent.wire import Sun

SCANNED = Path(__file__).parents[2] / "tests" / "vectors" / "scanned.json"
START = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
DEVICE = "dev_00000000000000000000000000"
UID, FAMILY, SECURE = "04A1B2C3D4E5F6", "04A1B2C3D4E5F7", "04A1B2C3D4E5F8"
SUN = Sun(picc_data="0" * 32, cmac="0" * 16)


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def tickets() -> list[TicketRow]:
    return [TicketRow(ULID()) for _ in range(5)]


@pytest.fixture
def cards(tickets: list[TicketRow]) -> list[CardRow]:
    return [
        CardRow(UID, (tickets[0],)),
        CardRow(FAMILY, (tickets[1], tickets[2], tickets[3])),
        CardRow(SECURE, (tickets[4],), secure=True, counter=41),
    ]


def read(data: bytes, signer: Signer) -> Package:
    return Package.read(data, signer.keys, event_id="evt_demo", device_id=DEVICE)


@pytest.fixture
def gate(hands: Hands, signer: Signer, tickets: list[TicketRow], cards: list[CardRow]) -> LocalGate:
    gate = LocalGate(hands, keys=signer.keys)
    gate.use(Snapshot.of(read(double.make(signer, tickets, cards, now=START), signer)))
    return gate


def tap(uid: str | None = UID, **given: Any) -> Tap:
    return Tap(scan_id=f"scn_{ULID()}", scanned_at=START, boot_id="b", monotonic_ns=0, uid=uid, **given)


def shown(decision: Decision) -> tuple[str, str | None]:
    return decision.result, decision.reason


def later(hands: Hands, gate: LocalGate, *taps: Tap) -> Iterator[tuple[str, str | None]]:
    for each in taps:
        hands.seconds += 10
        yield shown(gate.decide(each))


def test_one_attendee_goes_in_once(hands: Hands, gate: LocalGate, signer: Signer, tickets: list[TicketRow]) -> None:
    code = signer.code(tickets[0])
    assert list(later(hands, gate, tap(), tap(), tap(None, qr=code))) == [
        ("valid", None), ("already_scanned", None), ("already_scanned", None),
    ]  # fmt: skip


def test_the_second_answer_says_when_the_first_was(hands: Hands, gate: LocalGate) -> None:
    gate.decide(tap())
    hands.seconds = 30
    assert gate.decide(tap()).first_at == START


def test_a_family_card_admits_the_next_ticket_at_each_tap(hands: Hands, gate: LocalGate) -> None:
    decisions = []
    for _ in range(4):
        hands.seconds += 3
        decisions.append(gate.decide(tap(FAMILY)))
    assert [(d.result, d.remaining) for d in decisions] == [
        ("valid", 2), ("valid", 1), ("valid", 0), ("already_scanned", None),
    ]  # fmt: skip
    assert len({d.ticket for d in decisions[:3]}) == 3


def test_the_same_card_within_two_seconds_is_the_same_admission(hands: Hands, gate: LocalGate) -> None:
    first = gate.decide(tap(FAMILY))
    hands.seconds = 1.9
    again = gate.decide(tap(FAMILY))
    assert (again.result, again.repeat, again.ticket) == ("valid", True, first.ticket)
    hands.seconds = 2.0
    assert gate.decide(tap(FAMILY)).ticket != first.ticket


def with_re_entry(gate: LocalGate) -> None:
    assert gate.snapshot is not None
    head = gate.snapshot.head
    event = head.event.model_copy(update={"re_entry_allowed": True})
    gate.use(replace(gate.snapshot, head=head.model_copy(update={"event": event})))


@pytest.mark.parametrize("out", [{"direction": "exit"}, {"kind": "leave"}], ids=["exit", "leave"])
def test_only_an_entry_is_repeated_so_a_family_goes_out_as_fast_as_it_taps(
    hands: Hands, gate: LocalGate, out: dict[str, Any]
) -> None:
    with_re_entry(gate)
    assert [result for result, _ in later(hands, gate, *(tap(FAMILY) for _ in range(3)))] == ["valid"] * 3
    gone = []
    for _ in range(3):
        hands.seconds += 1.1
        gone.append(gate.decide(tap(FAMILY, **out)))
    assert [(each.result, each.repeat) for each in gone] == [("valid", False)] * 3
    assert len({each.ticket for each in gone}) == 3
    back = gate.decide(tap(FAMILY))  # soon after the exits, which are no admissions
    assert (back.result, back.repeat) == ("valid", False)


@pytest.mark.parametrize(
    ("read_at", "repeat"), [(1.9, True), (2.0, False)], ids=["read in the window", "read after it"]
)
def test_the_window_is_between_the_readings_however_long_the_platform_was_waited_for(
    hands: Hands, gate: LocalGate, read_at: float, repeat: bool
) -> None:
    gate.decide(tap(FAMILY), read_at=0.0)
    hands.seconds = 2.9
    assert gate.decide(tap(FAMILY), read_at=read_at).repeat is repeat


def test_an_admission_is_not_repeated_where_anything_else_speaks_against_it(
    hands: Hands, gate: LocalGate, signer: Signer
) -> None:
    gate.decide(tap())
    assert gate.snapshot is not None
    changed = [CardRow(UID, (), status="blocked"), CardRow(FAMILY, (), status="removed")]
    fresh = double.make(signer, [], changed, now=START, epoch=START, cursor="c2", since="c1")
    hands.seconds = 1
    gate.use(gate.snapshot.with_delta(read(fresh, signer)))
    assert gate.decide(tap()).result != "valid"


def test_an_admission_by_others_at_this_gate_is_repeated_too(hands: Hands, gate: LocalGate) -> None:
    assert gate.snapshot is not None
    card = gate.snapshot.card(FAMILY)
    assert card is not None
    first = replace(gate.decide(tap(UID)), ticket=card.tickets[0], remaining=2, via="dev_hub", warning="old")
    gate.passed(card.tickets[0], "inside", at=START, scan_id=first.scan_id, by="platform")
    gate.admitted(FAMILY, first, read_at=0.0)
    hands.seconds = 1.5
    again = gate.repeat_of(tap(FAMILY), read_at=1.5)
    assert again is not None
    assert gate.decide(tap(FAMILY)).repeat
    assert (again.repeat, again.ticket, again.via, again.warning) == (True, card.tickets[0], None, None)
    assert gate.repeat_of(tap(FAMILY), read_at=2.0) is None


@pytest.mark.parametrize("seconds", [-3600, -1, 0, 1, 3600])
def test_passages_of_this_gate_count_in_their_order_although_its_clock_is_set(
    hands: Hands, gate: LocalGate, signer: Signer, seconds: float
) -> None:
    """Of a gate that starts again, the outbox remembers the order."""
    with_re_entry(gate)
    hands.seconds = 7200
    decisions = []
    for each in (tap(), tap(direction="exit")):
        hands.seconds += 5
        decisions.append(gate.decide(each))
    hands.seconds += seconds
    decisions.append(gate.decide(tap()))
    assert [decision.result for decision in decisions] == ["valid"] * 3
    hands.seconds += 5
    assert gate.decide(tap()).result == "already_scanned"
    started_again = LocalGate(hands, keys=signer.keys)
    started_again.use(gate.snapshot)
    for decision in decisions:
        assert decision.ticket is not None
        assert decision.presence_after is not None
        started_again.passed(
            decision.ticket, decision.presence_after, at=decision.at, scan_id=decision.scan_id, by="gate"
        )
    assert started_again.decide(tap()).result == "already_scanned"


def test_the_platforms_time_of_a_passage_replaces_that_of_a_fast_clock(
    hands: Hands, gate: LocalGate, signer: Signer, tickets: list[TicketRow]
) -> None:
    """Otherwise a return at another gate would be unknown here for as long as the clock was fast."""
    hands.seconds = 3600
    left = gate.decide(tap())
    assert left.ticket is not None
    gate.passed(left.ticket, "inside", at=START, scan_id=left.scan_id, by="platform")
    tickets[0].presence, tickets[0].since = "outside", START + timedelta(seconds=300)
    now = START + timedelta(seconds=600)
    event = double.event(now, re_entry_allowed=True)
    gate.use(
        Snapshot.of(read(double.make(signer, tickets, [CardRow(UID, (tickets[0],))], now=now, event=event), signer))
    )
    hands.seconds = 600
    assert gate.decide(tap()).result == "valid"


def test_another_caller_has_a_window_of_its_own(gate: LocalGate) -> None:
    gate.decide(tap(), caller="dev_1")
    assert gate.decide(tap(), caller="dev_2").result == "already_scanned"


def test_the_same_scan_gets_the_same_answer(hands: Hands, gate: LocalGate) -> None:
    mine = tap()
    first = gate.decide(mine)
    hands.seconds = 60
    assert gate.decide(mine) == first


def test_a_decision_that_was_not_recorded_is_taken_back(gate: LocalGate) -> None:
    mine = tap()
    gate.decide(mine)
    gate.undo(mine.scan_id)
    assert gate.decide(tap()).result == "valid"


def test_leave_return_and_exit(hands: Hands, gate: LocalGate) -> None:
    leave, back = tap(kind="leave"), tap(kind="return")
    assert list(later(hands, gate, tap(), leave, back)) == [
        ("valid", None), ("invalid", "scanning_disabled"), ("invalid", "scanning_disabled"),
    ]  # fmt: skip
    with_re_entry(gate)
    scans = [tap(kind="return"), tap(kind="leave"), tap(kind="leave"), tap(kind="return"), tap(direction="exit"), tap()]
    assert [result for result, _ in later(hands, gate, *scans)] == [
        "invalid", "valid", "invalid", "valid", "valid", "valid",
    ]  # fmt: skip


def test_what_the_platform_decided_counts_here(gate: LocalGate, tickets: list[TicketRow]) -> None:
    assert gate.snapshot is not None
    ticket = gate.snapshot.fingerprint_of_ticket_id(tickets[0].id)
    assert ticket is not None
    gate.passed(ticket, "inside", at=START, scan_id="scn_online", by="others")
    assert gate.decide(tap()).result == "already_scanned"


def test_a_later_passage_in_the_snapshot_wins(
    hands: Hands, gate: LocalGate, signer: Signer, tickets: list[TicketRow]
) -> None:
    gate.decide(tap())
    hands.seconds = 600
    tickets[0].presence, tickets[0].since = "outside", START + timedelta(seconds=300)
    now = START + timedelta(seconds=600)
    fresh = double.make(
        signer, tickets, [CardRow(UID, (tickets[0],))], now=now, event=double.event(now, re_entry_allowed=True)
    )
    gate.use(Snapshot.of(read(fresh, signer)))
    assert gate.decide(tap()).result == "valid"


@pytest.mark.parametrize(("policy", "result"), [("refuse", None), ("warn", "valid"), ("admit", "valid")])
def test_an_expired_snapshot(hands: Hands, gate: LocalGate, policy: Any, result: str | None) -> None:
    gate.expired_policy = policy
    hands.seconds = 24 * 3600 - 0.001
    assert gate.decide(tap(FAMILY)).warning is None
    hands.seconds = 24 * 3600
    if result is None:
        with pytest.raises(CannotDecide, match="24 hours old"):
            gate.decide(tap())
    else:
        decision = gate.decide(tap())
        assert (decision.result, decision.warning is not None) == (result, policy == "warn")


def test_no_snapshot_decides_nothing(hands: Hands, signer: Signer) -> None:
    with pytest.raises(CannotDecide, match="no snapshot"):
        LocalGate(hands, keys=signer.keys).decide(tap())


def test_a_secure_card(gate: LocalGate) -> None:
    assert shown(gate.decide(tap(SECURE))) == ("invalid", "clone_suspected")
    with pytest.raises(CannotDecide, match="platform only"):
        gate.decide(tap(SECURE, sun=SUN))
    gate.secure_policy = "admit"
    decision = gate.decide(tap(SECURE, sun=SUN))
    assert decision.result == "valid"
    assert "not checked" in str(decision.warning)


def test_a_card_that_is_not_registered_as_secure_and_shows_a_message(gate: LocalGate) -> None:
    """The platform refuses a bad message of any card, and no gate can tell a bad one from a good one."""
    with pytest.raises(CannotDecide, match="platform only"):
        gate.decide(tap(UID, sun=SUN))
    gate.secure_policy = "admit"
    decision = gate.decide(tap(UID, sun=SUN))
    assert (decision.result, "not checked" in str(decision.warning)) == ("valid", True)


def test_codes(hands: Hands, gate: LocalGate, signer: Signer, tickets: list[TicketRow]) -> None:
    stranger, unknown = Signer(), TicketRow(ULID())
    assert list(
        later(
            hands,
            gate,
            tap(None, qr=stranger.code(tickets[0])),
            tap(None, qr=signer.code(tickets[0], event_id="evt_other")),
            tap(None, qr=signer.code(tickets[0], credential=2)),
            tap(None, qr=signer.code(unknown)),
            tap(None, qr="]Q1" + signer.code(tickets[0]).lower() + "\r\n"),
            tap(uid="04FFFFFFFFFFFF"),
        )
    ) == [
        ("invalid", "bad_signature"), ("invalid", "wrong_event"), ("invalid", "stale_credential"),
        ("not_found", None), ("valid", None), ("not_found", None),
    ]  # fmt: skip


# US scanners that type into a computer of another layout; the agent reads keys in the US layout itself.
OTHER_LAYOUTS = {"QWERTZ", "AZERTY"}
FORMS = [case for case in json.loads(SCANNED.read_text())["cases"] if case["kind"] == "ticket_code"]


def test_a_code_is_found_in_each_form_in_which_scanners_send_it() -> None:
    forms = [case for case in FORMS if case["form"] not in OTHER_LAYOUTS]
    assert len(forms) > 25
    for case in forms:
        assert case["expected"] in ticket_code.candidates(case["input"]), case["form"]


def test_a_delta_changes_tickets_cards_and_cursor(
    hands: Hands, gate: LocalGate, signer: Signer, tickets: list[TicketRow]
) -> None:
    sold = TicketRow(ULID())
    tickets[0].status = "refunded"
    cards = [CardRow("04000000000001", (sold,)), CardRow(FAMILY, (), status="removed")]
    now = START + timedelta(minutes=5)
    delta = double.make(signer, [tickets[0], sold], cards, now=now, epoch=START, cursor="c2", since="c1")
    assert gate.snapshot is not None
    gate.use(gate.snapshot.with_delta(read(delta, signer)))
    assert list(later(hands, gate, tap(), tap("04000000000001"), tap(FAMILY))) == [
        ("invalid", "refunded"), ("valid", None), ("not_found", None),
    ]  # fmt: skip
    assert gate.decide(tap()).cursor == "c2"
    with pytest.raises(SnapshotRefused, match="do not follow"):
        gate.snapshot.with_delta(read(delta, signer))


def test_a_delta_is_no_snapshot(signer: Signer) -> None:
    with pytest.raises(SnapshotRefused, match="not here"):
        Snapshot.of(read(double.make(signer, [], [], now=START, cursor="c2", since="c1"), signer))


def test_a_snapshot_that_was_changed_is_refused(signer: Signer, tickets: list[TicketRow]) -> None:
    data = double.make(signer, tickets, [], now=START)
    for place in range(0, len(data), 7):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(SnapshotRefused):
            read(bytes(changed), signer)
    for length in range(0, len(data), 31):
        with pytest.raises(SnapshotRefused):
            read(data[:length], signer)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"event_id": "evt_other"}, "another event"),
        ({"device_id": "dev_other"}, "another device"),
        ({"key_id": "00000000"}, "does not have"),
        ({"sections": {"tickets": 4, "cards": 0, "links": 0, "secure": 0}}, "another length"),
        ({"sections": {"tickets": 10**9, "cards": 0, "links": 0, "secure": 0}}, "not readable"),
        ({"cursor": ""}, "not readable"),
    ],
)
def test_a_genuine_snapshot_that_is_not_for_this_device(
    signer: Signer, tickets: list[TicketRow], change: dict[str, Any], why: str
) -> None:
    with pytest.raises(SnapshotRefused, match=why):
        read(double.make(signer, tickets, [], now=START, **change), signer)


def test_a_foreign_platforms_snapshot_is_refused(signer: Signer, tickets: list[TicketRow]) -> None:
    foreign = double.make(Signer(Ed25519PrivateKey.generate()), tickets, [], now=START)
    with pytest.raises(SnapshotRefused, match="signature"):
        read(foreign, signer)
