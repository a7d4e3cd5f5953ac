"""Events in the staff's portal: created, changed, published, sent back, ended, archived and deleted."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.events import categories, events, venues
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account
from chalicelib.vocabulary.events import EventStatus
from tests.support import audit, event_states
from tests.support.client import Answer, call
from tests.support.factories import (
    admin_token,
    customer_token,
    make_customer,
    make_event,
    make_organizer,
    make_ticket,
    scan_id,
    token_of,
    usher_token,
)
from tests.support.payers import counts
from tests.support.purchases import book, make_show, pay
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
EVENTS = "/api/events/"


@pytest.fixture
def organizer() -> Account:
    return make_organizer()


@pytest.fixture
def staff() -> str:
    return admin_token()


@pytest.fixture
def venue_id() -> str:
    return venues.add(name="Garden", city="Lahore").venue_id


def at(**later: float) -> str:
    return clock.to_text(clock.now() + timedelta(**later))


def body(organizer: Account, venue_id: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "title": "Open air",
        "organizer_id": organizer.account_id,
        "venue_id": venue_id,
        "starts_at": at(days=30),
        "ends_at": at(days=30, hours=4),
        "ticket_categories": [{"name": "Standard", "price": "1500.00", "capacity": 100}],
        **changes,
    }


def change(staff: str, event_id: str, **changes: Any) -> Answer:
    return call("PUT", f"{EVENTS}{event_id}/", changes, token=staff)


def shown(staff: str, event_id: str) -> dict[str, Any]:
    return dict(call("GET", f"{EVENTS}{event_id}/", token=staff).json)


def submitted(organizer: Account, venue_id: str) -> str:
    given = {name: value for name, value in body(organizer, venue_id).items() if name != "organizer_id"}
    token = token_of(organizer)
    draft = call("POST", "/api/organizer/events/", given, token=token).json["id"]
    assert call("POST", f"/api/organizer/events/{draft}/submit/", token=token).status == 200
    return str(draft)


def test_a_submitted_draft_is_sent_back_with_a_note_then_published_and_sold(
    staff: str, organizer: Account, venue_id: str
) -> None:
    event_id, token = submitted(organizer, venue_id), token_of(organizer)
    back = change(staff, event_id, review="rejected", review_note="Say where the stage is.")
    assert (back.status, back.json["review"], back.json["review_note"]) == (200, "rejected", "Say where the stage is.")
    assert change(staff, event_id, status="published").code == "INVALID_STATE"
    assert call("POST", f"/api/organizer/events/{event_id}/submit/", token=token).status == 200
    published = change(staff, event_id, status="published", featured=True)
    assert (published.status, published.json["status"], published.json["featured"]) == (200, "published", True)
    assert (published.json["review"], published.json["review_note"]) == (None, None)
    (category,) = categories.of(event_id)
    assert counts(category) == (100, 0, 0)
    pay(book(make_customer(), category, 2))
    assert counts(category) == (98, 0, 2)
    assert change(staff, event_id, status="published").json["version"] == published.json["version"]


def test_staff_write_a_draft_that_its_organizer_does_not_change(staff: str, organizer: Account, venue_id: str) -> None:
    made = call("POST", EVENTS, body(organizer, venue_id, platform_fee_percent=7.25), token=staff)
    assert (made.status, made.json["status"], made.json["platform_fee_percent"]) == (201, "draft", 7.25)
    event_id = made.json["id"]
    assert made.json == shown(staff, event_id)
    theirs = call("PUT", f"/api/organizer/events/{event_id}/", {"title": "Mine"}, token=token_of(organizer))
    assert theirs.code == "INVALID_STATE"
    assert change(staff, event_id, status="published").json["status"] == "published"
    at_once = call("POST", EVENTS, body(organizer, venue_id, status="published"), token=staff)
    assert (at_once.status, at_once.json["status"]) == (201, "published")
    assert counts(categories.of(at_once.json["id"])[0]) == (100, 0, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"organizer_id": "org_nobody"}, "organizer_id"),
        ({"title": " "}, "title"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"platform_fee_percent": 100.5}, "platform_fee_percent"),
        ({"platform_fee_percent": 1.005}, "platform_fee_percent"),
        ({"platform_fee_percent": "5"}, "platform_fee_percent"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"status": "live"}, "status"),
    ],
)
def test_a_new_event_names_the_field_that_is_wrong(
    changes: dict[str, Any], field: str, staff: str, organizer: Account, venue_id: str
) -> None:
    refused = call("POST", EVENTS, body(organizer, venue_id, **changes), token=staff)
    assert refused.status == 400
    assert call("POST", EVENTS, body(organizer, status="published"), token=staff).code == "VALIDATION_ERROR"
    assert [each["field"] for each in refused.json["error"]["details"]] == [field]


def test_a_repeated_request_creates_one_event(staff: str, organizer: Account, venue_id: str) -> None:
    headers, given = {"idempotency-key": new_id("key")}, body(organizer, venue_id)
    first, second = (call("POST", EVENTS, given, token=staff, headers=headers) for _ in range(2))
    assert (first.status, second.status, first.json) == (201, 201, second.json)


def test_a_stale_version_is_refused_with_the_present_state(staff: str) -> None:
    event, _ = make_show()
    version = shown(staff, event.event_id)["version"]
    assert change(staff, event.event_id, title="Qawwali Nights", version=version).status == 200
    stale = change(staff, event.event_id, title="Another", version=version)
    assert (stale.status, stale.code) == (409, "CONFLICT")
    present = stale.json["error"]["present"]
    assert (present["title"], present["version"]) == ("Qawwali Nights", version + 1)
    assert shown(staff, event.event_id)["title"] == "Qawwali Nights"


def test_what_is_left_out_stays_and_null_clears(staff: str, organizer: Account) -> None:
    event, _ = make_show(description="Trees.", organizer_id=organizer.account_id)
    before = shown(staff, event.event_id)
    other = make_organizer(name="Karachi Live")
    cleared = change(staff, event.event_id, description=None, category=None, organizer_id=other.account_id)
    assert cleared.status == 200, cleared.text
    changed = {"description": None, "category": None, "organizer_id": other.account_id}
    changed |= {"organizer_name": "Karachi Live", "version": before["version"] + 1}
    assert cleared.json == {**before, **changed}
    assert change(staff, event.event_id, venue_id=None).code == "VALIDATION_ERROR"
    fee = change(staff, event.event_id, platform_fee_percent=0)
    assert fee.json["platform_fee_percent"] == 0
    assert change(staff, event.event_id, platform_fee_percent=None).json["platform_fee_percent"] is None


def test_capacity_and_price_keep_to_what_is_sold(staff: str) -> None:
    event, standard = make_show()
    one = {"id": standard.category_id}
    dearer = change(staff, event.event_id, ticket_categories=[{**one, "price": "1600.00", "capacity": 480}])
    assert dearer.status == 200, dearer.text
    assert (dearer.json["ticket_categories"][0]["price"]["amount"], counts(standard)) == ("1600.00", (480, 0, 0))
    pay(book(make_customer(), categories.of(event.event_id)[0], 6))
    small = change(staff, event.event_id, ticket_categories=[{**one, "capacity": 5}])
    assert (small.status, small.code) == (409, "INVALID_STATE")
    assert small.json["error"]["present"] == {"category_id": standard.category_id, "capacity": 480, "sold": 6}
    cheaper = change(staff, event.event_id, ticket_categories=[{**one, "price": "1.00"}])
    assert (cheaper.code, cheaper.json["error"]["present"]["sold"]) == ("INVALID_STATE", 6)
    assert cheaper.json["error"]["present"]["price"]["amount"] == "1600.00"
    assert change(staff, event.event_id, ticket_categories=[{**one, "capacity": 6}]).status == 200
    assert counts(standard) == (0, 0, 6)


def test_a_category_of_an_event_on_sale_is_not_left_without_what_it_needs(staff: str) -> None:
    event, standard = make_show()
    one = {"id": standard.category_id}
    for name in ("name", "price", "capacity"):
        for category in ({**one, name: None}, {"name": "VIP", "price": "9.00", "capacity": 5, name: None}):
            refused = change(staff, event.event_id, ticket_categories=[category])
            assert refused.status == 400, refused.text
            assert refused.json["error"]["details"][0]["field"] == f"ticket_categories.0.{name}"
    vip = {"name": "VIP", "price": "9.00", "capacity": 5, "per_order_limit": None, "tier": None, "sales_end": None}
    usual = change(staff, event.event_id, ticket_categories=[{**one, "per_order_limit": None}, vip])
    assert usual.status == 200, usual.text
    assert [each["per_order_limit"] for each in usual.json["ticket_categories"]] == [10, 10]
    pay(book(make_customer(), categories.of(event.event_id)[0], 2))


def test_the_categories_of_an_event_on_sale_are_not_cleared(staff: str) -> None:
    event, category = make_show(organizer_id=make_organizer().account_id)
    refused = change(staff, event.event_id, ticket_categories=None)
    assert refused.status == 400
    assert [each["field"] for each in refused.json["error"]["details"]] == ["ticket_categories"]
    kept = change(staff, event.event_id, ticket_categories=[])
    assert [each["id"] for each in kept.json["ticket_categories"]] == [category.category_id]


def test_the_categories_of_a_draft_are_whole(staff: str, organizer: Account, venue_id: str) -> None:
    draft = call("POST", EVENTS, body(organizer, venue_id), token=staff).json
    whole = {"name": "Standard", "price": "1500.00", "capacity": 100}
    for name in whole:
        for given in ({each: value for each, value in whole.items() if each != name}, {**whole, name: None}):
            refused = change(staff, draft["id"], ticket_categories=[given])
            assert refused.status == 400, refused.text
            assert refused.json["error"]["details"][0]["field"] == f"ticket_categories.0.{name}"
    assert shown(staff, draft["id"]) == draft


def test_the_audit_log_says_what_a_category_was_and_became(staff: str, organizer: Account, venue_id: str) -> None:
    event, standard = make_show()
    changes = {"id": standard.category_id, "price": "1600.00", "capacity": 480, "tier": None}
    assert change(staff, event.event_id, ticket_categories=[changes]).status == 200
    draft = call("POST", EVENTS, body(organizer, venue_id), token=staff).json["id"]
    whole = {"name": "Standard", "price": "1700.00", "capacity": 100}
    assert change(staff, draft, ticket_categories=[whole], status="published").status == 200
    dearer, made, published = audit.entries()
    one = f"ticket_categories.{standard.category_id}"
    for state, amount, capacity in (("before", "1500.00", 500), ("after", "1600.00", 480)):
        said = json.loads(dearer[state])
        assert said == {f"{one}.price": {"amount": amount, "currency": "PKR"}, f"{one}.capacity": capacity}
    prices = [
        [each["price"] for each in json.loads(entry[state])["ticket_categories"]]
        for entry, state in ((made, "after"), (published, "before"), (published, "after"))
    ]
    assert prices == [[150_000], [150_000], [170_000]]


def test_a_draft_takes_every_field_that_an_event_on_sale_takes(staff: str, organizer: Account, venue_id: str) -> None:
    own: dict[str, Any] = {"featured": True, "offline_names": False, "children_enabled": True, "re_entry_allowed": True}
    own |= {"platform_fee_percent": 3.5, "category": "music", "image_url": "https://example.com/a.png"}
    own |= {"scanning_opens_at": at(days=29), "scanning_closes_at": at(days=31), "refund_deadline": at(days=20)}
    own |= {"title": "Closed air", "description": "Rain.", "timezone": "Asia/Karachi"}
    draft = call("POST", EVENTS, body(organizer, venue_id), token=staff).json["id"]
    begins = clock.now() + timedelta(days=30)
    shown_event, _ = make_show(starts_at=begins, ends_at=begins + timedelta(hours=4))
    for event_id in (draft, shown_event.event_id):
        changed = change(staff, event_id, **own)
        assert changed.status == 200, changed.text
        assert {name: changed.json[name] for name in own} == own


def test_staff_stop_the_scans_of_an_event_and_let_them_go_on(staff: str) -> None:
    event = make_event()
    ticket, usher = make_ticket(event), usher_token(event)

    def scan() -> tuple[str, str | None]:
        shown = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
        answer = call("POST", "/api/usher/scan/result/", shown, token=usher).json
        return answer["result"], answer["reason"]

    def is_on() -> bool:
        path = f"/api/usher/events/{event.event_id}/status/"
        return bool(call("GET", path, token=usher).json["scanning_enabled"])

    stopped = change(staff, event.event_id, scanning_enabled=False)
    assert (stopped.status, stopped.json["scanning_enabled"]) == (200, False), stopped.text
    assert (scan(), is_on()) == (("invalid", "scanning_disabled"), False)
    assert change(staff, event.event_id, description="Rain.").json["scanning_enabled"] is False
    assert change(staff, event.event_id, scanning_enabled=True).json["scanning_enabled"] is True
    assert (scan(), is_on()) == (("valid", None), True)


def test_another_venue_and_another_start_mark_an_event_as_moved(staff: str) -> None:
    first, second = (venues.add(name=name, city="Lahore").venue_id for name in ("Garden", "Hall"))
    event, _ = make_show()
    assert change(staff, event.event_id, venue_id=first).json["moved_at"] is None
    moved = change(staff, event.event_id, venue_id=second).json
    assert (moved["venue"]["name"], moved["moved_at"] is not None) == ("Hall", True)
    event_states.change(event.event_id, venue_id=first)
    assert clock.to_text(events.get(event.event_id).moved_at or event.starts_at) > moved["moved_at"]
    later = change(staff, event.event_id, starts_at=at(days=9), ends_at=at(days=9, hours=3)).json
    assert later["moved_at"] >= moved["moved_at"]
    assert events.day_of(events.get(event.event_id)) == (events.get(event.event_id).gsi2pk, event.event_id)


@pytest.mark.parametrize("before", list(EventStatus))
@pytest.mark.parametrize("after", list(EventStatus))
def test_the_status_of_an_event_follows_its_table(before: EventStatus, after: EventStatus, staff: str) -> None:
    event, _ = make_show(status=before, starts_at=clock.now() - timedelta(hours=2), ends_at=clock.now())
    answer = change(staff, event.event_id, status=after)
    allowed = {
        ("published", "live"),
        ("published", "ended"),
        ("live", "ended"),
        ("draft", "archived"),
        ("ended", "archived"),
        ("cancelled", "archived"),
    }
    if before == after or (before, after) in allowed:
        assert (answer.status, events.get(event.event_id).status) == (200, after)
        return
    assert (answer.status, answer.code, events.get(event.event_id).status) == (409, "INVALID_STATE", before)
    assert before in answer.text or (before, after) == ("draft", "published")


def test_an_event_that_sold_nothing_is_deleted_and_sells_nothing_afterwards(staff: str) -> None:
    event, standard = make_show()
    order = {"event_id": event.event_id, "items": [{"category_id": standard.category_id, "quantity": 1}]}
    for _ in range(2):
        assert call("DELETE", f"{EVENTS}{event.event_id}/", token=staff).status == 204
    assert shown(staff, event.event_id)["status"] == "archived"
    refused = call("POST", "/api/v1/tickets/book/", order, token=customer_token(make_customer()))
    assert refused.status in (404, 409)
    sold, category = make_show()
    booked = book(make_customer(), category, 3)
    kept = call("DELETE", f"{EVENTS}{sold.event_id}/", token=staff)
    assert (kept.status, kept.json["error"]["present"]) == (409, {"sold": 0, "reserved": 3})
    pay(booked)
    kept = call("DELETE", f"{EVENTS}{sold.event_id}/", token=staff)
    assert (kept.code, kept.json["error"]["present"]) == ("INVALID_STATE", {"sold": 3, "reserved": 0})


def test_events_are_listed_by_every_filter_of_the_contract(staff: str, organizer: Account, venue_id: str) -> None:
    stream = StreamReader()
    made = call(
        "POST", EVENTS, body(organizer, venue_id, title="Ghazal evening", category="poetry", featured=True), token=staff
    )
    event_id = made.json["id"]
    stream.drain()
    for query in (
        f"organizer_id={organizer.account_id}&status=draft",
        f"venue_id={venue_id}&city=lahore&featured=true",
        f"category=poetry&search=even&organizer_id={organizer.account_id}",
        f"starts_at_from={at(days=29)[:10]}&starts_at_to={at(days=31)[:10]}&organizer_id={organizer.account_id}",
    ):
        listed = call("GET", f"{EVENTS}?{query}", token=staff)
        assert [one["id"] for one in listed.json["results"]] == [event_id], (query, listed.text)
    assert call("GET", f"{EVENTS}?organizer_id={organizer.account_id}&status=live", token=staff).json["results"] == []
    assert call("GET", f"{EVENTS}?colour=red", token=staff).status == 400


def test_an_edit_request_is_decided_once_and_found_by_its_status(staff: str, organizer: Account) -> None:
    event, _ = make_show(organizer_id=organizer.account_id)
    stream = StreamReader()
    path = f"/api/organizer/events/{event.event_id}/edit-request/"
    ids = [
        call("POST", path, {"changes": {"title": title}, "reason": "So."}, token=token_of(organizer)).json["id"]
        for title in ("One", "Two")
    ]
    stream.drain()
    found = call("GET", f"/api/event-edit-requests/?status=pending&event_id={event.event_id}", token=staff)
    assert {one["id"] for one in found.json["results"]} == set(ids)
    for _ in range(2):
        decided = call("PUT", f"/api/event-edit-requests/{ids[0]}/", {"decision": "approve"}, token=staff)
        assert (decided.status, decided.json["status"]) == (200, "approved"), decided.text
    assert events.get(event.event_id).title == "One"
    rejected = {"decision": "reject", "note": "Too late."}
    assert call("PUT", f"/api/event-edit-requests/{ids[0]}/", rejected, token=staff).code == "INVALID_STATE"
    outdated = call("PUT", f"/api/event-edit-requests/{ids[1]}/", {"decision": "approve"}, token=staff)
    assert (outdated.status, outdated.code) == (409, "CONFLICT")
    assert call("PUT", f"/api/event-edit-requests/{ids[1]}/", rejected, token=staff).json["note"] == "Too late."
    assert call("PUT", "/api/event-edit-requests/edr_nobody/", rejected, token=staff).status == 404
