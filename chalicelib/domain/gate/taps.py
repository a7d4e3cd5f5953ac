"""Taps: what a reader agent sends, corrected to the platform's clock and decided one by one."""

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

# A tap that is younger than this when it arrives was sent at once: it was judged while its bearer stood there.
_AT_ONCE = timedelta(seconds=10)


class SunRead(Protocol):
    """A SUN message as the wire carries it."""

    @property
    def picc_data(self) -> str:
        """The encrypted PICC data in hex."""

    @property
    def cmac(self) -> str:
        """The MAC in hex."""


class WireTap(Protocol):
    """A tap as the wire carries it."""

    @property
    def scan_id(self) -> str:
        """The id that the device gave it."""

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
        """When it was made, by the device's clock."""

    @property
    def direction(self) -> Direction:
        """Which way."""


def decide(device: Principal, taps: Sequence[WireTap], *, device_time: datetime) -> list[ScanDecision]:
    """Return one decision per tap, in order.

    `device_time` is the device's clock as it sent them: its distance from ours corrects every tap's time, so
    a gate whose clock is wrong by days still logs the right moment.
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
