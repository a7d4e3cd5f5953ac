"""A gate whose network is gone: it decides by its snapshot, says so, and the platform hears of it later."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import DEMO_UID, FAMILY, Box, Work, WorkingAgent, wait_until
from platform_double import Fault, Platform, refusal
from snapshot_double import Signer, TicketRow
from ulid import ULID

from reader_agent.identity import Identity
from reader_agent.outbox import DecidedAtGate
from reader_agent.outcomes import Decided, DecidedHere, Kept, Outcome, Refused
from reader_agent.readers import Card
from reader_agent.readers.reading import Code
from reader_agent.simulator import Ntag213

TAPS = "/api/device/taps/"


def has_snapshot(gate: WorkingAgent) -> Callable[[], bool]:
    return lambda: gate.agent.offline.gate.snapshot is not None


def tap(gate: WorkingAgent, uid: str = DEMO_UID) -> Outcome | None:
    return gate.tap(Ntag213(bytes.fromhex(uid)))[1]


def here(outcome: Outcome | None) -> tuple[str, str | None]:
    assert isinstance(outcome, DecidedHere), outcome
    return outcome.decision.result, outcome.decision.reason


@pytest.mark.usefixtures("box")
def test_the_gate_decides_while_the_platform_is_away_and_the_records_arrive_later(
    work: Work, platform: Platform
) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.down()
        assert here(tap(gate)) == ("valid", None)
        time.sleep(2.1)
        assert here(tap(gate)) == ("already_scanned", None)
        assert here(tap(gate, "04FFFFFFFFFFFF")) == ("not_found", None)
        assert "ADMITTED, DECIDED HERE" in gate.screen.getvalue()
        assert "it may be of another event" in gate.screen.getvalue()
        platform.up()
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    assert [(record["seq"], record["offline"]) for record in platform.received] == [
        (1, {"result": "valid"}), (2, {"result": "already_scanned"}), (3, {"result": "not_found"}),
    ]  # fmt: skip
    assert {record["snapshot_cursor"] for record in platform.received} == {"c1"}
    assert "CONFLICT" not in gate.screen.getvalue()


@pytest.mark.usefixtures("box")
def test_a_conflict_is_shown_to_the_operator(work: Work, platform: Platform) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.down()
        assert here(tap(gate)) == ("valid", None)
        platform.tickets[DEMO_UID] = {
            "scanned_at": "2026-11-27T10:00:00.000Z", "gate": "Gate 9", "by": "other", "scan_id": "scn_other",
        }  # fmt: skip
        platform.up()
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        wait_until(lambda: "CONFLICT" in gate.screen.getvalue())
        assert "Gate 9" in gate.screen.getvalue()
        assert gate.agent.snapshot()["conflicts"] == 1


@pytest.mark.usefixtures("box")
def test_what_the_platform_admitted_is_not_admitted_again_after_a_cut_or_a_restart(
    work: Work, platform: Platform
) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        assert isinstance(tap(gate), Decided)
        platform.down()
        again = tap(gate)  # within two seconds it is the same admission; its record claims none
        assert here(again)[0] == "already_scanned" or (isinstance(again, DecidedHere) and again.decision.repeat)
        assert gate.agent.outbox.entries("pending")[-1].at_gate == DecidedAtGate("already_scanned", None, "c1")
        time.sleep(2.1)
        assert here(tap(gate)) == ("already_scanned", None)
    with work() as gate:
        assert here(tap(gate)) == ("already_scanned", None)


def test_a_familys_card_that_bounces_while_the_network_goes_lets_in_one(
    work: Work, platform: Platform, box: Box
) -> None:
    platform.tickets[FAMILY], platform.ticket_ids[FAMILY] = None, box.tickets[1].id
    with work() as gate:
        wait_until(has_snapshot(gate))
        assert isinstance(tap(gate, FAMILY), Decided)
        platform.down()
        again = tap(gate, FAMILY)
        read_at = [entry.tap.monotonic_ns for entry in gate.agent.outbox.entries()]
        assert isinstance(again, DecidedHere)
        assert again.decision.repeat or read_at[1] - read_at[0] >= 2 * 10**9


@pytest.mark.usefixtures("box")
@pytest.mark.parametrize(
    "faults",
    [
        # Twice: a connection that was kept may be closed, so that the same request goes out again on a new one.
        pytest.param([Fault(drop=True), Fault(drop=True)], id="the request is lost"),
        pytest.param([Fault(lose_answer=True), Fault(lose_answer=True)], id="the answer is lost"),
        pytest.param([Fault(status=500, body=b"<html>")], id="500"),
        pytest.param([refusal(400, "VALIDATION_ERROR")], id="400"),
    ],
)
def test_a_card_admitted_here_is_not_admitted_by_a_platform_that_does_not_know_of_it(
    work: Work, platform: Platform, faults: list[Fault]
) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.down()
        assert here(tap(gate)) == ("valid", None)
        platform.always[TAPS] = Fault(status=503)  # the backlog finds no way
        platform.up()
        wait_until(lambda: gate.agent.delivery.tally.failed_attempts > 1)
        time.sleep(2.1)  # a later tap is no repeat
        # Both go in one request, which fails; the next one would be answered.
        platform.break_once(TAPS, *faults)
        del platform.always[TAPS]
        outcome = tap(gate)
        assert outcome is not None
        assert isinstance(outcome, DecidedHere | Decided)
        assert outcome.decision.result == "already_scanned"
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    assert {record["scan_id"] for record in platform.received} == {*platform.answers}
    assert sorted(answer["result"] for answer in platform.answers.values()) == ["already_scanned", "valid"]
    assert "CONFLICT" not in gate.screen.getvalue()


@pytest.mark.usefixtures("box")
def test_a_card_whose_admission_here_the_platform_does_not_take_is_decided_here(work: Work, platform: Platform) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.down()
        assert here(tap(gate)) == ("valid", None)
        platform.poison = {DEMO_UID}
        platform.up()
        take(gate)  # the road works, so it is the tap that fails
        wait_until(lambda: gate.agent.outbox.dead() == 1)
        platform.poison = set()
        time.sleep(2.1)
        assert here(tap(gate)) == ("already_scanned", None)


@pytest.mark.usefixtures("box")
def test_what_was_decided_here_counts_after_a_restart(work: Work, platform: Platform) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.down()
        assert here(tap(gate)) == ("valid", None)
    with work() as gate:
        assert here(tap(gate)) == ("already_scanned", None)


@pytest.mark.usefixtures("box")
def test_the_first_decisions_after_a_cut_and_after_it_heals_come_in_time(work: Work, platform: Platform) -> None:
    with work(online_seconds=1.0) as gate:
        wait_until(has_snapshot(gate))
        platform.always[TAPS] = Fault(delay=50.0)  # the road is open, and gives no answer
        began = time.monotonic()
        outcome = take(gate)
        assert isinstance(outcome, DecidedHere)
        assert time.monotonic() - began < 25.0  # a second, and a busy machine
        platform.always.clear()
        healed = time.monotonic()
        while not isinstance(take(gate), Decided):
            assert time.monotonic() - healed < 25.0


def test_after_a_rotation_a_gate_takes_snapshots_and_codes_of_both_keys(
    work: Work, platform: Platform, box: Box
) -> None:
    ticket = TicketRow(ULID())
    box.tickets.append(ticket)
    box.publish()
    old = platform.signer
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.earlier_signers, platform.signer = [old], Signer()
        box.publish(cursor="rotated")
        gate.agent.heartbeat.beat()
        wait_until(lambda: gate.agent.sync.state()["cursor"] == "rotated")
        platform.down()
        for signer, expected in ((old, "valid"), (platform.signer, "already_scanned"), (Signer(), "invalid")):
            assert here(gate.agent.gate.tapped(Code(signer.code(ticket))))[0] == expected
    with work() as gate:  # the keys are on the disk, and so is the snapshot
        assert gate.agent.sync.state()["cursor"] == "rotated"


def test_keys_and_settings_that_could_not_be_stored_are_stored_when_there_is_room_again(
    work: Work, platform: Platform, box: Box, state: Path
) -> None:
    path = state / "identity.json"
    with work() as gate:
        wait_until(lambda: has_snapshot(gate)() and gate.agent.heartbeat.last_answer is not None)
        path.unlink()
        path.mkdir()  # no file takes its place
        platform.signer, platform.config["batch_size"] = Signer(), 7
        box.publish(cursor="rotated")
        gate.agent.heartbeat.beat()
        wait_until(lambda: gate.agent.sync.state()["cursor"] == "rotated")
        assert gate.agent.delivery.pace.batch_size == 7
        path.rmdir()
        gate.agent.heartbeat.beat()
        wait_until(path.is_file)
    platform.down()
    with work() as gate:
        assert gate.agent.identity.config.batch_size == 7
        assert here(tap(gate)) == ("valid", None)


@pytest.mark.usefixtures("box")
def test_while_the_platform_stays_silent_few_people_wait_for_it(work: Work, platform: Platform) -> None:
    with work(online_seconds=2.0) as gate:
        wait_until(has_snapshot(gate))
        platform.always[TAPS] = Fault(delay=5.0)
        people = [f"04EE{number:010X}" for number in range(12)]
        for uid in people[:2]:
            assert isinstance(take(gate, uid), DecidedHere)
        began = time.monotonic()
        for uid in people[2:]:
            assert isinstance(take(gate, uid), DecidedHere)
        # Ten timeouts are 20 s.
        assert time.monotonic() - began < 12.0
        platform.always.clear()
        wait_until(lambda: isinstance(take(gate), Decided))
        wait_until(lambda: gate.agent.outbox.depth() == 0)


def take(gate: WorkingAgent, uid: str = "04EEEEEEEEEEEE") -> Outcome | None:
    """Tap a card without the reader's own time."""
    return gate.agent.gate.tapped(Card(uid=uid, kind="test", sun=None))


