"""An agent's side of the hub: one request at a time, each to a hub whose key was checked before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from pydantic import BaseModel, ValidationError

from reader_agent.failures import BadSetup
from reader_agent.hub.neighbours import HubAway
from reader_agent.hub.serving import split_address
from reader_agent.hub.tls import Member, Peer, PeerContext
from reader_agent.hub.wire import (
    HubDecision,
    HubDecisions,
    HubNoted,
    HubPassages,
    HubState,
    HubTap,
    HubTaps,
    Passage,
)
from reader_agent.road import Reply, Road
from reader_agent.snapshot import Excerpt
from reader_agent.tap import Tap
from reader_agent.wire import ErrorEnvelope

_Answer = TypeVar("_Answer", bound=BaseModel)


@dataclass(frozen=True)
class HubPlace:
    """Where a hub is, and which device it is; without a device any peer may be it."""

    address: str
    device_id: str | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the place in `[DEVICE_ID@]HOST:PORT`. Raises BadSetup."""
        device_id, _, address = text.rpartition("@")
        split_address(address)
        if "/" in address:
            raise BadSetup(f"{text!r} is not a hub's address; give it as HOST:PORT or DEVICE_ID@HOST:PORT")
        return cls(address, device_id or None)


class HubClient:
    """Requests to one hub. Safe for several threads: people and news each have a connection of their own."""

    def __init__(self, place: HubPlace, *, member: Member, peers: Sequence[Peer]) -> None:
        self.place = place
        self._event_id = member.event_id
        others = [peer for peer in peers if peer.device_id != member.device_id]
        hubs = [peer for peer in others if place.device_id in (None, peer.device_id)]
        self._names = {peer.device_id for peer in hubs}
        url, context = f"https://{place.address}", PeerContext.of_agent(member.key, hubs)
        self._for_people = Road(url, trust_env=False, verify=context)
        self._for_news = Road(url, trust_env=False, verify=context)

    def close(self) -> None:
        """Close the connections."""
        self._for_people.close()
        self._for_news.close()

    def decide(self, tap: Tap, *, seconds: float, known: Excerpt | None = None) -> tuple[str, HubDecision]:
        """Return the hub's device and its decision. Raises HubAway, also where the hub cannot decide this tap.

        `known` is what the gate's snapshot says of the tap.
        """
        asked = HubTaps(event_id=self._event_id, taps=[hub_tap(tap).model_copy(update={"known": known})])
        reply = self._for_people.post("/taps", _json(asked), token=None, seconds=seconds)
        answer = self._read(reply, HubDecisions)
        if answer.hub not in self._names:
            raise HubAway("the hub gave the name of another device")
        if [result.scan_id for result in answer.results] != [tap.scan_id]:
            raise HubAway("the hub's decision does not match the tap")
        if answer.results[0].result is None:
            raise HubAway(f"the hub cannot decide this tap: {answer.results[0].why}")
        return answer.hub, answer.results[0]

    def report(self, passages: Sequence[Passage], *, seconds: float) -> HubNoted:
        """Report what this gate decided without the hub. Raises TryLater."""
        body = HubPassages(event_id=self._event_id, passages=list(passages))
        return self._read(self._for_news.post("/passages", _json(body), token=None, seconds=seconds), HubNoted)

    def state(self, since: int, *, wait: int, seconds: float) -> HubState:
        """Return the passages after a number; the hub waits up to `wait` seconds for one. Raises TryLater."""
        path = f"/state?event_id={self._event_id}&since={since}&wait={wait}"
        return self._read(self._for_news.get(path, seconds=seconds), HubState)

    def _read(self, reply: Reply, kind: type[_Answer]) -> _Answer:
        try:
            if reply.status == 200:
                return kind.model_validate_json(reply.body)
            error = ErrorEnvelope.model_validate_json(reply.body).error
        except ValidationError:
            raise HubAway(f"the hub {self.place.address} gave an unreadable answer (HTTP {reply.status})") from None
        raise HubAway(f"the hub {self.place.address} answered {error.code}: {error.message}")


def hub_tap(tap: Tap) -> HubTap:
    """Return a tap as the hub takes it. Raises HubAway where it is not for a hub."""
    try:
        return HubTap.model_validate(
            {
                "scan_id": tap.scan_id,
                "uid": tap.uid,
                "qr": tap.qr,
                "kind": tap.kind,
                "direction": tap.direction,
                "sun": tap.sun,
            }
        )
    except ValidationError:
        raise HubAway("the hub decides no tap of this kind") from None


def _json(body: BaseModel) -> dict[str, object]:
    return body.model_dump(mode="json", exclude_none=True)
