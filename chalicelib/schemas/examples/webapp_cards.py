"""The examples of the web app: cards."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
