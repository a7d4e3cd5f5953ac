"""The examples of Tix: the members of an organization."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import Example, page
from chalicelib.schemas.examples.tix.accounts import USER_ID

_MEMBER = {
    "id": USER_ID,
    "email": demo.TIX_EMAIL,
    "name": demo.TIX_NAME,
    "role": "admin",
    "email_verified": True,
    "joined_at": "2026-11-20T09:00:00.000Z",
}

OPERATIONS: dict[str, Example] = {
    "tix_members": Example(None, page(_MEMBER), query={"page_size": "20"}),
    "tix_remove_member": Example(None, {"success": True}),
}
