"""The examples of the web app: payments."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
