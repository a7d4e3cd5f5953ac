"""The reader agent's JSON: contract/usher.md, "Device"."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib import scanned_text
from chalicelib.schemas.records import SenderIn, SentRecord, VerdictOut
from chalicelib.schemas.texts import Name
from chalicelib.schemas.usher.scans import AttendeeShownOut, FirstScanOut, TicketShownOut
from chalicelib.schemas.wire import Cursor, Id, In, Instant, Moment, Out, Scanned

# A replay is sent in batches; a larger one would exceed the gateway's 29 s (AWS limit).
MAX_TAPS = 100


class EnrollIn(In):
    """The one-time code, and the public key that the device created."""

    code: Annotated[str, StringConstraints(min_length=8, max_length=40), Scanned(scanned_text.enrolment_code)] = Field(
        description="The one-time code, with or without hyphens."
    )
    public_key: Annotated[str, StringConstraints(min_length=40, max_length=64)]
    name: Name | None = None


class SettingsOut(Out):
    """The settings of a device."""

    heartbeat_seconds: int
    batch_size: int
    online_timeout_ms: int
    debounce_ms: int
    timezone: str = Field(description="The event's time zone (IANA), in which the device shows times.")


class EnrollOut(Out):
    """The device's identity; `server_public_key` proves tickets' codes (32 bytes, base64url)."""

    device_id: str
    event_id: str
    gate: str
    server_public_key: str
    config: SettingsOut


class TokenIn(In):
    """A JWT that the device signed with its own key, valid for 60 seconds."""

    device_id: Id
    assertion: Annotated[str, StringConstraints(min_length=10, max_length=2048)]
    late_upload: bool = Field(
        default=False,
        description="Asks for the one token of a revoked device, which only sends taps made before its revocation.",
    )


class TokenOut(Out):
    """An access token; `expires_in` is its lifetime in seconds."""

    access: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme of RFC 6750, no secret
    expires_in: int


class TapsIn(SenderIn):
    """Taps in the order they were made; `device_time` is the device's current clock, which corrects their times.

    A tap without `offline` is decided now; the others were decided by the device.
    """

    taps: Annotated[list[SentRecord], Field(min_length=1, max_length=MAX_TAPS)]


class TapOut(VerdictOut):
    """The decision and the verdict on one tap. The decision's fields are null where the tap cannot be read."""

    attendee: AttendeeShownOut | None
    ticket: TicketShownOut | None
    first_scan: FirstScanOut | None
    remaining: int | None = Field(description="The card's tickets for this event that are not admitted yet.")
    log_id: str | None
    decided_at: Moment | None
    repeat: bool


class TapsOut(Out):
    """One decision and verdict per tap, in their order."""

    results: Sequence[TapOut]


class ReaderIn(In):
    """The reader that the device drives."""

    path: Name | None = None
    model: Name | None = None


class SnapshotIn(In):
    """Which snapshot: all, or what changed since a cursor."""

    since: Cursor | None = Field(default=None, description="The `cursor` of the device's snapshot; without it, all.")
    names: bool = Field(
        default=False, description="Whether the head carries names for the display, sealed for the device."
    )


QueueDepth = Annotated[int, Field(ge=0, le=10_000_000)]
ClockOffset = Annotated[int, Field(ge=-(10**13), le=10**13, description="The device's clock minus the platform's.")]
Battery = Annotated[int, Field(ge=0, le=100, description="In percent.")]
LastSeq = Annotated[
    int, Field(ge=0, le=2**53 - 1, description="The number of the last record that the device made; 0 for none.")
]
Echo = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$"),
    Field(description="The `test` of the last answer, repeated once."),
]


class HeartbeatIn(In):
    """The state of a device. A field that is left out is forgotten."""

    queue_depth: QueueDepth
    clock_offset_ms: ClockOffset = 0
    reader: ReaderIn | None = None
    app_version: Name
    last_error: Annotated[str, StringConstraints(max_length=300)] | None = None
    hub_address: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.\-\[\]:]{3,253}:[0-9]{1,5}$")] | None = Field(
        default=None,
        description="Where other devices of the event reach its hub (`host:port`); null where it runs none.",
    )
    battery: Battery | None = None
    snapshot_cursor: Cursor | None = None
    snapshot_generated_at: Instant | None = None
    seq: LastSeq | None = None
    hub: Id | None = Field(default=None, description="The id of the hub that decides for it: its own where it is one.")
    test: Echo | None = None


class HeartbeatOut(Out):
    """The device's settings, and the platform's time; `test` is to be repeated in the next heartbeat, at once."""

    config: SettingsOut
    gate: str | None = Field(description="The device's gate, to which staff may have moved it.")
    server_public_keys: list[str] = Field(
        description="The platform's public keys that prove codes and snapshots, the current one first (base64url)."
    )
    revoked_before: Moment | None
    time: Moment
    test: str | None
