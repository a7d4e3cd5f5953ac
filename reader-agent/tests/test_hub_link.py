"""An agent's tie to its hub: who is in is known when the hub is gone, and nobody waits long to learn that it is."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from conftest import wait_until
from hub_double import EVENT, Party, Wire, tap_of
from snapshot_double import CardRow, TicketRow
from ulid import ULID

from reader_agent.admission import Presence
from reader_agent.hub.choice import HubChoice
from reader_agent.hub.client import HubPlace
from reader_agent.hub.journal import Journal
from reader_agent.hub.link import HubLink
from reader_agent.hub.neighbours import HubAway
from reader_agent.hub.peers import Listed
from reader_agent.hub.tls import Member, Peer
from reader_agent.local_gate import LocalGate
from reader_agent.tap import Tap


@dataclass(frozen=True)
class Passed:
    scan_id: str
    ticket: int
    presence: Presence = "inside"
    at: datetime = datetime(2026, 11, 27, 18, tzinfo=UTC)


@pytest.fixture
def party(tmp_path: Path) -> Party:
    return Party(tmp_path)


@contextmanager
def tied(
    party: Party,
    port: int,
    number: int = 0,
    *passages: Passed,
    memory: Journal | None = None,
    gate: LocalGate | None = None,
) -> Iterator[tuple[HubLink, LocalGate]]:
    device = party.gates[number]
    gate = gate or party.local_gate(device)
    link = HubLink(
        gate,
        member=Member(EVENT, device, party.keys[device]),
        find=lambda: (HubPlace(f"127.0.0.1:{port}", party.hub_id), party.peers),
        passages=lambda: passages,
        log=structlog.get_logger(),
        memory=memory,
    )
    link.start()
    try:
        yield link, gate
    finally:
        link.stop()


def ticket(party: Party, number: int) -> int:
    snapshot = party.local_gate(party.hub_id).snapshot
    assert snapshot
    return snapshot.fingerprint_of_ticket(party.tickets[number].ulid.bytes)


def test_every_gate_knows_who_is_in_when_the_hub_dies(party: Party) -> None:
    with party.hub() as hub, tied(party, hub.port) as (near, near_gate), tied(party, hub.port, 1) as (far, far_gate):
        wait_until(lambda: near.is_up and far.is_up)
        assert (answer := near.ask(tap_of(party.cards[0]), seconds=60))
        assert (answer[0], answer[1].result) == (party.hub_id, "valid")
        assert near_gate.decide(tap_of(party.cards[0])).result == "already_scanned"
        wait_until(lambda: far.facts()["sequence"] == 1)
        hub.stop()
        wait_until(lambda: not far.is_up)
        began = time.monotonic()
        with pytest.raises(HubAway):
            far.ask(tap_of(party.cards[0]), seconds=60)
        assert time.monotonic() - began < 25
        assert far_gate.decide(tap_of(party.cards[0])).result == "already_scanned"
        assert far_gate.decide(tap_of(party.cards[1])).result == "valid"


def asked(link: HubLink, tap: Tap) -> tuple[str | None, str | None]:
    answer = link.ask(tap, seconds=5.0)
    assert answer
    return answer[1].result, answer[1].reason


def test_a_hub_decides_by_the_newer_knowledge_of_the_gate_that_asks(party: Party) -> None:
    refunded, _, undone, renewed, _ = party.tickets
    code = party.signer.code(renewed)
    undone.status = "cancelled"
    older = party.local_gate(party.gates[1])
    with party.hub() as hub:
        refunded.status, undone.status, renewed.credential = "refunded", "valid", 2
        party.cards[1].status = "blocked"
        party.cards[4] = replace(party.cards[4], tickets=())
        sold = TicketRow(ULID())
        party.tickets.append(sold)
        party.cards.append(CardRow("04AABBCCDDEEFF", (sold,)))
        taps = [tap_of(card) for card in party.cards]
        with (
            tied(party, hub.port) as (link, gate),
            tied(party, hub.port, 1, gate=older) as (behind, _),
            tied(party, hub.port, 2) as (third, _),
        ):
            wait_until(lambda: link.is_up and behind.is_up and third.is_up)
            assert [asked(link, tap) for tap in taps] == [
                ("invalid", "refunded"), ("invalid", "card_blocked"), ("valid", None), ("valid", None),
                ("not_found", None), ("valid", None),
            ]  # fmt: skip
            by_code = replace(taps[0], scan_id="scn_code", uid=None, qr=code)
            assert asked(link, by_code) == ("invalid", "stale_credential")
            # A retry is the same tap, also where the gate has other changes by now.
            sold.status = "refunded"
            gate.use(party.local_gate(party.gates[0]).snapshot)
            assert asked(link, taps[5]) == ("valid", None)
            # Whichever gate asks, one person goes in; what a gate knows of old takes nothing back.
            assert [asked(third, tap_of(card))[0] for card in party.cards[2:6]] == [
                "already_scanned", "already_scanned", "not_found", "already_scanned",
            ]  # fmt: skip
            assert asked(behind, tap_of(party.cards[3])) == ("already_scanned", None)
            assert asked(behind, tap_of(party.cards[2])) == ("invalid", "cancelled")


def test_a_hub_knows_of_a_stop_that_only_the_gate_has_heard_of(party: Party) -> None:
    with (
        party.hub() as hub,
        tied(party, hub.port, gate=party.local_gate(party.gates[0], scanning_enabled=False)) as (
            link,
            _,
        ),
    ):
        wait_until(lambda: link.is_up)
        assert asked(link, tap_of(party.cards[0])) == ("invalid", "scanning_disabled")


def test_a_hub_that_falls_silent_costs_one_person_a_second_and_a_lost_answer_counts(party: Party) -> None:
    with party.hub() as hub:
        wire = Wire(hub.port)
        try:
            with tied(party, wire.port) as (link, gate):
                wait_until(lambda: link.is_up)
                # The hub let this person in, and the news of it came, but not the answer.
                lost = tap_of(party.cards[0])
                with party.client(hub.port) as itself:
                    itself.decide(lost, seconds=60)
                wait_until(lambda: link.facts()["sequence"] == 1)
                wire.hold()
                began = time.monotonic()
                answer = link.ask(lost, seconds=1.0)
                assert time.monotonic() - began < 25
                assert answer
                assert (answer[0], answer[1].result) == (party.hub_id, "valid")
                began = time.monotonic()
                with pytest.raises(HubAway, match="did not answer"):
                    link.ask(tap_of(party.cards[1]), seconds=60)
                assert time.monotonic() - began < 25
                # Decided alone, it is the same person.
                assert gate.decide(lost).result == "valid"
        finally:
            wire.close()


def test_what_was_decided_alone_is_reported_and_again_to_a_hub_that_forgot(party: Party) -> None:
    known = Passed("scn_early", ticket(party, 3))
    with party.hub() as hub:
        port = hub.port
        with tied(party, port, 0, known) as (link, _):
            wait_until(lambda: hub.desk.journal.last() == 1)
            link.tell(Passed("scn_later", ticket(party, 4)))
            wait_until(lambda: hub.desk.journal.last() == 2)
            wait_until(lambda: link.facts()["unreported"] == 0)
    (party.folder / "hub.sqlite3").unlink()
    with (
        tied(party, port, 0, known),
        party.hub(port) as hub,
        party.client(port, device_id=party.gates[1]) as other,
    ):
        wait_until(lambda: hub.desk.journal.last() == 1)
        assert other.decide(tap_of(party.cards[3]), seconds=60)[1].result == "already_scanned"
        assert other.decide(tap_of(party.cards[4]), seconds=60)[1].result == "valid"


def test_an_agent_keeps_the_first_hub_it_was_given(tmp_path: Path) -> None:
    devices = [Peer(name, bytes(32)) for name in ("dev_1", "dev_2", "dev_3")]
    first, second = HubPlace("192.0.2.1:8443", "dev_1"), HubPlace("192.0.2.2:8443", "dev_2")
    choice = HubChoice(tmp_path, event_id=EVENT)
    assert choice.place(None, devices) is None
    assert choice.place(HubPlace("192.0.2.9:8443", "dev_9"), devices) is None
    assert choice.place(HubPlace("nowhere", "dev_1"), devices) is None
    assert choice.place(first, devices) == first
    assert choice.place(second, devices) == first
    # A wiped device, or one with a damaged snapshot, knows no devices for a while.
    choice.place(None, [])
    assert choice.place(second, devices) == first
    # Also after a restart, and where the snapshot names none any more.
    assert HubChoice(tmp_path, event_id=EVENT).place(second, devices) == first
    assert HubChoice(tmp_path, event_id=EVENT).place(None, devices) == first
    moved = HubPlace("192.0.2.7:8443", "dev_1")
    assert HubChoice(tmp_path, event_id=EVENT).place(moved, devices) == moved
    # Another event has another hub; a revoked hub is none.
    assert HubChoice(tmp_path, event_id="evt_2").place(None, devices) is None
    assert HubChoice(tmp_path, event_id=EVENT).place(second, devices[1:]) == second
    own = HubChoice(tmp_path, event_id=EVENT, setting="dev_3@192.0.2.3:8443")
    assert own.place(first, devices) == HubPlace("192.0.2.3:8443", "dev_3")


def test_a_hub_that_could_not_be_stored_is_stored_when_there_is_room_again(tmp_path: Path) -> None:
    devices = [Peer(name, bytes(32)) for name in ("dev_1", "dev_2")]
    first, second = HubPlace("192.0.2.1:8443", "dev_1"), HubPlace("192.0.2.2:8443", "dev_2")
    choice, path = HubChoice(tmp_path, event_id=EVENT), tmp_path / "hub.json"
    path.mkdir()
    assert choice.place(first, devices) == first
    path.rmdir()
    assert choice.place(second, devices) == first
    assert HubChoice(tmp_path, event_id=EVENT).place(second, devices) == first


def test_peers_are_those_of_the_snapshot_in_use(party: Party) -> None:
    gate = party.local_gate(party.gates[0])
    listed = Listed(lambda: gate.snapshot.head if gate.snapshot else None)
    assert [peer.device_id for peer in listed.peers()] == [party.hub_id, *party.gates]
    assert listed.peers()[1] == Member(EVENT, party.gates[0], party.keys[party.gates[0]], "Gate 1").peer
    assert listed.hub() == HubPlace("127.0.0.1:8443", party.hub_id)
    gate.use(None)
    assert listed.peers() == ()
    assert listed.hub() is None


def test_a_gate_that_starts_again_without_a_hub_still_knows_who_is_in(party: Party, tmp_path: Path) -> None:
    path = tmp_path / "news.sqlite3"
    with party.hub() as hub:
        port = hub.port
        with party.client(port, device_id=party.gates[1]) as other:
            other.decide(tap_of(party.cards[0]), seconds=60)
        with tied(party, port, memory=Journal(path)) as (link, _):
            wait_until(lambda: link.facts()["sequence"] == 1)
            link.ensure()
            with Journal(path) as second:  # on the disk at once, not at the end only
                assert [passage.device_id for passage in second.after(0)[1]] == [party.gates[1]]
    with tied(party, port, memory=Journal(path)) as (link, gate):
        assert not link.is_up
        assert gate.decide(tap_of(party.cards[0])).result == "already_scanned"
        assert gate.decide(tap_of(party.cards[1])).result == "valid"


def test_a_hub_that_the_snapshot_does_not_list_is_not_asked(party: Party) -> None:
    with party.hub() as hub:
        party.peers = party.peers[1:]
        with tied(party, hub.port) as (link, _):
            wait_until(lambda: link.last_error is not None)
            with pytest.raises(HubAway, match="does not list the hub's device"):
                link.ask(tap_of(party.cards[0]), seconds=1.0)
            assert hub.refused == {}


def test_nobody_waits_for_a_hub_that_is_dead_from_the_start_or_was_revoked(party: Party) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, tied(party, mute.getsockname()[1]) as (link, _):
        for _person in range(3):
            began = time.monotonic()
            with suppress(HubAway):
                assert link.ask(tap_of(party.cards[0]), seconds=60) is None
            assert time.monotonic() - began < 25
        wait_until(lambda: link.last_error is not None)
    with party.hub() as hub, tied(party, hub.port) as (link, _):
        wait_until(lambda: link.is_up)
        party.peers = party.peers[1:]
        wait_until(lambda: not link.is_up)
        began = time.monotonic()
        with pytest.raises(HubAway, match="does not list the hub's device"):
            link.ask(tap_of(party.cards[0]), seconds=60)
        assert time.monotonic() - began < 25


def test_a_passage_that_is_not_on_the_disk_yet_reaches_a_hub_that_begins(party: Party) -> None:
    """Others hear of an answer before its commit, and the hub that is met at that moment must too."""
    device = party.gates[0]
    with party.hub() as hub:
        link = HubLink(
            party.local_gate(device),
            member=Member(EVENT, device, party.keys[device]),
            find=lambda: (HubPlace(f"127.0.0.1:{hub.port}", party.hub_id), party.peers),
            passages=lambda: (),
            log=structlog.get_logger(),
        )
        link.tell(Passed("scn_now", ticket(party, 0)))
        link.start()
        try:
            wait_until(lambda: link.is_up)
            assert hub.desk.journal.last() == 1
        finally:
            link.stop()