def test_without_a_snapshot_a_tap_is_kept_and_nobody_admitted(work: Work, platform: Platform) -> None:
    with work() as gate:
        wait_until(lambda: gate.agent.sync.last_error is not None)
        platform.down()
        outcome = tap(gate)
        assert isinstance(outcome, Kept)
        assert "no snapshot" in outcome.why


@pytest.mark.usefixtures("box")
def test_a_device_that_is_locked_out_decides_nothing(work: Work, platform: Platform) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.tokens.clear()
        platform.keys.clear()
        assert isinstance(tap(gate), Kept)
        platform.down()
        assert isinstance(tap(gate), Kept)


@pytest.mark.usefixtures("box")
@pytest.mark.parametrize(("refusals", "decides"), [(1, True), (3, False)])
def test_one_refusal_before_an_outage_closes_no_gate_for_its_length(
    work: Work, platform: Platform, refusals: int, decides: bool
) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        wait_until(lambda: gate.agent.heartbeat.last_answer is not None)
        platform.down()
        for _ in range(refusals):
            gate.agent.standing.refused("heartbeat", "FORBIDDEN")
        assert isinstance(tap(gate), Kept)
        gate.agent.standing.doubt_seconds = 0.0
        assert isinstance(tap(gate, FAMILY), DecidedHere if decides else Kept)


