"""The examples of the merchants' portal: log-in, settings, change of number."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
