"""The examples of the web app: accounts."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
