"""The words of reader devices and of the phones that read cards."""

from enum import StrEnum


class DeviceStatus(StrEnum):
    """The state of a reader device."""

    PROVISIONED = "provisioned"
    ENROLLED = "enrolled"
    REVOKED = "revoked"


class DeviceKind(StrEnum):
    """What takes scans at a gate: a reader agent, or an usher's phone."""

    AGENT = "agent"
    PHONE = "phone"


class DeviceProblem(StrEnum):
    """Why a device is not ready for a gate, or a gate for its visitors."""

    REVOKED = "revoked"
    NOT_ENROLLED = "not_enrolled"
    NEVER_SEEN = "never_seen"
    OFFLINE = "offline"
    CLOCK_OFF = "clock_off"
    NO_SNAPSHOT = "no_snapshot"
    SNAPSHOT_OLD = "snapshot_old"
    BATTERY_LOW = "battery_low"
    VERSION_OLD = "version_old"
    RECORDS_MISSING = "records_missing"
    # Of a gate.
    NO_DEVICE = "no_device"
    NO_READY_DEVICE = "no_ready_device"


class NfcMode(StrEnum):
    """How a phone reads cards: by its browser, by its app, or not at all."""

    WEB = "web"
    NATIVE = "native"
    NONE = "none"
