"""The examples of the web app: family."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
