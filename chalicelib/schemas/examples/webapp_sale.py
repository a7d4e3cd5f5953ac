"""The examples of the web app: sale."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
