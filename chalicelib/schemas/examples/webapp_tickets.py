"""The examples of the web app: tickets."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
