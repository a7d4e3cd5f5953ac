"""The customers' door: statistics, payments, invoices."""

from typing import Any

from chalice import Blueprint

from chalicelib.domain import customer_totals
from chalicelib.portals.auth import CUSTOMER
from chalicelib.portals.wire import Call, door
from chalicelib.schemas.webapp import history as schema

bp = Blueprint(__name__)
BASE = "/api/v1"


@door(bp, "GET", f"{BASE}/users/analytics", guard=CUSTOMER, reply=schema.AnalyticsOut)
def customer_analytics(call: Call[None, None]) -> Any:
    """Show the customer's own statistics."""
    return customer_totals.analytics(call.principal.id)
