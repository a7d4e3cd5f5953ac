"""The hub decides for all gates over mutual TLS: who may ask, what is on its disk first, and what a retry gets."""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from conftest import wait_until
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hub_double import EVENT, Party, Wire, tap_of
from ulid import ULID

from reader_agent.clock import Clock, read_time, write_time
from reader_agent.failures import BadSetup, TryLater
from reader_agent.hub import serving, tls
from reader_agent.hub.client import HubPlace
from reader_agent.hub.desk import Desk
from reader_agent.hub.journal import Journal
from reader_agent.hub.making import announced_address
from reader_agent.hub.neighbours import HubAway
from reader_agent.hub.serving import HubServer, Limits
from reader_agent.hub.tls import Member, NotAPeer, Peer, PeerContext, PinnedSocket
from reader_agent.hub.wire import HubTap, Passage
from reader_agent.local_gate import LocalGate
from reader_agent.settings import Settings


@pytest.fixture
def party(tmp_path: Path) -> Party:
    return Party(tmp_path)


@pytest.fixture
def hub(party: Party) -> Iterator[HubServer]:
    with party.hub() as server:
        yield server


def connect(party: Party, port: int, key: Ed25519PrivateKey | None = None) -> PinnedSocket:
    context = PeerContext.of_agent(key or party.keys[party.gates[0]], party.peers[:1])
    secured = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=60))
    assert isinstance(secured, PinnedSocket)
    return secured


def read_all(connection: socket.socket) -> bytes:
    answer = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            answer += part
    return answer


def ask(secured: ssl.SSLSocket, text: str) -> bytes:
    secured.sendall(text.encode())
    answer = b""
    while part := secured.recv(65536):
        answer += part
    return answer


def test_a_ticket_that_one_gate_let_in_is_refused_at_the_others(party: Party, hub: HubServer) -> None:
    with ExitStack() as stack:
        gates = [stack.enter_context(party.client(hub.port, device_id=device)) for device in party.gates]
        first = gates[0].decide(tap_of(party.cards[0]), seconds=60)
        assert first[0] == party.hub_id
        assert first[1].result == "valid"
        for gate in gates:
            _, decision = gate.decide(tap_of(party.cards[0]), seconds=60)
            assert decision.result == "already_scanned"
            assert decision.passage is None
            assert decision.first_scan
            assert decision.first_scan.gate == "Gate 1"
        assert gates[1].decide(tap_of(party.cards[0], direction="exit"), seconds=60)[1].result == "valid"


@pytest.mark.parametrize(("listen", "asked"), [("[::1]", "[::1]"), ("[::]", "127.0.0.1")])
def test_a_hub_serves_over_ipv6_and_on_any_address_over_both(party: Party, listen: str, asked: str) -> None:
    with party.hub(host=listen) as hub, party.client(hub.port, host=asked, hub=party.hub_id) as gate:
        assert gate.decide(tap_of(party.cards[0]), seconds=60)[1].result == "valid"
        assert gate.decide(tap_of(party.cards[0]), seconds=60)[1].result == "already_scanned"


@pytest.mark.parametrize(
    ("listen", "announce", "announced"),
    [
        ("[2001:db8::10]:8443", None, "[2001:db8::10]:8443"),
        ("192.0.2.10:8443", None, "192.0.2.10:8443"),
        ("[::]:8443", "[2001:db8::11]:443", "[2001:db8::11]:443"),
    ],
)
def test_a_hub_announces_an_address_that_the_gates_can_read(listen: str, announce: str | None, announced: str) -> None:
    address = announced_address(Settings(hub_listen=listen, hub_announce=announce))
    assert address == announced
    assert HubPlace.read(announced).address == announced


def test_an_ipv6_address_without_brackets_is_no_address() -> None:
    with pytest.raises(BadSetup, match="HOST:PORT"):
        HubPlace.read("2001:db8::10:8443")


# Who is not admitted.


def test_a_device_with_an_unknown_key_is_not_heard(party: Party, hub: HubServer) -> None:
    with party.client(hub.port, key=Ed25519PrivateKey.generate()) as impostor, pytest.raises(TryLater):
        impostor.decide(tap_of(party.cards[0]), seconds=60)
    wait_until(lambda: hub.refused == {"unknown_key": 1})
    assert hub.desk.journal.decisions() == 0


