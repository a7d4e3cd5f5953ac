"""The examples of the web app: history."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
