"""The examples of the organizers' portal: log-in, profile."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