def test_a_certificate_that_a_peer_signed_for_another_key_is_not_the_peer(party: Party) -> None:
    """A peer's key signs the peer's own certificate, so OpenSSL alone would accept this one too."""
    peer, stranger = party.keys[party.gates[0]], Ed25519PrivateKey.generate()
    names = [tls._name(peer.public_key(), role) for role in ("session", "device")]
    borrowed = tls._certificate(stranger.public_key(), names[0], peer, names[1], signs=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    tls._show(context, stranger, borrowed)
    near, far = socket.socketpair()
    client = context.wrap_socket(near, do_handshake_on_connect=False)
    thread = threading.Thread(target=client.do_handshake)
    thread.start()
    with pytest.raises(NotAPeer):
        PeerContext.of_hub(party.keys[party.hub_id], party.peers[1:]).wrap_socket(far, server_side=True)
    thread.join()
    client.close()


def test_a_revoked_device_is_refused_on_its_open_connection_and_on_a_new_one(party: Party, hub: HubServer) -> None:
    with party.client(hub.port) as gate:
        assert gate.decide(tap_of(party.cards[0]), seconds=60)[1].result == "valid"
        revoked, party.peers = party.peers[1], [peer for peer in party.peers if peer.device_id != party.gates[0]]
        with pytest.raises(HubAway, match="FORBIDDEN"):
            gate.decide(tap_of(party.cards[1]), seconds=60)
        with pytest.raises(TryLater):
            gate.decide(tap_of(party.cards[1]), seconds=60)
    assert hub.desk.journal.decisions() == 1
    party.peers.append(revoked)
    with party.client(hub.port) as gate:
        assert gate.decide(tap_of(party.cards[1]), seconds=60)[1].result == "valid"


def test_a_device_of_another_event_is_refused(party: Party, hub: HubServer, tmp_path: Path) -> None:
    other = Party(tmp_path / "other")
    with other.client(hub.port, key=other.keys[other.gates[0]]) as stranger, pytest.raises(TryLater):
        stranger.state(0, wait=0, seconds=60)
    with party.client(hub.port, event_id="evt_other") as confused, pytest.raises(HubAway, match="NOT_ASSIGNED"):
        confused.decide(tap_of(party.cards[0]), seconds=60)
    with party.client(hub.port, event_id="evt_other") as confused, pytest.raises(HubAway, match="NOT_ASSIGNED"):
        confused.state(0, wait=0, seconds=60)


def test_nobody_is_read_without_tls_1_3_and_a_certificate(hub: HubServer) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=60) as plain:
        plain.sendall(f"GET /state?event_id={EVENT} HTTP/1.1\r\n\r\n".encode())
        assert b"HTTP" not in read_all(plain)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        anonymous = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anonymous.check_hostname, anonymous.verify_mode = False, ssl.CERT_NONE
        anonymous.minimum_version = anonymous.maximum_version = version
        plain = socket.create_connection(("127.0.0.1", hub.port), timeout=60)
        with plain, pytest.raises(ssl.SSLError), anonymous.wrap_socket(plain) as secured:
            ask(secured, f"GET /state?event_id={EVENT} HTTP/1.1\r\n\r\n")
    wait_until(lambda: sum(hub.refused.values()) == 3)
    assert hub.desk.heard == {}


def test_who_leaves_before_the_handshake_is_counted_and_costs_nothing(hub: HubServer) -> None:
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", hub.port), timeout=60) as guest:
            # A reset in place of an orderly end, so that the hub gets a connection that is gone already.
            guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: sum(hub.refused.values()) == 50)
    # Some find that their address has too many handshakes on the way.
    assert set(hub.refused) <= {"no_handshake", "busy"}


def test_what_was_recorded_on_the_wire_opens_nothing_when_it_is_sent_again(party: Party, hub: HubServer) -> None:
    wire = Wire(hub.port)
    try:
        with party.client(wire.port) as gate:
            assert gate.decide(tap_of(party.cards[0]), seconds=60)[1].result == "valid"
        with socket.create_connection(("127.0.0.1", hub.port), timeout=60) as replayed:
            replayed.sendall(bytes(wire.heard))
            with suppress(OSError):  # it may have hung up already
                replayed.shutdown(socket.SHUT_WR)
            assert b"HTTP" not in read_all(replayed)
    finally:
        wire.close()
    wait_until(lambda: hub.refused == {"no_handshake": 1})
    assert hub.desk.journal.decisions() == 1


