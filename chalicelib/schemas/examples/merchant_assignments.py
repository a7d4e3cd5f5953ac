"""The examples of the merchants' portal: customers, and the cards that are handed to them."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
