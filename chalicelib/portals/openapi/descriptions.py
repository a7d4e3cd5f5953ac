"""The descriptions in the OpenAPI document that belong to no route: path variables, portals, and the whole."""

PATH_VARIABLES = {
    "job_id": "The id that a job was answered with.",
    "event_id": "The event's id.",
    "card_id": "The card's id, or its UID in hex, with or without colons, in either case.",
    "log_id": "The check-in log entry's id.",
    "device_id": "The reader device's id.",
    "ticket_id": "The ticket's id.",
    "dependent_id": "The dependent's id.",
    "payment_id": "The payment's id.",
    "payout_id": "The payout's id.",
    "mobile": "The customer's number, in national or international form; its + may be written %2B.",
}

PORTALS = {
    "webapp": "The customers' web app.",
    "merchant": "The shops that hand out NFC cards.",
    "organizer": "Event organizers.",
    "usher": "The gate: ushers' web and mobile apps, one event per log-in.",
    "device": "The gate: reader agents, enrolled once with their own key.",
    "admin": "The platform's own staff.",
    "tix": "Small organizations that number and scan their own tickets.",
    "platform": "Live updates, liveness, and this document.",
}

DESCRIPTION = """\
Every attendee goes in once.

- **Paths** are written with a trailing slash (Tix: without); both spellings of every path answer the same.
- **Tokens**: `Authorization: Bearer <access>`. An access token lives 15 minutes (Tix: 12 hours) and is worth nothing
  in another portal.
- **Scans** are idempotent by `scan_id`: the same one again gets the same answer again.
- **Times** are RFC 3339 in UTC. **Lists** answer `results`, `next` (a cursor bound to caller and query) and `count`.
- **Refusals** are `{"error": {"code", "message", "details"?, "request_id"}}` (Tix: `error` is the message, the others
  stand beside it). Unknown request fields are ignored.
"""
