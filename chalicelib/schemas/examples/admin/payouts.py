"""The examples of the staff's portal: settlements and payouts."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.organizer.payouts import PAYOUT
from chalicelib.schemas.examples.shared import ULID, Example, page

_ORGANIZER_ID = f"org_{ULID}"
_SETTLEMENT_ID = f"stl_{demo.PAST_EVENT_ID.removeprefix('evt_')}"
_AMOUNTS = {name: PAYOUT[name] for name in ("gross", "refunds", "platform_fee", "net")}
_SETTLEMENT = {
    **_AMOUNTS,
    "taken_back": demo.money(0),
    "id": _SETTLEMENT_ID,
    "event_id": demo.PAST_EVENT_ID,
    "organizer_id": _ORGANIZER_ID,
    "payout_id": PAYOUT["id"],
    "closed_at": "2026-11-21T06:00:00.000Z",
    "closed_by": "platform",
    "reversed_at": None,
}
_PAYOUT = {
    **PAYOUT,
    "organizer_owes": demo.money(0),
    "settlement_id": _SETTLEMENT_ID,
    "organizer_id": _ORGANIZER_ID,
    "asked_by": "demo",
    "needs_second": False,
    "approved_by": None,
    "approved_at": None,
    "held_by": None,
    "waits_for": None,
    "provider": None,
    "attempt": 1,
    "failure_reason": None,
}
_HELD = {**_PAYOUT, "status": "on_hold", "held_by": f"adm_{ULID}"}

OPERATIONS: dict[str, Example] = {
    "admin_settlements": Example(None, page(_SETTLEMENT)),
    "admin_payouts": Example(None, page(_PAYOUT)),
    "admin_close_settlement": Example({"event_id": demo.PAST_EVENT_ID}, _SETTLEMENT),
    "admin_create_payout": Example({"settlement_id": _SETTLEMENT_ID, "scheduled_for": "2026-11-28"}, _PAYOUT),
    "admin_payout": Example(None, _PAYOUT),
    "admin_change_payout": Example({"action": "hold"}, _HELD),
}
