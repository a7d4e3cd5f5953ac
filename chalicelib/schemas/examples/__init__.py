"""One worked example per operation: what a caller sends and what comes back.

Read only when the OpenAPI document is built. Each is checked against its schema by the tests, and an operation
without its example fails them. All of them tell one evening: Ayesha Khan's card at Gate 1.
"""

from chalicelib.schemas.examples import (
    gate,
    merchant_accounts,
    merchant_assignments,
    merchant_cards,
    organizer_accounts,
    organizer_events,
    organizer_payouts,
    realtime,
    tix_accounts,
    tix_print_runs,
    tix_tickets,
    webapp_accounts,
    webapp_cards,
    webapp_family,
    webapp_history,
    webapp_payments,
    webapp_public,
    webapp_sale,
    webapp_tickets,
)
from chalicelib.schemas.examples.shared import CARD_UID, DEVICE_ID, EVENT_ID, LOG_ID, TICKET_ID, Example

_ULID = TICKET_ID.partition("_")[2]

# Values for path variables, wherever they stand.
PATH_VALUES = {
    "event_id": EVENT_ID,
    "card_id": CARD_UID,
    "log_id": LOG_ID,
    "device_id": DEVICE_ID,
    "ticket_id": TICKET_ID,
    "job_id": f"job_{_ULID}",
    "dependent_id": f"dpd_{_ULID}",
    "payment_id": f"pay_{_ULID}",
    "payout_id": f"pto_{_ULID}",
    "mobile": "+923001000003",
}

OPERATIONS: dict[str, Example] = {
    name: example
    for part in (
        gate,
        webapp_accounts,
        webapp_public,
        webapp_sale,
        webapp_payments,
        webapp_tickets,
        webapp_cards,
        webapp_family,
        webapp_history,
        merchant_accounts,
        merchant_cards,
        merchant_assignments,
        organizer_accounts,
        organizer_events,
        organizer_payouts,
        tix_accounts,
        tix_print_runs,
        realtime,
        tix_tickets,
    )
    for name, example in part.OPERATIONS.items()
}
