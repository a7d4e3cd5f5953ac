"""The examples of the organizers' portal: money on its way to them."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
