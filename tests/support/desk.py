"""Staff at the card office, through their portal."""

import uuid
from typing import Any

from chalicelib.vocabulary.access import AdminRole
from tests.support.client import Answer, call
from tests.support.factories import admin_token


def ask(  # the parts of a request
    method: str,
    path: str,
    body: Any = None,
    *,
    role: AdminRole = AdminRole.ADMIN,
    token: str | None = None,
    key: str | None = None,
) -> Answer:
    """Send a request of a member of staff to the card office."""
    headers = {"idempotency-key": key} if key else {}
    return call(method, f"/api/{path}", body, token=token or admin_token(role), headers=headers)


def new_uid() -> str:
    """Return the UID of a card that nobody has seen."""
    return f"04{uuid.uuid4().hex[:12]}".upper()
