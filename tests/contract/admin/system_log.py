"""Requests of the staff's portal: the audit log. Each takes the ground (tests/contract/ground.py)."""

from collections.abc import Callable
from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.access import AdminRole, Portal
from tests.contract.request import Request
from tests.support.client import call

REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_system_log": lambda _: Request(query="result=done&page_size=5"),
    "admin_export_system_log": lambda _: Request(query="result=refused&format=xlsx"),
}


def _acts(ground: Any) -> None:
    """Staff change something, are refused something, and change nothing."""
    for role in (AdminRole.SUPER_ADMIN, AdminRole.SUPPORT):
        token = ground.access(Portal.ADMIN, role=role)
        body = {"event_id": demo.EVENT_ID, "gate": "Gate 1", "name": "North"}
        made = call("POST", "/api/devices/", body, token=token)
        call("DELETE", f"/api/devices/{made.json.get('device_id', 'dev_none')}/", token=token)
        call("DELETE", "/api/auth/totp/", {"code": "123456"}, token=token)


ROWS: tuple[Callable[[Any], object], ...] = (_acts,)
