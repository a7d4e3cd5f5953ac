"""The examples of the platform: liveness."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {
    "health": Example(answer={"status": "ok", "time": "2026-11-20T19:05:00.000Z"}),
}