@pytest.mark.usefixtures("box")
def test_a_person_is_decided_here_where_a_firewall_or_a_deployment_refuses_every_request(
    work: Work, platform: Platform
) -> None:
    statuses = (404, 405, 410, 413, 414, 415)
    with work() as gate:
        wait_until(has_snapshot(gate))
        for number, status in enumerate(statuses):
            platform.always[TAPS] = refusal(status, "NOT_FOUND")
            assert here(tap(gate, f"0400000000{number:04X}")) == ("not_found", None), status
        platform.always[TAPS] = refusal(400, "VALIDATION_ERROR")
        assert isinstance(tap(gate), Refused)
        del platform.always[TAPS]
        wait_until(lambda: gate.agent.outbox.depth() + gate.agent.outbox.dead() == 0)
    assert len(platform.received) == len(statuses) + 1


@pytest.mark.usefixtures("box")
def test_two_taps_at_once_admit_one(work: Work, platform: Platform) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.down()
        outcomes: list[Outcome | None] = []
        threads = [
            threading.Thread(
                target=lambda: outcomes.append(gate.agent.gate.tapped(Card(uid=DEMO_UID, kind="test", sun=None)))
            )
            for _ in range(4)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        admitted = [each for each in outcomes if isinstance(each, DecidedHere) and each.decision.admitted]
        assert len([each for each in admitted if not each.decision.repeat]) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"device_id": "dev_other"}, "another device"),
        ({"event_id": "evt_other"}, "another event"),
        ({"now": datetime.now(UTC) - timedelta(hours=25)}, "expired"),
        ({"now": datetime.now(UTC) - timedelta(hours=2)}, "older"),
        ({"cursor": ""}, "not readable"),
    ],
)
def test_a_snapshot_that_must_not_be_used_leaves_the_old_one(
    work: Work, platform: Platform, box: Box, change: dict[str, Any], why: str
) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        box.publish(**change)
        assert not gate.agent.sync.fetch()  # the cursor is not known any more, so the whole is asked for
        assert why in str(gate.agent.sync.last_error)
        assert gate.agent.sync.state()["cursor"] == "c1"
        platform.down()
        assert here(tap(gate)) == ("valid", None)
    with work() as gate:
        assert gate.agent.sync.state()["cursor"] == "c1"


