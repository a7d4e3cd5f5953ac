"""The JSON of live updates: the ticket that opens a socket, and what a channel's messages hold."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, TypeAdapter

from chalicelib.schemas import usher
from chalicelib.schemas.wire import In, Moment, Out
from chalicelib.vocabulary import LiveType

Channel = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.:-]+$")]


class TicketIn(In):
    """What the socket is for; without channels it may listen to all that are open to the caller."""

    channels: Annotated[list[Channel], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="The channels that the socket may subscribe to, such as `event-evt_…`."
    )


class TicketOut(Out):
    """Where to open the socket: at `url`, with `?ticket=`, once, before it expires."""

    url: str
    ticket: str
    expires_at: Moment


class CommandIn(In):
    """What a client says over its socket."""

    action: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    channel: Channel | None = None
    after: Annotated[int, Field(ge=0, lt=10**12)] | None = None
    batch: bool = False


class CountersOut(Out):
    """An event's numbers as they stand."""

    tickets_sold: int
    admitted: int
    on_leave: int
    inside: int
    last_scan_at: Moment | None


_SHAPES: dict[LiveType, type[Out]] = {
    LiveType.CHECK_IN: usher.LogEntryOut,
    LiveType.STATUS: usher.StatusOut,
    LiveType.COUNTERS: CountersOut,
}


def data_of(type_: LiveType, subject: Any) -> Any:
    """Return what a message of this type says of its subject, as JSON."""
    adapter = TypeAdapter(_SHAPES[type_])
    shown = usher.log_entry(subject) if type_ is LiveType.CHECK_IN else subject
    return adapter.dump_python(adapter.validate_python(shown, from_attributes=True), mode="json")
