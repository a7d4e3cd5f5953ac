"""The example of live updates' ticket."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {
    "realtime_ticket": Example(
        {"channels": [f"event-{demo.EVENT_ID}"]},
        {
            "url": "wss://live.gatehouse.example.com/live",
            "ticket": "AfPwmKS1bGmsPp0js4_S3VzIr5jSfbzzehqECxmdP9E",
            "expires_at": "2026-11-21T08:30:30.000Z",
        },
    ),
}
