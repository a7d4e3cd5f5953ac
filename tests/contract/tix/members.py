"""Requests of the Tix portal: the members of an organization.

Each takes the ground (tests/contract/ground.py): `ground.tix_admin` is the demo organization's admin.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.table import keys, operations
from chalicelib.table.items import Organization
from tests.contract.request import Request
from tests.support.factories import make_tix_user


def _removable(ground: Any) -> Request:
    """A member who has joined for this request."""
    place = keys.organizations.organization(str(ground.tix_admin.organization_id))
    operations.record(operations.change(place, [Organization.max_users.set(10_000)]))
    return Request(path={"user_id": make_tix_user(ground.tix_admin).account_id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "tix_members": lambda _: Request(query="page_size=5"),
    "tix_remove_member": _removable,
}
