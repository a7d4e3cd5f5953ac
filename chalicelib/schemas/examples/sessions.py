"""The examples of a caller's own sessions."""

from chalicelib.schemas.examples.shared import SESSION_ID, Example, page

_SESSION = {
    "id": SESSION_ID,
    "created_at": "2026-11-20T18:40:00.000Z",
    "last_used_at": "2026-11-20T19:05:00.000Z",
    "device": "Chrome on Android",
    "address_hint": "203.0.113.0/24",
    "current": True,
}

OPERATIONS: dict[str, Example] = {
    "own_sessions": Example(answer=page(_SESSION)),
    "end_own_session": Example(),
}
