"""Requests of the staff's portal, users and analytics."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.domain.access import new_accounts, password_links
from chalicelib.schemas.examples import demo
from chalicelib.table import operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import UsherRole
from tests.contract import partners
from tests.contract.request import Request

if TYPE_CHECKING:
    from tests.contract.ground import Ground

PASSWORD = "a password of the tests"
_numbers = itertools.count(1)


def _usher() -> Account:
    return new_accounts.create_usher(
        username=f"kept{next(_numbers)}", password=PASSWORD, name="Usher", roles=[UsherRole.USHERING], event_ids=[]
    )


def _new(_: "Ground") -> Request:
    body = {
        "type": "usher",
        "username": f"made{next(_numbers)}",
        "password": PASSWORD,
        "name": "Usher",
        "roles": ["ushering"],
        "event_ids": [demo.EVENT_ID],
    }
    return Request(body)


def _changed(_: "Ground") -> Request:
    usher = _usher()
    return Request({"name": "Another name", "version": usher.version}, path={"user_id": usher.account_id})


def _link(_: "Ground") -> Request:
    usher = _usher()
    link = password_links.make(usher.account_id)
    operations.record(operations.change(usher.place, list(link.changes)))
    return Request({"token": link.token, "password": "another password of tests"})


REQUESTS: dict[str, Callable[["Ground"], Request]] = {
    "admin_change_device": lambda ground: Request(
        {"name": "Left", "gate": "Gate 1"}, path={"device_id": ground.device.device_id}
    ),
    "admin_dashboard": lambda _: Request(),
    "admin_revenue": lambda _: Request(query="granularity=week"),
    "admin_users_growth": lambda _: Request(query="granularity=month"),
    "admin_cards_by_status": lambda _: Request(),
    "admin_event_categories": lambda _: Request(),
    "admin_users": lambda _: Request(query="page_size=5&type=organizer"),
    "admin_organizers": lambda _: Request(query="page_size=5"),
    "admin_merchants": lambda _: Request(query="page_size=5"),
    "admin_ushers": lambda _: Request(query=f"page_size=5&event_id={demo.EVENT_ID}"),
    "admin_admins": lambda _: Request(query="page_size=5"),
    "public_set_password": _link,
    "admin_create_user": _new,
    "admin_user": lambda ground: Request(path={"user_id": ground.usher.account_id}),
    "admin_change_user": _changed,
    "admin_deactivate_user": lambda _: Request(path={"user_id": _usher().account_id}),
    "admin_verify_user": lambda _: Request(path={"user_id": partners.new_organizer().account_id}),
}
