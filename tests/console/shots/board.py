"""Pictures of the Board: an evening whose gates were open for two hours."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page

from tests.console import gate_night
from tests.console.gate_night import Night
from tests.console.shots import Shot
from tests.console.site import Site
from tests.local.conftest import wait_until

_GATES = ("Main gate", "Garden gate")
_SOLD = 60
_MINUTES = 110


def _at(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat().replace("+00:00", "Z")


def _evening(night: Night) -> dict[str, Any]:
    """Send scans of the last two hours, some of them refused, and return the session of their phone."""
    phone = {"installation_id": f"phone-{secrets.token_hex(8)}"}
    body = {"event_id": night.event_id, "username": night.username, "password": night.password, **phone}
    usher: dict[str, Any] = night.site.ask("POST", "/api/usher/login/", body).json()
    logs = []
    for place, ticket in enumerate(night.tickets[: _SOLD - 4]):
        # Most come in the middle of the evening.
        share = (place + 0.5) / _SOLD
        minute = _MINUTES * (1 - (0.5 + 4 * (share - 0.5) ** 3))
        log = {"scan_id": f"scn_{secrets.token_hex(8)}", "ticket_id": ticket["id"], "gate": _GATES[place % 3 % 2]}
        logs.append(log | {"scanned_at": _at(minutes=minute), "offline": {"result": "valid"}})
    sent = night.site.ask("POST", "/api/usher/sync/logs/", {"logs": logs, "device_time": _at()}, session=usher)
    assert sent.is_success, sent.text
    for gate, what in ((_GATES[0], "ticket_id"), (_GATES[1], "card_id"), (_GATES[1], "ticket_id")):
        shown = night.tickets[0]["id"] if what == "ticket_id" else f"04{secrets.token_hex(6)}"
        scan = {"scan_id": f"scn_{secrets.token_hex(8)}", "gate": gate, what: shown}
        night.site.ask("POST", "/api/usher/scan/result/", scan, session=usher)
    again = logs[5] | {"scan_id": f"scn_{secrets.token_hex(8)}", "gate": _GATES[1], "scanned_at": _at(minutes=3)}
    night.site.ask("POST", "/api/usher/sync/logs/", {"logs": [again], "device_time": _at()}, session=usher)
    state = {"queue_depth": 3, "clock_offset_ms": 0, "app_version": "1.0.0", "nfc": "web", "battery": 64}
    night.site.ask("POST", "/api/usher/sync/status/", state | {"gate": _GATES[0]}, session=usher)
    wait_until(lambda: len(night.log()) >= len(logs) + 4)
    return {"access": usher["access"], "refresh": usher["refresh"], "who": usher["usher"]}


def _drawn(page: Page) -> None:
    page.locator(".chart canvas").wait_for()
    page.locator(".feed li").first.wait_for()
    page.locator(".state.live").wait_for()
    # The scans of the evening, which the Board reads after its numbers.
    page.locator(".pace td", has_text=re.compile("[1-9]")).first.wait_for(state="attached")


def shots(site: Site) -> list[Shot]:
    """Return the pictures, after an evening's scans."""
    night = gate_night.night(site, title="Qawwali by the River", scanning_opens_at=_at(hours=3))
    night.sell(_SOLD)
    return [Shot("inside", f"/board/{night.event_id}", {"usher": _evening(night)}, _drawn)]
