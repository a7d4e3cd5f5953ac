"""Which hub an agent asks: the one it was given first, as long as that one is a device of the event.

Two hubs that are cut off from each other know of different passages. An agent that went from one to the other would
bring people in twice, so a later snapshot with another hub changes nothing here.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ValidationError

from reader_agent.failures import BadSetup
from reader_agent.hub.client import HubPlace
from reader_agent.hub.tls import Peer
from reader_agent.identity import read_json, write_privately

_FILE = "hub.json"


class _Given(BaseModel):
    """The hub that the first snapshot named; `event_id` since another enrolment may be for another event."""

    event_id: str
    device_id: str
    address: str


class HubChoice:
    """The hub of one agent. Safe for one thread."""

    def __init__(self, state_dir: Path, *, event_id: str, setting: str | None = None) -> None:
        """Read what was given; `setting` is this machine's own and comes first. Raises BadSetup."""
        self._path = state_dir / _FILE
        self._event_id = event_id
        self._setting = HubPlace.read(setting) if setting else None
        self._given = self._stored = self._load()

    def _load(self) -> _Given | None:
        try:
            given = _Given.model_validate(read_json(self._path))
        except ValidationError:
            return None
        return given if given.event_id == self._event_id else None

    def place(self, named: HubPlace | None, peers: Sequence[Peer]) -> HubPlace | None:
        """Return where the hub is. `named` is the snapshot's hub; None where it has none."""
        if self._setting:
            return self._setting
        present = {peer.device_id for peer in peers}
        if self._given and present and self._given.device_id not in present:
            self._given = None  # it was revoked; without a snapshot nothing is known of it
        if named and named.device_id in present and (self._is_news(named)):
            self._take(named)
        self._keep()
        return HubPlace(self._given.address, self._given.device_id) if self._given else None

    def _is_news(self, named: HubPlace) -> bool:
        """Return whether a snapshot names the first hub, or another address of it."""
        given = self._given
        return given is None or (given.device_id == named.device_id and given.address != named.address)

    def _take(self, named: HubPlace) -> None:
        try:
            HubPlace.read(named.address)
        except BadSetup:
            return  # of a platform that is newer than this agent
        self._given = _Given(event_id=self._event_id, device_id=named.device_id or "", address=named.address)

    def _keep(self) -> None:
        """Store what was given; where the disk takes nothing, the next look is a retry."""
        if self._given is None or self._given == self._stored:
            return
        with suppress(OSError):
            write_privately(self._path, self._given.model_dump_json().encode())
            self._stored = self._given
