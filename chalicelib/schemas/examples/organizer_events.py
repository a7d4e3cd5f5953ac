"""The examples of the organizers' portal: own events, their analytics, wishes to change them."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
