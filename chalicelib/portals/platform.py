"""Doors that belong to no portal: liveness."""

from typing import Any

from chalice import Blueprint

from chalicelib import clock
from chalicelib.portals.wire import Call, door
from chalicelib.schemas.platform import HealthOut

bp = Blueprint(__name__)


@door(bp, "GET", "/health", guard=None, reply=HealthOut)
def health(_: Call[None, None]) -> Any:
    """Tell that the service is up; touches nothing behind it."""
    return {"status": "ok", "time": clock.now()}
