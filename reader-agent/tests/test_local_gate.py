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
    assert gate.snapshot is not None
    head = gate.snapshot.head
    event = head.event.model_copy(update={"re_entry_allowed": True})
    gate.use(replace(gate.snapshot, head=head.model_copy(update={"event": event})))
    scans = [tap(kind="return"), tap(kind="leave"), tap(kind="leave"), tap(kind="return"), tap(direction="exit"), tap()]
    assert [result for result, _ in later(hands, gate, *scans)] == [
        "invalid", "valid", "invalid", "valid", "valid", "valid",
    ]  # fmt: skip


def test_what_the_platform_decided_counts_here(gate: LocalGate, tickets: list[TicketRow]) -> None:
    assert gate.snapshot is not None
    ticket = gate.snapshot.fingerprint_of_ticket_id(tickets[0].id)
    assert ticket is not None
    gate.passed(ticket, "inside", at=START, scan_id="scn_online")
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


# Scanners that type into a computer of another layout; the agent reads keys and bytes, and needs no layouts.
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
