"""A release keeps what only a later one knows of the items that it changes: beside it in a deployment, or after it."""

import pytest

from chalicelib import clock
from chalicelib.table.families import FAMILIES, OF_KIND, Family
from tests.support import everything, later_attributes, paid_out
from tests.support.client import call
from tests.support.factories import PASSWORD, make_event, make_usher
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
# Not changed but replaced, by others of which nothing of the former ones is true.
REPLACED = {"audit_head", "sweep_mark"}


def assert_kept(lost: set[str]) -> None:
    """Assert that no base item lost anything. What is made again of others, or ends soon, may."""
    assert {kind for kind in lost if FAMILIES[OF_KIND[kind]].family is Family.BASE} <= REPLACED


def test_nothing_that_sells_scans_numbers_or_attends_drops_an_attribute_of_a_base_item() -> None:
    with later_attributes.written() as lost:
        everything.fill(StreamReader())
    assert "list_entry" in lost
    assert_kept(lost)


def test_an_expense_that_is_changed_keeps_it() -> None:
    token = paid_out.staff()
    rent = {"category": "Rent", "amount": "900.00", "description": "Office"}
    with later_attributes.written() as lost:
        made = call("POST", "/api/expenses/", {**rent, "incurred_on": clock.now().date().isoformat()}, token=token).json
        changed = call("PUT", f"/api/expenses/{made['id']}/", {"description": "Hall", "version": 1}, token=token)
        assert (changed.status, changed.json["description"]) == (200, "Hall")
    assert_kept(lost)


def test_the_phones_of_an_usher_keep_it() -> None:
    event = make_event()
    body = {"event_id": event.event_id, "username": make_usher(event).login, "password": PASSWORD}
    with later_attributes.written() as lost:
        for phone in ("0c4c1a02-5f0a-4a8e-9a53-6c2b8d5b7f01", "0c4c1a02-5f0a-4a8e-9a53-6c2b8d5b7f02"):
            assert call("POST", "/api/usher/login/", {**body, "installation_id": phone}).status == 200
    assert_kept(lost)
