"""Which part an agent has: the hub, or a gate that asks one."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address

import structlog

from reader_agent.failures import BadSetup
from reader_agent.hub.choice import HubChoice
from reader_agent.hub.client import HubPlace
from reader_agent.hub.host import HubHost, OwnFacts
from reader_agent.hub.journal import Journal
from reader_agent.hub.link import HubLink
from reader_agent.hub.neighbours import Neighbours
from reader_agent.hub.peers import Listed
from reader_agent.hub.serving import joined_address, split_address
from reader_agent.hub.tls import Member, Peer
from reader_agent.identity import Identity
from reader_agent.local_gate import LocalGate
from reader_agent.outbox import Outbox
from reader_agent.settings import Settings

# Of a network that is kept for documents (RFC 5737).
_ELSEWHERE = ("192.0.2.1", 443)


def make_hub(
    settings: Settings, identity: Identity, gate: LocalGate, outbox: Outbox, *, log: structlog.stdlib.BoundLogger
) -> Neighbours:
    """Return the hub that this agent is, or its tie to another. Raises BadSetup."""
    listed = Listed(lambda: gate.snapshot.head if gate.snapshot else None)
    member = Member(identity.event_id, identity.device_id, identity.signing_key(), identity.gate)
    if settings.hub:
        if settings.hub_announce:
            split_address(settings.hub_announce)  # else every gate would leave it out without a word
        return HubHost(
            gate,
            listen=settings.hub_listen,
            journal=settings.state_dir / f"hub-{identity.device_id}.sqlite3",
            member=member,
            peers=listed.peers,
            own=OwnFacts(outbox.passages, lambda: announced_address(settings)),
        )
    choice = HubChoice(settings.state_dir, event_id=identity.event_id, setting=settings.hub_address)

    def find() -> tuple[HubPlace | None, Sequence[Peer]]:
        peers = listed.peers()
        place = choice.place(listed.hub(), peers)
        return (None if place and place.device_id == identity.device_id else place), peers

    try:
        memory = Journal(settings.state_dir / f"hub-news-{identity.device_id}.sqlite3")
    except BadSetup as error:
        # The gate works without it: the hub tells everything again.
        log.warning("hub's news not kept", error=str(error))
        memory = None
    return HubLink(gate, member=member, find=find, passages=outbox.passages, log=log, memory=memory)


def announced_address(settings: Settings) -> str | None:
    """Return where the others reach this hub; None where that is not known."""
    if settings.hub_announce:
        return settings.hub_announce
    host, port = split_address(settings.hub_listen)
    reached = _own_address() if _is_any(host) else host
    return joined_address(reached, port) if reached else None


def _is_any(host: str) -> bool:
    """Return whether a server that listens there takes connections on all addresses of its machine."""
    with suppress(ValueError):
        return ip_address(host).is_unspecified
    return False  # a name


def _own_address() -> str | None:
    """Return this machine's address on its way to other networks. Nothing is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return None
        return str(probe.getsockname()[0])
