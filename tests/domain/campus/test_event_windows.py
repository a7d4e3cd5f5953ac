"""When an event accepts submissions, and which are late."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.events import event_windows
from chalicelib.table.items import CampusEvent

_START = datetime(2026, 11, 27, 9, tzinfo=UTC)


def _at(minutes: float) -> datetime:
    return _START + timedelta(minutes=minutes)


def _event(**changes: Any) -> CampusEvent:
    attributes = {"starts_at": _at(0), "ends_at": _at(60), **changes}
    return CampusEvent("CAMPUS_EVENT#x", "CAMPUS_EVENT", **attributes)


_SECOND = {"start": clock.to_text(_at(110)), "end": clock.to_text(_at(130))}
_BEFORE, _BETWEEN, _OVER = event_windows.NOT_BEGUN, event_windows.BETWEEN, event_windows.ENDED


@pytest.mark.parametrize(
    ("changes", "minutes", "reason"),
    [
        ({}, -0.01, _BEFORE),
        ({}, 0, None),
        ({}, 60, None),
        ({}, 60.01, _OVER),
        ({"closes_at": _at(20)}, 20, None),
        ({"closes_at": _at(20)}, 20.01, _OVER),
        ({"closes_at": _at(90)}, 90, None),
        ({"second_window": _SECOND}, -1, _BEFORE),
        ({"second_window": _SECOND}, 60, None),
        ({"second_window": _SECOND}, 61, _BETWEEN),
        ({"second_window": _SECOND}, 110, None),
        ({"second_window": _SECOND}, 130, None),
        ({"second_window": _SECOND}, 130.01, _OVER),
        ({"second_window": _SECOND, "closes_at": _at(20)}, 21, _BETWEEN),
        ({"is_active": False}, 10, event_windows.INACTIVE),
        ({"deleted_at": _at(5)}, 10, event_windows.INACTIVE),
    ],
)
def test_submissions_are_accepted_in_a_window_and_at_its_ends(
    changes: dict[str, Any], minutes: float, reason: str | None
) -> None:
    state = event_windows.state(_event(**changes), _at(minutes))
    assert (state.is_open, state.reason) == (reason is None, reason)


def test_a_refusal_says_when_the_next_window_opens() -> None:
    event = _event(second_window=_SECOND)
    opens = [event_windows.state(event, _at(minutes)).opens_at for minutes in (-1, 61, 131)]
    assert opens == [_at(0), _at(110), None]


@pytest.mark.parametrize(
    ("late_until", "minutes", "status"),
    [(None, 59, "present"), (15, 15, "present"), (15, 15.01, "late"), (0, 0, "present"), (0, 1, "late")],
)
def test_who_comes_after_late_until_is_late(late_until: float | None, minutes: float, status: str) -> None:
    event = _event(late_until=None if late_until is None else _at(late_until))
    assert event_windows.state(event, _at(minutes)).status == status
