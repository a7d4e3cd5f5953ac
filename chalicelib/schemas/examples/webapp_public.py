"""The examples of the web app: public."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {}
