"""Every list that is searched by name finds what people type: the public's events, an organizer's, the gate's log."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from chalicelib.domain.events import catalogue
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendeeWord, Event, Ticket
from tests.support import typed_names
from tests.support.catalogue import Show
from tests.support.client import call
from tests.support.factories import (
    make_customer,
    make_event,
    make_organizer,
    make_ticket,
    scan_id,
    token_of,
    usher_token,
)
from tests.support.purchases import book, make_show, pay
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")
_STORED = sorted({stored for _, stored in [*typed_names.PAIRS, *typed_names.STRANGERS]})
Search = Callable[[str], set[str]]


def _found(path: str, field: str, token: str | None = None) -> Search:
    def search(typed: str) -> set[str]:
        catalogue.forget()
        answer = call("GET", f"{path}{quote(typed)}&page_size=100", token=token)
        assert answer.status == 200, answer.text
        return {entry[field] for entry in answer.json["results"]}

    return search


def _titles() -> tuple[Search, Search]:
    """Return the search of the public and of an organizer, among events with all titles."""
    organizer = make_organizer()
    for title in _STORED:
        Show(title, organizer_id=organizer.account_id, category=None, city=None, prices=()).put()
    StreamReader().drain()
    return (
        _found("/api/v1/public/events/?search=", "title"),
        _found("/api/organizer/events/?search=", "title", token_of(organizer)),
    )


def _attendees() -> Search:
    """Return the search of an usher, among scanned attendees with all names."""
    event = make_event()
    token = usher_token(event)
    for name in _STORED:
        ticket = make_ticket(event, name=name)
        call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}, token=token)
    StreamReader().drain()
    return _found("/api/usher/scan/logs/search/?attendee=", "attendee_name", token)


@pytest.mark.by_day
def test_titles_and_names_are_found_as_people_type_them_in_every_list() -> None:
    for search in (*_titles(), _attendees()):
        missed = [(typed, stored) for typed, stored in typed_names.PAIRS if stored not in search(typed)]
        strangers = [(typed, stored) for typed, stored in typed_names.STRANGERS if typed and stored in search(typed)]
        assert (missed, strangers) == ([], [])


def test_a_title_of_two_hundred_characters_is_found_by_its_last_word_and_words_in_another_order() -> None:
    title = "The Annual International Literary Festival of Lahore with Poetry and Qawwali"
    Show(title).put()
    Show("Lahore Food Fair").put()
    StreamReader().drain()
    search = _found("/api/v1/public/events/?search=", "title")
    for typed in ("qawwali", "poetry festival", "lahore literary", "festival annual qawwali"):
        assert search(typed) == {title}, typed
    assert search("lahore festival food") == set()


def test_words_in_another_order_are_found_page_by_page_and_in_another_ordering() -> None:
    titles = {f"Karachi Music Night {number}" for number in range(5)}
    for number, title in enumerate(sorted(titles)):
        Show(title, in_days=number + 1).put()
    StreamReader().drain()
    for ordering in ("", "&ordering=price", "&ordering=-starts_at"):
        found: list[str] = []
        cursor = ""
        while True:
            catalogue.forget()
            path = f"/api/v1/public/events/?search=night%20karachi&page_size=2{ordering}{cursor}"
            page = call("GET", path).json
            found += [event["title"] for event in page["results"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert sorted(found) == sorted(titles), ordering


def _words(event: Event) -> list[str]:
    raws = [
        raw
        for letter in "abcdefghijklmnopqrstuvwxyz"
        for raw in operations.query(keys.gate.attendee_words(event.event_id, letter))
    ]
    return sorted(raw["sk"]["S"].partition("#")[0] for raw in raws)


def _scanned(event: Event, ticket: Ticket) -> Search:
    """Return the search of an usher after this ticket was scanned."""
    token = usher_token(event)
    call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}, token=token)
    StreamReader().drain()
    return _found("/api/usher/scan/logs/search/?attendee=", "attendee_name", token)


def test_a_ticket_given_away_is_found_by_its_new_name_only_also_if_the_stream_repeats() -> None:
    event, category = make_show()
    giver, receiver = make_customer(name="Ayesha Noor Khan"), make_customer(name="Bilal Ahmed Malik")
    order = book(giver, category)
    pay(order)
    ticket = tickets.get(order.tickets[0]["ticket_id"])
    stream = StreamReader()
    project(stream.read())
    assert _words(event) == ["khan", "noorkhan"]

    path = f"/api/v1/users/tickets/{ticket.ticket_id}/transfer/"
    answer = call("POST", path, {"mobile_number": receiver.mobile_number}, token=token_of(giver))
    assert answer.status == 200, answer.text
    records = stream.read()
    for _ in range(2):
        project(records)
        assert _words(event) == ["ahmedmalik", "malik"]
    search = _scanned(event, ticket)
    assert search("malik") == search("ahmed") == search("bilal") == {"Bilal Ahmed Malik"}
    assert search("khan") == search("noor") == set()


def test_names_of_a_ticket_that_goes_on_within_one_batch_of_the_stream_leave_no_row() -> None:
    event, category = make_show()
    giver, receiver = make_customer(name="Ayesha Noor Khan"), make_customer(name="Bilal Ahmed Malik")
    stream = StreamReader()
    stream.skip()
    order = book(giver, category)
    pay(order)
    path = f"/api/v1/users/tickets/{order.tickets[0]['ticket_id']}/transfer/"
    assert call("POST", path, {"mobile_number": receiver.mobile_number}, token=token_of(giver)).status == 200
    project(stream.read())
    assert _words(event) == ["ahmedmalik", "malik"]


def test_a_row_of_a_name_that_is_no_longer_true_finds_nobody() -> None:
    event = make_event()
    ticket = make_ticket(event, name="Ayesha Khan")
    operations.put_many([AttendeeWord(*keys.gate.attendee_word(event.event_id, "malik", ticket.ticket_id))])
    search = _scanned(event, ticket)
    assert search("khan") == {"Ayesha Khan"}
    assert search("malik") == set()
