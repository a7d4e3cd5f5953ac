"""Edit requests of an event: a typed difference of the changed fields, applied in full or not at all."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.events import categories, events, stock, venues
from chalicelib.domain.organizers import edit_requests
from chalicelib.errors import Conflict, InvalidState, Refusal
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Event
from chalicelib.vocabulary.events import EditRequestStatus, EventStatus
from tests.portals.webapp.evening import forget_answers
from tests.support import event_states
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_customer, make_organizer, token_of
from tests.support.payers import confirm, counts, process
from tests.support.purchases import book, make_show, pay
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def organizer() -> Account:
    return make_organizer()


def ask(organizer: Account, event: Event, changes: dict[str, Any], *, key: str | None = None) -> Answer:
    body = {"changes": changes, "reason": "The band asked for it."}
    headers = {"idempotency-key": key} if key else {}
    path = f"/api/organizer/events/{event.event_id}/edit-request/"
    return call("POST", path, body, token=token_of(organizer), headers=headers)


def rupees(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "PKR"}


def category_of(event: Event, category: Category) -> Category:
    return next(one for one in categories.of(event.event_id) if one.category_id == category.category_id)


def test_only_what_really_changes_is_in_the_difference_and_is_applied_when_approved(organizer: Account) -> None:
    event, standard = make_show(organizer_id=organizer.account_id)
    hall = venues.add(name="Alhamra", city="Lahore")
    later = clock.to_text(event.starts_at + timedelta(hours=1))
    answer = ask(
        organizer,
        event,
        {
            "title": "Qawwali Nights",
            "description": None,
            "starts_at": later,
            "ends_at": clock.to_text(event.ends_at),
            "venue_id": hall.venue_id,
            "ticket_categories": [
                {"id": standard.category_id, "name": "Standard", "price": "1800.00", "capacity": 620},
                {"name": "VIP", "price": rupees("5000.00"), "capacity": 40},
            ],
        },
    )
    assert answer.status == 201, answer.text
    wish = answer.json
    named = f"ticket_categories.{standard.category_id}"
    assert wish["status"] == "pending"
    assert wish["diff"][:5] == [
        {"field": "title", "from": "Qawwali Night", "to": "Qawwali Nights"},
        {"field": "starts_at", "from": clock.to_text(event.starts_at), "to": later},
        {"field": "venue_id", "from": None, "to": hall.venue_id},
        {"field": f"{named}.price", "from": rupees("1500.00"), "to": rupees("1800.00")},
        {"field": f"{named}.capacity", "from": 500, "to": 620},
    ]
    assert wish["diff"][5]["to"] == {"name": "VIP", "price": rupees("5000.00"), "capacity": 40}
    assert len(wish["diff"]) == 6
    assert events.get(event.event_id).title == "Qawwali Night"
    for _ in range(2):
        assert edit_requests.approve(event.event_id, wish["id"], by="adm_1").status == "approved"
    changed = events.get(event.event_id)
    assert (changed.title, clock.to_text(changed.starts_at), changed.venue.name) == ("Qawwali Nights", later, "Alhamra")
    assert clock.to_text(changed.starts_at) in changed.gsi1sk
    assert changed.version == event.version + 2  # its first category, and this
    assert category_of(event, standard).price == 180_000
    assert counts(category_of(event, standard)) == (620, 0, 0)
    names = [(one.name, one.price, one.capacity) for one in categories.of(event.event_id)]
    assert names == [("Standard", 180_000, 620), ("VIP", 500_000, 40)]


def test_a_request_that_the_event_has_outrun_is_refused_and_changes_nothing(organizer: Account) -> None:
    event, standard = make_show(organizer_id=organizer.account_id)
    one, other = (
        ask(organizer, event, changes).json["id"]
        for changes in ({"title": "A"}, {"ticket_categories": [{"id": standard.category_id, "capacity": 400}]})
    )
    edit_requests.approve(event.event_id, one, by="adm_1")
    with pytest.raises(Conflict):
        edit_requests.approve(event.event_id, other, by="adm_1")
    assert counts(category_of(event, standard)) == (500, 0, 0)
    assert edit_requests.get(event.event_id, other).status == "pending"
    edit_requests.reject(event.event_id, other, by="adm_1", note="Ask again")
    again = ask(organizer, event, {"ticket_categories": [{"id": standard.category_id, "capacity": 400}]}).json["id"]
    edit_requests.approve(event.event_id, again, by="adm_1")
    assert counts(category_of(event, standard)) == (400, 0, 0)


def test_a_capacity_never_goes_under_what_is_sold_or_held(organizer: Account) -> None:
    event, standard = make_show(organizer_id=organizer.account_id)
    pay(book(make_customer(), standard, 6))
    held = book(make_customer(), standard, 4)
    small = {"ticket_categories": [{"id": standard.category_id, "capacity": 9}]}
    refused = ask(organizer, event, small)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert refused.json["error"]["present"] == {"category_id": standard.category_id, "capacity": 500, "sold": 10}
    dearer = ask(organizer, event, {"ticket_categories": [{"id": standard.category_id, "price": "1600.00"}]})
    assert (dearer.status, dearer.code, dearer.json["error"]["present"]["sold"]) == (409, "INVALID_STATE", 6)
    just = ask(organizer, event, {"ticket_categories": [{"id": standard.category_id, "capacity": 12}]}).json["id"]
    more = book(make_customer(), standard, 5)
    with pytest.raises(Conflict):
        edit_requests.approve(event.event_id, just, by="adm_1")
    assert counts(category_of(event, standard)) == (485, 9, 6)
    assert {held.status, more.status} == {"reserved"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "changes"),
        ({"title": "Qawwali Night"}, "changes"),
        ({"title": " "}, "changes.title"),
        ({"image_url": "javascript:alert(1)"}, "changes.image_url"),
        ({"starts_at": "2020-01-01T00:00:00Z"}, "changes.starts_at"),
        ({"ends_at": "2026-01-01T00:00:00Z"}, "changes.ends_at"),
        ({"ticket_categories": [{"id": "cat_unknown", "price": "1.00"}]}, "changes.ticket_categories.0.id"),
        ({"ticket_categories": [{"name": "VIP"}]}, "changes.ticket_categories.0.price"),
        (
            {"ticket_categories": [{"name": "VIP", "price": "1.234", "capacity": 5}]},
            "changes.ticket_categories.0.price",
        ),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_name(organizer: Account, changes: dict[str, Any], field: str) -> None:
    event, _ = make_show(organizer_id=organizer.account_id)
    refused = ask(organizer, event, changes)
    assert refused.status == 400, refused.text
    assert refused.json["error"]["details"][0]["field"] == field


def test_the_same_key_asks_once_and_each_decision_is_listed_under_its_status(organizer: Account) -> None:
    event, _ = make_show(organizer_id=organizer.account_id)
    key, stream = new_id("key"), StreamReader()
    first, second = (ask(organizer, event, {"title": "A"}, key=key) for _ in range(2))
    assert first.json == second.json
    assert second.headers["idempotent-replayed"] == "true"

    def listed(status: EditRequestStatus) -> list[str]:
        stream.drain()
        path = f"/api/event-edit-requests/?status={status}&event_id={event.event_id}"
        return [one["id"] for one in call("GET", path, token=admin_token()).json["results"]]

    assert listed(EditRequestStatus.PENDING) == [first.json["id"]]
    edit_requests.reject(event.event_id, first.json["id"], by="adm_1", note="No")
    assert (listed(EditRequestStatus.PENDING), listed(EditRequestStatus.REJECTED)) == ([], [first.json["id"]])
    with pytest.raises(InvalidState):
        edit_requests.approve(event.event_id, first.json["id"], by="adm_1")


def test_an_event_that_is_over_and_anothers_event_change_no_more(organizer: Account) -> None:
    event, _ = make_show(organizer_id=organizer.account_id)
    assert ask(make_organizer(), event, {"title": "Mine"}).status == 404
    event_states.put_into(event.event_id, EventStatus.CANCELLED)
    refused = ask(organizer, event, {"title": "A"})
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert ask(organizer, event, {"venue_id": "ven_unknown"}).status == 409


def test_a_venue_that_nobody_knows_is_not_found(organizer: Account) -> None:
    event, standard = make_show(organizer_id=organizer.account_id)
    assert ask(organizer, event, {"venue_id": "ven_unknown"}).status == 404
    assert stock.counts(event.event_id, [standard], consistent=True)[standard.category_id].free == 500


def test_an_event_has_at_most_five_pending_requests_and_each_decision_frees_a_place(organizer: Account) -> None:
    event, _ = make_show(organizer_id=organizer.account_id)
    other, _ = make_show(organizer_id=organizer.account_id)
    made = [ask(organizer, event, {"title": f"Night {n}"}) for n in range(5)]
    assert [answer.status for answer in made] == [201] * 5

    refused = ask(organizer, event, {"title": "One more"})

    assert (refused.status, refused.code) == (409, "CONFLICT")
    assert refused.json["error"]["message"].startswith("5 edit requests of this event wait for a decision.")
    assert ask(organizer, other, {"title": "Another event"}).status == 201
    for _ in range(2):
        edit_requests.reject(event.event_id, made[0].json["id"], by="adm_1", note="No")
    assert ask(organizer, event, {"title": "In its place"}).status == 201
    assert ask(organizer, event, {"title": "One more"}).status == 409
    for _ in range(2):
        edit_requests.approve(event.event_id, made[1].json["id"], by="adm_1")
    assert ask(organizer, event, {"title": "In its place too"}).status == 201
    assert ask(organizer, event, {"title": "One more"}).status == 409


def test_the_same_key_is_answered_the_same_when_the_requests_are_many(organizer: Account) -> None:
    event, _ = make_show(organizer_id=organizer.account_id)
    first = ask(organizer, event, {"title": "Night"}, key="k1")
    for n in range(4):
        ask(organizer, event, {"title": f"Night {n}"})
    forget_answers()
    assert ask(organizer, event, {"title": "Night"}, key="k1").json == first.json


def idle(*_: object) -> None:
    """Only time passes."""


def move(event: Event, _: Category) -> None:
    day = timedelta(days=1)
    event_states.change(event.event_id, starts_at=event.starts_at + day, ends_at=event.ends_at + day)


def becoming(status: EventStatus) -> Callable[[Event, Category], object]:
    return lambda event, _: event_states.put_into(event.event_id, status)


def wire(changes: dict[str, Any], category: Category) -> dict[str, Any]:
    """Return changes as the wire has them: a period is a moment from now, a number the category's new capacity."""
    return {
        name: [{"id": category.category_id, "capacity": value}]
        if isinstance(value, int)
        else clock.to_text(clock.now() + value)
        if isinstance(value, timedelta)
        else value
        for name, value in changes.items()
    }


