"""Drafts of events: written and submitted by their organizer, published or sent back by the staff."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts
from chalicelib.domain.events import categories, events, stock, venues
from chalicelib.domain.organizers import edit_requests
from chalicelib.errors import InvalidState
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account
from chalicelib.vocabulary.events import EventStatus
from tests.contract.ground import stored
from tests.support.client import Answer, call
from tests.support.factories import admin_token, customer_token, make_customer, make_event, make_organizer, token_of
from tests.support.meanwhile import after, lost
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
EVENTS = "/api/organizer/events/"


@pytest.fixture
def organizer() -> Account:
    return make_organizer()


@pytest.fixture
def token(organizer: Account) -> str:
    return token_of(organizer)


@pytest.fixture
def venue_id() -> str:
    return venues.add(name="Garden", city="Lahore").venue_id


def at(**later: float) -> str:
    return clock.to_text(clock.now() + timedelta(**later))


def body(**changes: Any) -> dict[str, Any]:
    return {"title": "Open air", "starts_at": at(days=30), "ends_at": at(days=30, hours=4), **changes}


def category(**changes: Any) -> dict[str, Any]:
    return {"name": "Standard", "tier": "standard", "price": "1500.00", "capacity": 100, **changes}


def create(token: str, **changes: Any) -> Answer:
    return call("POST", EVENTS, body(**changes), token=token)


def change(token: str, event_id: str, **changes: Any) -> Answer:
    return call("PUT", f"{EVENTS}{event_id}/", changes, token=token)


def submit(token: str, event_id: str) -> Answer:
    return call("POST", f"{EVENTS}{event_id}/submit/", token=token)


def submitted(token: str, venue_id: str, **changes: Any) -> str:
    """Create and submit a complete draft."""
    draft = create(token, venue_id=venue_id, **{"ticket_categories": [category()], **changes})
    assert draft.status == 201, draft.text
    assert submit(token, draft.json["id"]).status == 200
    return str(draft.json["id"])


def publish(event_id: str) -> Answer:
    """Publish a draft, as staff."""
    return call("PUT", f"/api/events/{event_id}/", {"status": "published"}, token=admin_token())


def send_back(event_id: str, note: str) -> Answer:
    """Send a draft back to its organizer, as staff."""
    return call("PUT", f"/api/events/{event_id}/", {"review": "rejected", "review_note": note}, token=admin_token())


def shown(token: str, event_id: str) -> dict[str, Any]:
    return dict(call("GET", f"{EVENTS}{event_id}/", token=token).json)


def test_a_draft_is_listed_to_its_organizer_alone_and_sold_to_nobody(token: str, venue_id: str) -> None:
    stream = StreamReader()
    answer = create(token, venue_id=venue_id, category="music", timezone="Asia/Karachi", ticket_categories=[category()])
    assert (answer.status, answer.json["status"], answer.json["review"]) == (201, "draft", None)
    event_id, category_id = answer.json["id"], answer.json["ticket_categories"][0]["id"]
    stream.drain()
    detail = shown(token, event_id)
    assert {name: detail[name] for name in answer.json} == answer.json
    assert (detail["analytics"]["capacity"], detail["venue"]["name"]) == (100, "Garden")
    (listed,) = call("GET", f"{EVENTS}?status=draft", token=token).json["results"]
    assert (listed["id"], listed["capacity"], listed["status"]) == (event_id, 100, "draft")
    other = token_of(make_organizer())
    assert call("GET", f"{EVENTS}{event_id}/", token=other).status == 404
    assert change(other, event_id, title="Mine").status == 404
    assert submit(other, event_id).status == 404
    customer = customer_token(make_customer())
    assert call("GET", f"/api/v1/public/events/{event_id}/").status == 404
    assert event_id not in call("GET", "/api/v1/public/events/?search=open").text
    order = {"event_id": event_id, "items": [{"category_id": category_id, "quantity": 1}]}
    assert call("POST", "/api/v1/tickets/book/", order, token=customer).status == 404
    assert all(event.event_id != event_id for event in events.open_now())


def test_a_change_keeps_what_is_left_out_and_null_clears(token: str, venue_id: str) -> None:
    draft = create(
        token,
        venue_id=venue_id,
        description="Trees.",
        category="music",
        ticket_categories=[category(), category(name="B")],
    ).json
    first = draft["ticket_categories"][0]["id"]
    changed = change(token, draft["id"], title="Open air 2", version=0)
    assert changed.status == 200
    assert changed.json == {**draft, "title": "Open air 2", "version": 1}
    cleared = change(token, draft["id"], description=None, category=None, venue_id=None).json
    assert (cleared["description"], cleared["category"], cleared["venue"]) == (None, None, None)
    assert cleared["ticket_categories"] == draft["ticket_categories"]
    kept = change(token, draft["id"], ticket_categories=[category(id=first, price="1800.00")]).json
    assert [(one["id"], one["price"]["amount"]) for one in kept["ticket_categories"]] == [(first, "1800.00")]
    assert change(token, draft["id"], ticket_categories=None).json["ticket_categories"] == []
    for name in ("title", "starts_at", "ends_at", "timezone", "children_enabled"):
        refused = change(token, draft["id"], **{name: None})
        assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, name)


def test_a_stale_change_is_refused(token: str) -> None:
    event_id = create(token).json["id"]
    assert change(token, event_id, title="One", version=0).status == 200
    stale = change(token, event_id, title="Two", version=0)
    assert (stale.status, stale.code) == (409, "CONFLICT")
    present = stale.json["error"]["present"]
    assert (present["title"], present["version"], "organizer_name" in present) == ("One", 1, False)
    assert shown(token, event_id)["title"] == "One"


WRONG: list[tuple[str, Any]] = [
    ("title", "Gatehouse Support"),
    ("title", " "),
    ("starts_at", lambda: at(days=-1)),
    ("starts_at", "2031-03-20"),
    ("starts_at", 1_900_000_000),
    ("starts_at", lambda: at(days=events.FARTHEST.days + 1)),
    ("ends_at", lambda: at(days=29)),
    ("ends_at", lambda: at(days=30 + events.LONGEST.days, hours=1)),
    ("timezone", "Asia/Lahore"),
    ("timezone", "localtime"),
    ("image_url", "javascript:alert(1)"),
    ("children_enabled", 1),
    ("scanning_opens_at", lambda: at(days=31)),
    ("scanning_closes_at", lambda: at(days=29)),
    ("refund_deadline", lambda: at(days=30, hours=1)),
    ("ticket_categories", [category()] * 21),
]
WRONG_CATEGORY: list[tuple[str, Any]] = [
    ("name", ""),
    ("price", "999999999999.00"),
    ("price", "12.345"),
    ("price", {"amount": "12.00", "currency": "USD"}),
    ("price", "-1.00"),
    ("capacity", 0),
    ("capacity", 1_000_001),
    ("per_order_limit", 0),
    ("per_order_limit", 21),
    ("id", "cat_of_another"),
    ("sales_end", lambda: at(days=31)),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_what_cannot_be_held_is_refused_by_its_field(token: str, field: str, value: Any) -> None:
    event_id = create(token).json["id"]
    before = stored()
    wrong = value() if callable(value) else value
    for answer in (create(token, **{field: wrong}), change(token, event_id, **{field: wrong})):
        assert answer.status == 400, answer.text
        fields = [problem["field"] for problem in answer.json["error"]["details"]]
        # A start after the end is the end's problem.
        assert any(found.split(".")[0] in (field, "ends_at") for found in fields)
    assert stored() == before


@pytest.mark.parametrize(("field", "value"), WRONG_CATEGORY)
def test_a_category_that_cannot_be_sold_is_refused_by_its_field(token: str, field: str, value: Any) -> None:
    wrong = category(**{field: value() if callable(value) else value})
    answer = create(token, ticket_categories=[wrong])
    assert answer.status == 400, answer.text
    assert answer.json["error"]["details"][0]["field"].startswith(f"ticket_categories.0.{field}")
    window = category(sales_start=at(days=2), sales_end=at(days=1))
    assert create(token, ticket_categories=[window]).status == 400
    assert create(token, ticket_categories=[category(), category(name="standard")]).status == 400


def test_an_unknown_venue_is_not_found(token: str) -> None:
    assert create(token, venue_id=new_id("ven")).status == 404
    assert change(token, create(token).json["id"], venue_id=new_id("ven")).status == 404


@pytest.mark.usefixtures("one_window")
def test_an_organizer_creates_so_many_drafts_a_day(token: str) -> None:
    with configured(LIMIT_DRAFTS_A_DAY=2):
        assert [create(token).status for _ in range(3)] == [201, 201, 429]
        assert create(token, starts_at=at(days=-1)).status == 400
        assert create(token_of(make_organizer())).status == 201


def test_a_draft_whose_answer_was_lost_is_created_once(token: str) -> None:
    sent = body()
    headers = {"idempotency-key": "draft"}
    with configured(LIMIT_DRAFTS_A_DAY=1):
        with after("TransactWriteItems", lost):
            first = call("POST", EVENTS, sent, token=token, headers=headers)
        again = call("POST", EVENTS, sent, token=token, headers=headers)
    assert (first.status, again.status, again.json["id"]) == (201, 201, first.json["id"])
    assert [event["id"] for event in call("GET", EVENTS, token=token).json["results"]] == [again.json["id"]]


# Review


def test_an_incomplete_draft_is_not_submitted(token: str, venue_id: str) -> None:
    draft = create(token).json["id"]
    refused = submit(token, draft)
    assert refused.status == 400
    assert [one["field"] for one in refused.json["error"]["details"]] == ["venue_id", "ticket_categories"]
    assert change(token, draft, venue_id=venue_id, ticket_categories=[category()]).status == 200
    answer = submit(token, draft)
    assert (answer.status, answer.json["review"]) == (200, "submitted")
    assert submit(token, draft).json == answer.json


def test_a_published_draft_is_public_and_on_sale_and_changes_by_edit_request_only(token: str, venue_id: str) -> None:
    stream = StreamReader()
    event_id = submitted(
        token, venue_id, ticket_categories=[category(), category(name="VIP", price="5000.00", capacity=9)]
    )
    for _ in range(2):
        assert publish(event_id).json["status"] == EventStatus.PUBLISHED
    stream.drain()
    public = call("GET", f"/api/v1/public/events/{event_id}/").json
    assert [(one["name"], one["capacity"]) for one in public["ticket_categories"]] == [("Standard", 100), ("VIP", 9)]
    (standard, vip) = categories.of(event_id)
    assert {key: count.free for key, count in stock.counts(event_id, [standard, vip], consistent=True).items()} == {
        standard.category_id: 100,
        vip.category_id: 9,
    }
    order = {"event_id": event_id, "items": [{"category_id": vip.category_id, "quantity": 1}]}
    token_of_customer = customer_token(make_customer())
    assert call("POST", "/api/v1/tickets/book/", order, token=token_of_customer).status == 201
    refused = change(token, event_id, title="Another")
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert "edit request" in refused.json["error"]["message"]
    assert submit(token, event_id).status == 409
    wish = {"changes": {"title": "Another"}, "reason": "A better name."}
    assert call("POST", f"{EVENTS}{event_id}/edit-request/", wish, token=token).status == 201


def test_a_draft_has_no_edit_requests(token: str) -> None:
    event_id = create(token).json["id"]
    wish = {"changes": {"title": "Another"}, "reason": "A better name."}
    refused = call("POST", f"{EVENTS}{event_id}/edit-request/", wish, token=token)
    assert (refused.status, "directly" in refused.json["error"]["message"]) == (409, True)


def test_a_draft_that_was_sent_back_says_why_and_is_submitted_again(token: str, venue_id: str) -> None:
    event_id = submitted(token, venue_id)
    for _ in range(2):
        assert send_back(event_id, "Which street?").status == 200
    (listed,) = call("GET", EVENTS, token=token).json["results"]
    assert listed["review"] == "rejected"
    assert (shown(token, event_id)["review"], shown(token, event_id)["review_note"]) == ("rejected", "Which street?")
    assert publish(event_id).code == "INVALID_STATE"
    assert change(token, event_id, description="Gate 2, Jail Road.").json["review"] == "rejected"
    again = submit(token, event_id).json
    assert (again["review"], again["review_note"]) == ("submitted", None)


def test_the_staff_publish_only_what_was_submitted(token: str, venue_id: str) -> None:
    draft = create(token, venue_id=venue_id, ticket_categories=[category()]).json["id"]
    assert publish(draft).code == "INVALID_STATE"
    assert send_back(draft, "No.").code == "INVALID_STATE"
    event_id = submitted(token, venue_id)
    # A change withdraws it, since the staff have not seen the changed one.
    changed = change(token, event_id, title="Changed").json
    assert (changed["review"], "Submit it again" in changed["review_note"]) == (None, True)
    assert shown(token, event_id)["review_note"] == changed["review_note"]
    assert publish(event_id).code == "INVALID_STATE"


@pytest.mark.parametrize("field", ["title", "venue_id", "ticket_categories", "ends_at", "description"])
def test_a_change_that_comes_again_after_the_submission_leaves_it(field: str, token: str, venue_id: str) -> None:
    ends_at = at(days=30, hours=5)
    first = create(token, venue_id=venue_id, ticket_categories=[category()]).json
    offered = [category(id=first["ticket_categories"][0]["id"], capacity=90)]
    late = {"title": "Late", "venue_id": venue_id, "ticket_categories": offered, "ends_at": ends_at}
    wish = {field: late.get(field)}
    assert change(token, first["id"], **wish).status == 200
    waiting = submit(token, first["id"]).json
    assert change(token, first["id"], **wish).json == waiting
    assert publish(first["id"]).json["status"] == EventStatus.PUBLISHED


def test_what_was_valid_is_checked_again_when_it_is_submitted_and_published(token: str, venue_id: str) -> None:
    draft = create(token, venue_id=venue_id, ticket_categories=[category()]).json["id"]
    waiting = submitted(token, venue_id)
    with clock.set_to(clock.now() + timedelta(days=31)):
        late = call("POST", f"{EVENTS}{draft}/submit/", token=token_of_owner(draft))
        assert (late.status, late.json["error"]["details"][0]["field"]) == (400, "starts_at")
        refused = publish(waiting)
        assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "starts_at")
    assert shown(token, waiting)["status"] == "draft"


def token_of_owner(event_id: str) -> str:
    return token_of(accounts.get(str(events.get(event_id).organizer_id)))


def test_twenty_large_categories_are_published_in_one_transaction(token: str, venue_id: str) -> None:
    many = [category(name=f"Block {number}", capacity=1_000_000) for number in range(20)]
    event_id = submitted(token, venue_id, ticket_categories=many)
    assert publish(event_id).status == 200
    assert sum(one.capacity for one in categories.of(event_id)) == 20_000_000


def test_a_staff_event_is_not_changed_as_a_draft(organizer: Account, token: str) -> None:
    event = make_event(organizer_id=organizer.account_id, status=EventStatus.DRAFT)
    assert change(token, event.event_id, title="Mine").status == 409
    assert isinstance(datetime.fromisoformat(shown(token, event.event_id)["starts_at"]), datetime)
    with pytest.raises(InvalidState):
        edit_requests.ask(
            organizer.account_id, event.event_id, changes={"title": "x"}, reason="y", operation_id=new_id("op")
        )
