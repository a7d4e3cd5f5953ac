"""The descriptions in the OpenAPI document that belong to no route: path variables, portals, and the whole."""

from chalicelib.vocabulary.access import Portal

PATH_VARIABLES = {
    "job_id": "The id that a job was answered with.",
    "batch_id": "The id of a batch of numbered tickets.",
    "event_id": "The event's id.",
    "card_id": "The card's id, or its UID in hex, with or without colons, in either case.",
    "log_id": "The check-in log entry's id.",
    "device_id": "The reader device's id.",
    "user_id": "The user's id.",
    "customer_id": "The customer's id.",
    "venue_id": "The venue's id.",
    "ticket_id": "The ticket's id.",
    "dependent_id": "The dependent's id.",
    "booking_id": "The id of the booking (order).",
    "payment_id": "The payment's id.",
    "payout_id": "The payout's id.",
    "expense_id": "The expense's id.",
    "dispute_id": "The dispute's id.",
    "incident_id": "The incident's id.",
    "request_id": "The id of what somebody asked for: a change of an event, a refund, a card.",
    "session_id": "The session's id.",
    "attendance_id": "The id of a person's attendance at an event.",
    "report_id": "The id of a registered report of attendance.",
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
    "campus": "Attendance at a campus: students, and staff who look at it.",
    "platform": "Live updates, liveness, and this document.",
}

ANSWER_HEADERS = {
    "X-Request-Id": "Finds this request in the platform's log.",
    "Retry-After": "Seconds to wait before the next try.",
    "Cache-Control": "`no-store`, or for public events how long any cache may keep the answer.",
    "ETag": "Names this version of the answer; send it back as `If-None-Match`.",
    "Idempotent-Replayed": "`true` where this is the first answer to the same `Idempotency-Key`, sent again.",
    "Content-Disposition": "The name of the file, where the answer is one.",
    "X-Job-Id": "The id of the job that goes on after the answer; absent where nothing is left to do.",
    "X-Report-Id": "The id of the report, by which anybody can check a copy.",
    "X-Report-Sha256": "The SHA-256 of the file, in hex.",
    "X-Report-Signature": "The platform's signature of the report.",
}

REQUEST_HEADERS = {
    "Idempotency-Key": (
        "A key of your own, such as a UUID, of printable ASCII characters; one for each act, the same for its retries. "
        "The same key with the same body returns the first answer again, with `Idempotent-Replayed: true`. "
        "With another body it is refused with 422 `IDEMPOTENCY_MISMATCH`, and while the first request is still "
        "running with 409 `IDEMPOTENCY_IN_PROGRESS`. Bodies are compared as JSON. An answer with a state in between, "
        "such as `requires_confirmation`, is computed again. Keys are kept for 72 hours."
    ),
    "If-Range": "The `ETag` of the part that is there; if the file has changed, the whole is sent.",
    "Range": "The part of the file to send: `bytes=first-last`, `bytes=first-` or `bytes=-count`.",
    "If-None-Match": "The `ETag` of a copy; if it is still right the answer is 304 without a body.",
}

DESCRIPTION = """\
Each attendee is admitted exactly once.

- **Paths** end with a slash (Tix: without); both spellings of every path answer the same.
- **Tokens**: `Authorization: Bearer <access>`. An access token is valid for 15 minutes (Tix: 12 hours), in one portal.
- **Scans** are idempotent by `scan_id`: the same one again returns the same answer.
- **Idempotency**: requests that move money, stock, a ticket or an admission accept an `Idempotency-Key`.
- **Times** are RFC 3339 in UTC, dates are `YYYY-MM-DD`. **Money** is a decimal string with its currency.
- **Lists** answer `results`, `next` (a cursor bound to caller and query) and `count`, and take `page_size` (1 to 100)
  and `cursor`.
- **Refusals** are `{"error": {"code", "message", "details"?, "request_id"}}`; in Tix and campus `error` is the message,
  and the others are beside it (campus repeats the text as `message`).
- **Unknown** request fields are ignored; an unknown query parameter is 400, `_` and `utm_…` aside, and so is
  one with two values.
"""


def lifetime(portal: Portal) -> str:
    """Return how long an access token of this portal is valid."""
    return "12 hours" if portal is Portal.TIX else "15 minutes"