def sell_out(event: Event, category: Category) -> None:
    for _ in range(13):
        pay(book(make_customer(), category, 1))
    assert counts(category_of(event, category))[2] == 13


def close_venue(*_: object) -> None:
    operations.record(operations.remove(keys.events.venue("ven_gone")))


MEANWHILE: dict[str, tuple[dict[str, Any], Callable[[Event, Category], object], timedelta, type[Refusal]]] = {
    "its new start has passed": ({"starts_at": timedelta(hours=2)}, idle, timedelta(hours=3), InvalidState),
    "its new end has passed": ({"ends_at": timedelta(days=7, hours=1)}, idle, timedelta(days=7, hours=2), InvalidState),
    "the event is over by the clock": ({"title": "Late"}, idle, timedelta(days=8), InvalidState),
    "the venue is gone": ({"venue_id": "ven_gone"}, close_venue, timedelta(0), InvalidState),
    "more is sold": ({"ticket_categories": 12}, sell_out, timedelta(0), Conflict),
    "the event was moved": ({"title": "Late"}, move, timedelta(0), Conflict),
    **{
        f"the event is {status}": ({"title": "Late"}, becoming(status), timedelta(0), InvalidState)
        for status in (EventStatus.ENDED, EventStatus.CANCELLED, EventStatus.ARCHIVED)
    },
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_what_was_true_when_asked_is_checked_again_when_approved(organizer: Account, name: str) -> None:
    changes, meanwhile, later, error = MEANWHILE[name]
    venues.add(name="Alhamra", city="Lahore", venue_id="ven_gone")
    event, standard = make_show(organizer_id=organizer.account_id)
    asked = ask(organizer, event, wire(changes, standard))
    assert asked.status == 201, asked.text
    meanwhile(event, standard)

    with clock.set_to(clock.now() + later):
        before = repr(events.get(event.event_id).serialize()), repr(category_of(event, standard).serialize())
        with pytest.raises(error):
            edit_requests.approve(event.event_id, asked.json["id"], by="adm_1")
        after = repr(events.get(event.event_id).serialize()), repr(category_of(event, standard).serialize())
        assert after == before
        rejected = edit_requests.reject(event.event_id, asked.json["id"], by="adm_1", note="Ask again.")
    assert rejected.status == "rejected"


def test_gates_and_the_refund_deadline_move_with_the_event(organizer: Account) -> None:
    event, _ = make_show(organizer_id=organizer.account_id)
    opens, closes = event.starts_at - timedelta(hours=1), event.ends_at + timedelta(hours=1)
    until = event.starts_at - timedelta(days=2)
    times = [Event.scanning_opens_at.set(opens), Event.scanning_closes_at.set(closes), Event.refunds_until.set(until)]
    operations.record(operations.change(event.place, times))
    later = {name: clock.to_text(getattr(event, name) + timedelta(days=1)) for name in ("starts_at", "ends_at")}
    asked = ask(organizer, event, later)

    edit_requests.approve(event.event_id, asked.json["id"], by="adm_1")

    moved = events.get(event.event_id)
    assert [moved.scanning_opens_at, moved.scanning_closes_at, moved.refunds_until] == [
        moment + timedelta(days=1) for moment in (opens, closes, until)
    ]
    assert moved.gsi2pk == keys.events.events_by_day((opens + timedelta(days=1)).date().isoformat(), "").pk


def test_another_venue_moves_an_event_and_the_first_one_does_not(organizer: Account) -> None:
    event, _ = make_show(organizer_id=organizer.account_id)
    for place, is_moved in (("ven_first", False), ("ven_second", True)):
        venues.add(name=place, city="Lahore", venue_id=place)
        asked = ask(organizer, event, {"venue_id": place})
        edit_requests.approve(event.event_id, asked.json["id"], by="adm_1")
        assert (events.get(event.event_id).moved_at is not None) == is_moved


def test_an_open_order_keeps_the_price_that_was_booked(organizer: Account) -> None:
    event, standard = make_show(organizer_id=organizer.account_id)
    buyer = make_customer()
    order = book(buyer, standard, 2)
    asked = ask(organizer, event, {"ticket_categories": [{"id": standard.category_id, "price": "1800.00"}]})
    edit_requests.approve(event.event_id, asked.json["id"], by="adm_1")

    paid = process(buyer, order, token="tok_ok")  # the sandbox's, no secret
    assert paid.json["amount"] == rupees("3000.00")
    assert confirm(buyer, paid.json["id"]).json["status"] == "succeeded"
    assert book(make_customer(), category_of(event, standard)).total == 180_000


def test_an_event_is_not_moved_so_that_its_gates_would_close_before_they_open(organizer: Account) -> None:
    begins = clock.now() + timedelta(days=7)
    event, _ = make_show(organizer_id=organizer.account_id, starts_at=begins, ends_at=begins + timedelta(days=3))
    earlier = {"ends_at": clock.to_text(begins + timedelta(days=1))}
    asked = ask(organizer, event, earlier)
    event_states.store(event.event_id, scanning_opens_at=begins + timedelta(days=2))

    refused = ask(organizer, event, earlier)
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "changes.ends_at")
    with pytest.raises(InvalidState):
        edit_requests.approve(event.event_id, asked.json["id"], by="adm_1")
    assert events.get(event.event_id).ends_at == begins + timedelta(days=3)


