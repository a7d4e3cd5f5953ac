"""The staff's portal, one file per part of it."""

from chalicelib.portals.admin import (
    analytics,
    card_requests,
    cards,
    checkin_log,
    customers,
    devices,
    disputes,
    first_admin,
    payouts,
    reconciliation,
    refund_requests,
    session,
    settlements,
    unclaimed,
    users,
    venues,
)

DOORS = (
    session,
    first_admin,
    devices,
    cards,
    checkin_log,
    disputes,
    customers,
    card_requests,
    reconciliation,
    refund_requests,
    unclaimed,
    users,
    venues,
    settlements,
    payouts,
    analytics,
)