@pytest.mark.parametrize("man", ["stranger", "peer"])
def test_an_agent_sends_nothing_to_a_man_in_the_middle(party: Party, man: str) -> None:
    """Also another device of the event is not the hub, although its key is good."""
    key = Ed25519PrivateKey.generate() if man == "stranger" else party.keys[party.gates[3]]
    listener = socket.create_server(("127.0.0.1", 0))
    context = PeerContext.of_hub(key, party.peers)
    heard: list[bytes] = []

    def serve() -> None:
        near, _ = listener.accept()
        try:
            heard.append(context.wrap_socket(near, server_side=True).recv(4096))
        except OSError:
            heard.append(b"")

    thread = threading.Thread(target=serve)
    thread.start()
    with (
        party.client(listener.getsockname()[1], hub=party.hub_id) as gate,
        pytest.raises(TryLater, match="not to be trusted"),
    ):
        gate.decide(tap_of(party.cards[0]), seconds=60)
    thread.join()
    listener.close()
    assert heard == [b""]


# What a gate may rely on.


def test_a_retry_gets_the_same_answer_and_a_restarted_hub_knows_who_is_in(party: Party) -> None:
    tap = tap_of(party.cards[0])
    with party.hub() as hub, party.client(hub.port) as gate:
        first = gate.decide(tap, seconds=60)
        assert gate.decide(tap, seconds=60) == first
    with party.hub() as hub, party.client(hub.port) as gate, party.client(hub.port, device_id=party.gates[1]) as other:
        assert gate.decide(tap, seconds=60) == first
        assert other.decide(tap_of(party.cards[0]), seconds=60)[1].result == "already_scanned"
        with pytest.raises(HubAway, match="SCAN_ID_REUSED"):
            gate.decide(tap_of(party.cards[1], tap.scan_id), seconds=60)
        # A scan id is its device's own.
        assert other.decide(tap_of(party.cards[1], tap.scan_id), seconds=60)[1].result == "valid"
        assert hub.desk.journal.last() == 2