def test_an_event_is_not_moved_further_ahead_than_one_may_be_planned(organizer: Account) -> None:
    begins = clock.now() + timedelta(days=7)
    event, _ = make_show(organizer_id=organizer.account_id, starts_at=begins, ends_at=begins + timedelta(hours=3))
    far = clock.now() + events.FARTHEST + timedelta(hours=1)
    moved = {"starts_at": clock.to_text(far), "ends_at": clock.to_text(far + timedelta(hours=3))}

    refused = ask(organizer, event, moved)
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "changes.starts_at")
    assert "days ahead" in refused.json["error"]["details"][0]["message"]
    assert events.get(event.event_id).starts_at == begins


def test_no_category_gets_the_name_of_another_one(organizer: Account) -> None:
    event, standard = make_show(organizer_id=organizer.account_id)
    vip = {"name": "VIP", "price": "5000.00", "capacity": 40}
    renamed = {"id": standard.category_id, "name": "Vip"}
    for asked in ([{**vip, "name": "STANDARD"}], [vip, {**vip, "name": "vip"}], [vip, renamed]):
        refused = ask(organizer, event, {"ticket_categories": asked})
        assert refused.status == 400, refused.text
        assert refused.json["error"]["details"][0]["field"] == "changes.ticket_categories"
    swapped = [{**vip, "name": "Standard"}, {**renamed, "name": "Seats"}]
    assert ask(organizer, event, {"ticket_categories": swapped}).status == 201
