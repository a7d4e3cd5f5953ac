"""The wire contract's bodies as the agent sends and reads them.

The agent ignores fields that it does not know, so that a newer server does not stop a gate.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

ADMITTED = "valid"


class _In(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Sun(BaseModel):
    """A Secure Unique NFC message: an NTAG 424 DNA sends a fresh one at each tap; in hex."""

    model_config = ConfigDict(frozen=True)

    picc_data: str
    cmac: str


class TapOut(BaseModel):
    """One tap as `POST /api/device/taps/` takes it."""

    scan_id: str
    uid: str | None = None
    qr: str | None = None
    scanned_at: str
    sun: Sun | None = None
    direction: str | None = None


def _name_of(by: Any) -> Any:
    if isinstance(by, dict):
        return by.get("name") or by.get("username") or by.get("id")
    return by


class FirstScan(_In):
    """The earlier admission of this ticket: when, where and by whom."""

    scanned_at: str | None = None
    gate: str | None = None
    by: Annotated[str | None, BeforeValidator(_name_of)] = None


class Attendee(_In):
    """The part of the attendee that a gate display shows."""

    name: str | None = None
    labels: list[str] = Field(default_factory=list)


class Ticket(_In):
    """The ticket a decision is about."""

    id: str | None = None
    number: str | None = None
    tier: str | None = None


class Decision(_In):
    """The platform's answer to one tap."""

    scan_id: str
    result: str
    reason: str | None = None
    attendee: Attendee | None = None
    ticket: Ticket | None = None
    first_scan: FirstScan | None = None
    remaining: int | None = None
    log_id: str | None = None
    decided_at: str | None = None

    @property
    def admitted(self) -> bool:
        """Return whether the person may enter. Any other word than `valid` is a refusal, also a future one."""
        return self.result == ADMITTED


class TapsAnswer(_In):
    """One decision per tap, in the order of the taps."""

    results: list[Decision]


class DeviceConfig(_In):
    """The server's configuration of a device. An answer out of these bounds is not the platform's."""

    heartbeat_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    batch_size: Annotated[int, Field(ge=1, le=100)] = 100
    online_timeout_ms: Annotated[int, Field(ge=100, le=10_000)] = 1000
    debounce_ms: Annotated[int, Field(ge=0, le=30_000)] = 1000


class Enrolled(_In):
    """The answer to an enrolment."""

    device_id: str
    event_id: str
    gate: str | None = None
    server_public_key: Any = None
    config: DeviceConfig = Field(default_factory=DeviceConfig)


class TokenAnswer(_In):
    """A short-lived access token."""

    access: str
    token_type: str = "Bearer"  # noqa: S105  # the scheme's name, no secret
    expires_in: float


class HeartbeatAnswer(_In):
    """The answer to a heartbeat."""

    config: DeviceConfig = Field(default_factory=DeviceConfig)
    revoked_before: str | None = None
    time: str


class ErrorBody(_In):
    """The content of the error envelope."""

    code: str
    message: str = ""
    request_id: str | None = None


class ErrorEnvelope(_In):
    """The envelope of every refusal. An answer without it did not come from the platform."""

    error: ErrorBody
