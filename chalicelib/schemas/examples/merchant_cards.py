"""The examples of the merchants' portal: the inventory and the dashboard."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