@pytest.mark.usefixtures("box")
def test_nobody_is_shown_an_admission_that_is_not_on_the_disk(work: Work, platform: Platform) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.down()
        db = gate.agent.outbox._db
        db.execute("CREATE TEMP TRIGGER full BEFORE INSERT ON decision BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
        assert tap(gate) is None
        screen = gate.screen.getvalue()
        assert "ADMITTED" not in screen
        assert "free some space" in screen
        assert "taps cannot be recorded" in gate.agent.snapshot()["why_not_ready"]
        db.execute("DROP TRIGGER full")
        assert here(tap(gate)) == ("valid", None)  # the one before let nobody in
        platform.up()
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    assert [(record["seq"], record.get("offline")) for record in platform.received] == [
        (1, None), (2, {"result": "valid"}),
    ]  # fmt: skip


@pytest.mark.parametrize("table", ["boot", "outcome", "passage"])
@pytest.mark.usefixtures("box")
def test_an_admission_by_the_platform_is_known_also_where_its_answer_is_not_on_the_disk(
    work: Work, platform: Platform, table: str
) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        db = gate.agent.outbox._db
        db.execute(f"CREATE TEMP TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
        first = tap(gate)
        assert isinstance(first, Decided)
        assert first.decision.admitted
        assert gate.agent.outbox.depth() == 1
        platform.down()
        again = tap(gate)
        assert isinstance(again, DecidedHere)
        assert (again.decision.result, again.decision.repeat) in {("already_scanned", False), ("valid", True)}
        db.execute("DROP TRIGGER full")
        platform.up()
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    assert [record.get("offline", {}).get("result") for record in platform.received] == [None, "already_scanned"]


def test_a_record_that_the_platform_cannot_read_is_not_done(work: Work, platform: Platform) -> None:
    with work() as gate:
        error = {"code": "VALIDATION_ERROR", "message": "no such kind"}
        platform.fixed_answer = {"status": "rejected", "result": "invalid", "error": error}
        tap(gate)
        wait_until(lambda: gate.agent.outbox.dead() == 1)
        [dead] = gate.agent.outbox.entries("dead")
        assert "no such kind" in dead.detail


def test_a_record_that_the_platform_rejects_is_shown_to_the_operator(work: Work, platform: Platform, box: Box) -> None:
    box.publish()
    with work() as gate:
        wait_until(has_snapshot(gate))
        platform.down()
        assert here(tap(gate)) == ("valid", None)
        error = {"code": "CLOCK_IMPLAUSIBLE", "message": "the time is in the future"}
        platform.fixed_answer = {"status": "rejected", "result": "invalid", "error": error}
        platform.up()
        wait_until(lambda: "REJECTED" in gate.screen.getvalue())
        assert "CLOCK_IMPLAUSIBLE" in gate.screen.getvalue()
        assert (gate.agent.outbox.depth(), gate.agent.snapshot()["rejected"]) == (0, 1)


@pytest.mark.usefixtures("box")
def test_numbers_do_not_begin_again_with_an_outbox_that_was_moved_aside(
    work: Work, platform: Platform, state: Path, identity: Identity
) -> None:
    with work() as gate:
        wait_until(has_snapshot(gate))
        tap(gate)
        gate.agent.sync._marked_at = float("-inf")
        wait_until(lambda: gate.agent.sync.store.fact("last number") == "1")
    for path in state.glob(f"{identity.outbox_path(state).name}*"):
        path.rename(path.with_name(f"aside-{path.name}"))
    with work() as gate:
        tap(gate)
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    numbers = [record["seq"] for record in platform.received]
    assert numbers[0] == 1
    assert numbers[1] > 1000