class SetTime:
    """A wall clock that hands set."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0


@pytest.mark.parametrize("seconds", [-3600, -1, 1])
def test_a_restarted_hub_knows_who_is_in_although_its_clock_was_set(party: Party, seconds: float) -> None:
    """Its own decisions count in their order. A report of a gate that decided alone counts by its time."""
    snapshot, clock = party.local_gate(party.hub_id).snapshot, SetTime()
    assert snapshot is not None
    event = snapshot.head.event.model_copy(update={"re_entry_allowed": True})
    snapshot = replace(snapshot, head=snapshot.head.model_copy(update={"event": event}))
    peer, other = party.peers[1:3]

    @contextmanager
    def started() -> Iterator[Desk]:
        gate = LocalGate(clock, keys=party.signer.keys, repeat_seconds=0.0)
        gate.use(snapshot)
        with Journal(party.folder / "set.sqlite3") as journal:
            yield Desk(
                journal, gate, member=Member(EVENT, party.hub_id, party.keys[party.hub_id], "Gate 0"), clock=Clock()
            )

    def decided(desk: Desk, direction: Literal["entry", "exit"] | None = None, *, card: int = 0) -> str | None:
        tap = HubTap(scan_id=f"scn_{ULID()}", uid=party.cards[card].uid, direction=direction)
        return desk.decide([tap], peer)[0].result

    with started() as desk:
        assert decided(desk) == "valid"
        entered = desk.decide([HubTap(scan_id="scn_second", uid=party.cards[1].uid)], peer)[0].passage
        assert entered is not None
        clock.at += timedelta(seconds=seconds)
        assert decided(desk, "exit") == "valid"
        late = entered.model_copy(update={"scan_id": "scn_late", "presence": "outside"})
        early = write_time(read_time(entered.at) - timedelta(seconds=60))
        desk.note([late.model_copy(update={"at": early})], other)
    with started() as desk:
        assert decided(desk, card=1) == "already_scanned"
        assert decided(desk) == "valid"
        assert decided(desk) == "already_scanned"
    with started() as desk:
        assert decided(desk) == "already_scanned"


def test_no_answer_is_given_that_is_not_on_the_disk(party: Party, hub: HubServer) -> None:
    """The passage is not counted either: when there is room again, the person goes in."""
    journal = hub.desk.journal
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    filler = Passage(scan_id="scn_0", device_id="dev_1", ticket="0" * 12, presence="inside", at="2026-11-27T18:00:00Z")
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    journal.note([filler.model_copy(update={"scan_id": f"scn_{n}"}) for n in range(5)])
    with party.client(hub.port) as gate:
        tap = tap_of(party.cards[0])
        answered = 0
        with suppress(HubAway):
            while answered < 1000:
                gate.decide(tap_of(party.cards[1], f"scn_full{answered}"), seconds=60)
                answered += 1
        with pytest.raises(HubAway, match="HUB_CANNOT_RECORD"):
            gate.decide(tap, seconds=60)
        assert journal.decisions() == answered
        assert journal.trouble
        journal._db.execute("PRAGMA max_page_count = 100000")
        assert gate.decide(tap, seconds=60)[1].result == "valid"
        assert journal.trouble is None


def test_the_journal_is_on_the_disk_at_each_commit(hub: HubServer) -> None:
    """A file whose changes survive a power cut: a log that is synced at each commit."""
    pragmas = [hub.desk.journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]


def test_the_journal_has_no_number_of_a_card(party: Party) -> None:
    with party.hub() as hub, party.client(hub.port) as gate:
        gate.decide(tap_of(party.cards[3]), seconds=60)
        stored = b"".join(file.read_bytes() for file in party.folder.iterdir())
    assert party.cards[3].uid.encode() not in stored
    assert party.tickets[3].id.encode() not in stored
    assert b"already" not in stored
    assert b"inside" in stored


def test_passages_are_news_to_the_others_and_reports_are_taken_once(party: Party, hub: HubServer) -> None:
    with party.client(hub.port) as gate, party.client(hub.port, device_id=party.gates[1]) as other:
        assert other.state(0, wait=0, seconds=60).passages == []
        threading.Timer(0.2, lambda: gate.decide(tap_of(party.cards[0]), seconds=60)).start()
        began = time.monotonic()
        news = other.state(0, wait=10, seconds=60)
        assert time.monotonic() - began < 9
        assert [(passage.device_id, passage.presence) for passage in news.passages] == [(party.gates[0], "inside")]
        alone = news.passages[0].model_copy(update={"scan_id": "scn_alone", "ticket": _print(party, 1)})
        assert other.report([alone], seconds=60).noted == 1
        assert other.report([alone], seconds=60).noted == 0
        assert gate.decide(tap_of(party.cards[1]), seconds=60)[1].result == "already_scanned"
        assert [passage.scan_id for passage in gate.state(news.sequence, wait=0, seconds=60).passages] == ["scn_alone"]
        # A device reports in its own name only.
        assert gate.state(news.sequence, wait=0, seconds=60).passages[0].device_id == party.gates[1]


def _print(party: Party, number: int) -> str:
    snapshot = party.local_gate(party.hub_id).snapshot
    assert snapshot
    return f"{snapshot.fingerprint_of_ticket(party.tickets[number].ulid.bytes):012x}"


# What must not hold it up.


@pytest.mark.parametrize(
    ("request_text", "answer"),
    [
        ("POST /taps HTTP/1.1\r\n\r\n", "411"),
        ("POST /taps HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", "411"),
        (f"POST /taps HTTP/1.1\r\nContent-Length: {serving.LONGEST_BODY_BYTES + 1}\r\n\r\n", "413"),
        ("POST /taps HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "400"),
        ("POST /taps HTTP/1.1\r\nContent-Length: 2\r\n\r\n\xff\xff", "400"),
        ("POST /passages HTTP/1.1\r\nContent-Length: 4\r\n\r\nnull", "400"),
        (f"GET /state?event_id={EVENT}&since=-1 HTTP/1.1\r\n\r\n", "400"),
        (f"GET /state?event_id={EVENT}&wait=11 HTTP/1.1\r\n\r\n", "400"),
        ("GET /else HTTP/1.1\r\n\r\n", "404"),
        ("PUT /taps HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "501"),
        ("GET " + "/" * 70_000 + " HTTP/1.1\r\n\r\n", "414"),
        ("nonsense\r\n\r\n", "400"),
    ],
)
def test_a_bad_request_gets_an_error_and_its_connection_ends(
    party: Party, hub: HubServer, request_text: str, answer: str
) -> None:
    with connect(party, hub.port) as secured:
        said = ask(secured, request_text)
    if "HTTP/1.1 " in said[:10].decode():
        assert said.split(b" ")[1].decode() == answer
    assert json.loads(said[said.index(b'{"error') :])["error"]["code"]
    assert hub.desk.journal.decisions() == 0


@pytest.mark.parametrize("moment", ["2026-02-30T00:00:00Z", "2026-11-28T24:61:00Z", "0000-01-01T00:00:00Z"])
def test_a_passage_of_a_day_that_no_calendar_has_is_refused_and_not_kept(party: Party, moment: str) -> None:
    told = {"scan_id": "scn_1", "device_id": party.gates[0], "ticket": "0" * 12, "presence": "inside", "at": moment}
    body = json.dumps({"event_id": EVENT, "passages": [told]})
    with party.hub() as hub, connect(party, hub.port) as secured:
        said = ask(secured, f"POST /passages HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        assert said.startswith(b"HTTP/1.1 400 ")
    with party.hub() as hub, party.client(hub.port) as client:  # it starts again
        assert client.state(0, wait=0, seconds=60).passages == []


def test_too_many_taps_and_two_credentials_are_refused(party: Party, hub: HubServer) -> None:
    for taps, named in (
        ([{"scan_id": f"scn_{n}", "uid": "04AA"} for n in range(101)], "taps"),
        ([{"scan_id": "scn_1", "uid": "04AA", "qr": "GH1:"}], "taps.0"),
        ([{"scan_id": "scn 1", "uid": "04AA"}], "taps.0.scan_id"),
        ([{"scan_id": "scn_1", "uid": "04AA", "kind": "count"}], "taps.0.kind"),
    ):
        body = json.dumps({"event_id": EVENT, "taps": taps})
        with connect(party, hub.port) as secured:
            said = ask(secured, f"POST /taps HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        assert b" 400 " in said.splitlines()[0]
        assert f"{named}: ".encode() in said


def test_slow_and_silent_guests_hold_up_nobody(party: Party) -> None:
    """One sends a byte at a time, one says nothing before or after its handshake: each has one deadline."""
    with party.hub(limits=Limits(handshake_seconds=3.0, request_seconds=3.0)) as hub:
        silent = [socket.create_connection(("127.0.0.1", hub.port), timeout=60) for _ in range(3)]
        slow = connect(party, hub.port)
        began = time.monotonic()
        said = 0
        with suppress(OSError):
            for byte in b"POST /taps HTTP/1.1\r\nContent-Length: 1000\r\n" + b"X-A: b\r\n" * 100:
                slow.sendall(bytes([byte]))
                said += 1
                time.sleep(0.05)
        assert said < 500
        assert time.monotonic() - began < 25
        with party.client(hub.port) as gate:
            assert gate.decide(tap_of(party.cards[0]), seconds=60)[1].result == "valid"
        for each in silent:
            assert each.recv(1) == b""
            each.close()
        slow.close()


def test_connections_have_a_bound_for_each_peer_and_each_address(party: Party, hub: HubServer) -> None:
    with ExitStack() as stack:
        for _ in range(Limits.of_a_peer):
            stack.enter_context(connect(party, hub.port)).sendall(b"GET ")
        wait_until(lambda: sum(hub._http._open.values()) == Limits.of_a_peer)
        with connect(party, hub.port) as one_more:
            assert one_more.recv(1) == b""
        assert hub.refused == {"busy": 1}
        # Another device is served.
        other = stack.enter_context(party.client(hub.port, device_id=party.gates[1]))
        assert other.decide(tap_of(party.cards[0]), seconds=60)[1].result == "valid"
        for _ in range(Limits.handshakes_of_an_address):
            stack.enter_context(socket.create_connection(("127.0.0.1", hub.port), timeout=60))
        wait_until(lambda: sum(hub._http._handshakes.values()) == Limits.handshakes_of_an_address)
        with socket.create_connection(("127.0.0.1", hub.port), timeout=60) as one_more:
            assert one_more.recv(1) == b""
        # Who is connected already goes on.
        assert other.decide(tap_of(party.cards[1]), seconds=60)[1].result == "valid"


def test_a_hub_that_cannot_listen_says_so(party: Party, hub: HubServer) -> None:
    with pytest.raises(BadSetup, match="choose another --hub-listen"), party.hub(hub.port):
        pass
    for text in ("", "8443", "host:", "host:99999", "host:x"):
        with pytest.raises(BadSetup, match="HOST:PORT"):
            HubPlace.read(text)
    assert HubPlace.read("dev_1@192.0.2.1:8443") == HubPlace("192.0.2.1:8443", "dev_1")


def test_the_key_of_a_peer_is_an_ed25519_key() -> None:
    for text in ("", "AAAA", "A" * 44):
        with pytest.raises(ValueError, match=r"."):
            Peer.read(device_id="dev_1", public_key=text)
