"""Taps sent by a reader agent: corrected to the platform's clock and decided one by one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.domain.gate.readings import Caller, Reading, SunMessage
from chalicelib.identifiers import parse_uid
from chalicelib.vocabulary import Direction, ScanSource

# A tap younger than this on arrival was sent at once, so it counts as online.
_AT_ONCE = timedelta(seconds=10)


class SunRead(Protocol):
    """A SUN message of the request."""

    @property
    def picc_data(self) -> str:
        """The encrypted PICC data in hex."""

    @property
    def cmac(self) -> str:
        """The MAC in hex."""


class WireTap(Protocol):
    """A tap of the request."""

    @property
    def scan_id(self) -> str:
        """The id assigned by the device."""

    @property
    def uid(self) -> str | None:
        """The card's UID in hex."""

    @property
    def qr(self) -> str | None:
        """The text of a QR code."""

    @property
    def sun(self) -> SunRead | None:
        """The card's SUN message."""

    @property
    def scanned_at(self) -> datetime:
        """The time of the tap, by the device's clock."""

    @property
    def direction(self) -> Direction:
        """Entry or exit."""


def decide(device: Principal, taps: Sequence[WireTap], *, device_time: datetime) -> list[ScanDecision]:
    """Return one decision per tap, in order.

    `device_time` is the device's clock at the time of sending. Its offset from ours corrects every tap's time, so a
    gate with a wrong clock still logs the right time.
    """
    now = clock.now()
    offset = device_time - now
    decisions: list[ScanDecision] = []
    for tap in taps:
        scanned_at = min(tap.scanned_at - offset, now)
        at_once = now - scanned_at < _AT_ONCE
        caller = Caller(
            id=device.id,
            event_id=device.event_id,
            name=device.name,
            gate=device.gate,
            source=ScanSource.ONLINE if at_once else ScanSource.OFFLINE,
        )
        reading = Reading(
            scan_id=tap.scan_id,
            uid=parse_uid(tap.uid) if tap.uid is not None else None,
            code=tap.qr,
            sun=SunMessage(tap.sun.picc_data, tap.sun.cmac) if tap.sun else None,
            scanned_at=None if at_once else scanned_at,
            direction=tap.direction,
        )
        decisions.append(checkin.scan(caller, reading))
    return decisions
