"""The wire contract's bodies as the agent sends and reads them.

The agent ignores fields that it does not know, so that a newer server does not stop a gate.
"""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

ADMITTED = "valid"
RESULTS = frozenset({ADMITTED, "invalid", "already_scanned", "not_found"})
# The contract's most taps in one request.
MOST_TAPS = 100
_LONGEST_TEXT, _MOST_LABELS = 300, 20


def _cut(value: Any) -> Any:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else value


# A text for the screen; a longer one is cut, since it must not cost the verdict.
Shown = Annotated[str, BeforeValidator(_cut)]


class _In(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Sun(BaseModel):
    """A Secure Unique NFC message: an NTAG 424 DNA sends a fresh one at each tap; in hex."""

    model_config = ConfigDict(frozen=True)

    picc_data: str
    cmac: str


class OfflineOut(BaseModel):
    """What was decided and shown at the gate without the platform."""

    result: str
    reason: str | None = None


class TapOut(BaseModel):
    """One record of a scan as `POST /api/device/taps/` takes it."""

    scan_id: str
    kind: str | None = None
    uid: str | None = None
    qr: str | None = None
    delta: int | None = None
    gate: str | None = None
    scanned_at: str
    sun: Sun | None = None
    direction: str | None = None
    seq: int | None = None
    boot_id: str | None = None
    mono_ms: int | None = None
    snapshot_cursor: str | None = None
    offline: OfflineOut | None = None
    via: str | None = None


def _name_of(by: Any) -> Any:
    if isinstance(by, dict):
        return by.get("name") or by.get("username") or by.get("id")
    return by


def _first_labels(labels: Any) -> Any:
    return labels[:_MOST_LABELS] if isinstance(labels, list) else labels


class FirstScan(_In):
    """The earlier admission of this ticket: when, where and by whom."""

    scanned_at: Shown | None = None
    gate: Shown | None = None
    by: Annotated[Shown | None, BeforeValidator(_name_of)] = None


class Attendee(_In):
    """The part of the attendee that a gate display shows."""

    name: Shown | None = None
    labels: Annotated[list[Shown], BeforeValidator(_first_labels)] = Field(default_factory=list)


class Ticket(_In):
    """The ticket a decision is about."""

    id: Shown | None = None
    number: Shown | None = None
    tier: Shown | None = None


class ConflictWith(_In):
    """The other scan of a conflict."""

    scan_id: Shown | None = None
    gate: Shown | None = None
    scanned_at: Shown | None = None
    by: Annotated[Shown | None, BeforeValidator(_name_of)] = None


class Conflict(_In):
    """How a record that was decided at the gate differs from what the platform finds."""

    kind: Shown
    other: Annotated[ConflictWith | None, Field(alias="with")] = None


class RecordError(_In):
    """Why a record was rejected."""

    code: Shown
    message: Shown = ""


class Decision(_In):
    """The platform's answer to one tap: a decision, or the verdict on a record that was decided at the gate."""

    scan_id: str
    # A record that was rejected may have no result.
    result: Shown = "rejected"
    status: Shown | None = None
    conflict: Conflict | None = None
    error: RecordError | None = None
    corrected_at: Shown | None = None
    repeat: bool | None = None
    reason: Shown | None = None
    attendee: Attendee | None = None
    ticket: Ticket | None = None
    first_scan: FirstScan | None = None
    remaining: int | None = None
    log_id: Shown | None = None
    decided_at: Shown | None = None

    @property
    def is_unreadable(self) -> bool:
        """Return whether the platform could not read the record, and so did not keep it."""
        return self.status == "rejected" and self.error is not None and self.error.code == "VALIDATION_ERROR"

    @property
    def admitted(self) -> bool:
        """Return whether the person may enter. Any other word than `valid` is a refusal, also a future one."""
        return self.result == ADMITTED


class TapsAnswer(_In):
    """One decision per tap, in the order of the taps."""

    results: Annotated[list[Decision], Field(max_length=MOST_TAPS)]


def _known_zone(name: str) -> str:
    """Return a time zone's name, or UTC where this machine does not know the zone: a clock is no verdict."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return "UTC"
    return name


class DeviceConfig(_In):
    """The server's configuration of a device. An answer out of these bounds is not the platform's."""

    heartbeat_seconds: Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)] = 30.0
    batch_size: Annotated[int, Field(ge=1, le=MOST_TAPS)] = MOST_TAPS
    online_timeout_ms: Annotated[int, Field(ge=100, le=10_000)] = 1000
    debounce_ms: Annotated[int, Field(ge=0, le=30_000)] = 1000
    # The event's, by IANA name: the screen shows its times.
    timezone: Annotated[str, Field(max_length=100), AfterValidator(_known_zone)] = "UTC"


class Enrolled(_In):
    """The answer to an enrolment."""

    # A part of file names.
    device_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
    event_id: Annotated[str, Field(max_length=200)]
    gate: Shown | None = None
    server_public_key: Any = None
    config: DeviceConfig = Field(default_factory=DeviceConfig)


class TokenAnswer(_In):
    """A short-lived access token."""

    # Printable ASCII, else no header can carry it.
    access: Annotated[str, Field(pattern=r"^[!-~]+$", max_length=8192)]
    token_type: str = "Bearer"  # noqa: S105  # the scheme's name, no secret
    expires_in: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]


class HeartbeatAnswer(_In):
    """The answer to a heartbeat."""

    config: DeviceConfig = Field(default_factory=DeviceConfig)
    # Where staff moved the device; none from an older platform.
    gate: Shown | None = None
    # Those by which the platform signs codes and snapshots, in base64url; none from an older platform.
    server_public_keys: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=20)] = ()
    revoked_before: Shown | None = None
    time: Annotated[str, Field(max_length=40)]
    # To be repeated in the next heartbeat.
    test: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")] | None = None


class ErrorBody(_In):
    """The content of the error envelope."""

    code: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Z][A-Z0-9_]*$")]
    message: Shown = ""
    request_id: Shown | None = None


class ErrorEnvelope(_In):
    """The envelope of every refusal. An answer without it did not come from the platform."""

    error: ErrorBody
