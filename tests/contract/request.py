"""One request of a test of the contract."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request to a route: the values of its path variables, its query, its body."""

    body: dict[str, Any] | None = None
    path: dict[str, str] = field(default_factory=dict)
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    # The body as it goes on the wire, where it is not JSON or must be signed.
    raw: bytes | None = None
