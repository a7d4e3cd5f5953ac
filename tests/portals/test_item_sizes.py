"""No item grows past DynamoDB's 400 KB by what comes from outside, and no attribute that can grow lacks a bound."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    UnicodeSetAttribute,
)

import app  # noqa: F401  # declares the routes
from chalicelib import clock
from chalicelib.domain.events import categories
from chalicelib.domain.organizers import edit_requests
from chalicelib.portals.http.route import BODY_LIMIT, ROUTES
from chalicelib.table import items, keys, operations
from chalicelib.table.items import Item
from tests.support import moto_table, payers, purchases
from tests.support.client import Answer, call
from tests.support.factories import admin_token, customer_token, make_customer, make_organizer, token_of
from tests.support.streams import StreamReader

MOST = 400 * 1024
# Four bytes in UTF-8, and twelve in the JSON of an attribute.
WORST = "\U0001f3ab"
# Every attribute that can hold more than one value, and what bounds it. A new one needs an entry here.
BOUNDS = {
    "Account.event_ids": "the assignments that staff give",
    "Account.known_devices": "the newest few devices",
    "Account.labels": "what staff set",
    "Account.recovery_key": "one key",
    "Account.recovery_macs": "ten codes",
    "Account.roles": "the vocabulary",
    "Account.totp_pending": "one secret",
    "Account.totp_sealed": "one secret",
    "StaffOwners.owner_ids": "staff with every permission, a few",
    "AuditSealHead.heads": "one head a shard",
    "AuditVerification.progress": "one head a shard",
    "CancellationRun.shown": "a few counts, and the first problems",
    "CancellationRun.sums": "a few counts, and the first problems",
    "CampusProfile.former_groups": "the newest twenty",
    "Card.admitted": "events on one card",
    "Card.admitted_at": "events on one card",
    "Card.released": "eleven tickets an event",
    "Card.replacement": "one replacement",
    "Card.refused_at": "events at which it was read",
    "Card.tickets": "eleven tickets an event",
    "CardBalance.auto_token": "a token of the schema",
    "CardBatch.problems": "the first hundred problems",
    "CardBatchProblems.problems": "five hundred rows, forty characters of each",
    "CardBatchRows.rows": "five hundred UIDs",
    "CardRequest.address": "one address",
    "Challenge.pending": "one registration",
    "CustomerTotals.by_category": "categories of bought events",
    "CustomerTotals.by_month": "months",
    "DataKey.wrapped": "one key",
    "Dependent.blood_type": "one word",
    "Dependent.emergency_contact": "one contact",
    "Dispute.words": "the vocabulary",
    "Erasure.certificate": "a few numbers a stage",
    "ExportRun.parts": "a key for each 4,000 rows",
    "ExportRun.query": "the filters of one list",
    "KnownVenue.gates": "fifty names of the schema",
    "Leftover.event_ids": "the newest events of one card",
    "ListEntry.facts": "a hundred values a filter, each as long as the schema's",
    "ListWord.facts": "a hundred values a filter, each as long as the schema's",
    "ListWord.texts": "a few texts of 200 characters",
    "ProfitShares.shares": "fifty partners of the schema",
    "EditRequest.diff": "two texts of the schema, twenty categories",
    "Event.gates": "what staff set",
    "Event.venue": "one venue",
    "IdempotencyRecord.answer": "idempotency computes a large answer again",
    "Invoice.billed_to": "one profile",
    "Journal.entries": "a few accounts",
    "Journal.references": "a few ids",
    "Listing.available": "MAX_PER_EVENT categories",
    "Listing.body": "texts of the schema, MAX_PER_EVENT categories",
    "Listing.entries": "ten words of a title",
    "Listing.facts": "one event",
    "LogPage.rows": "the scans of one transaction",
    "LiveConnection.channels": "twenty channels",
    "LiveConnection.listens_to": "twenty channels",
    "LiveConnection.principal": "one token",
    "LiveSockets.open": "ten sockets",
    "LiveTicket.channels": "twenty channels",
    "LiveTicket.principal": "one token",
    "LiveTold.messages": "the messages of one item",
    "NumberSeries.firsts": "open jobs",
    "OfflineBase.sections": "the count of each of four tables",
    "OfflineChanges.states": "packed states of the tickets and cards of one batch of the stream",
    "OfflineEvent.fingerprint_key": "one key",
    "Order.items": "twenty tickets",
    "Order.tickets": "twenty tickets",
    "Organization.paper": "the schema's bytes",
    "Organization.zones": "one change a day",
    "OrganizerProfile.bank_account": "one account",
    "Payment.sealed_action": "one next step of the provider",
    "Payment.sealed_client_secret": "one secret",
    "Payout.lines": "MAX_PER_EVENT categories",
    "PrintRun.files": "parts of one run",
    "PrintRun.paper": "the schema's bytes",
    "Profile.bank_account": "one account",
    "Profile.blood_type": "one word",
    "Profile.emergency_contact": "one contact",
    "SandboxDispute.words": "the vocabulary",
    "UsherPhones.phone_ids": "MOST_PHONES phones",
    "SandboxCharge.refunds": "refunds of one charge",
    "Seats.orders": "open reservations",
    "Seats.owned": "events with tickets",
    "TicketBucket.deleted": "a bit a ticket",
    "TicketBucket.scanned": "a bit a ticket",
    "TicketClearing.spared": "parts of one clearing",
    "TicketTally.firsts": "open jobs",
    "TicketTally.jobs": "open jobs",
    "TicketTally.quantities": "open jobs",
    "SellerBatch.returned": "one body names all of them",
    "Throttle.moments": "the tries of one window",
    "UnknownCard.refused_at": "events at which it was read",
    "Visit.tickets": "tickets of one event",
    "NumberRange.seed": "one seed",
    "Payment.granted": "refunds of one payment's tickets",
    "Payment.moves": "a hundred moves of the provider",
    "PayoutHold.payments": "payments of one event with an open question, 30 bytes each",
    "Event.drafted_categories": "twenty categories of the schema",
    "Scan.first_scan": "one scan",
    "Ticket.admission": "one scan",
    "Ticket.history": "forty passages",
    "Ticket.labels": "what staff set",
    "Ticket.passage": "one scan",
    "AttendancePhoto.findings": "a few findings of the check",
    "AttendancePhoto.picture_hash": "32 bytes",
    "AttendancePhoto.earlier_uploads": "five offers",
    "Challenge.tried_by": "the newest marks of table/counters.py",
    "Challenge.undecided": "of the tries at one code, those that are being compared",
    "EventsOfRule.expects": "one rule of the schema, two moments",
    "Throttle.counted_by": "the newest marks of table/counters.py",
    "Throttle.undecided": "the tries of one window",
    "Ticket.customer_labels": "what staff set",
    "AttendanceRecord.appeal": "two texts of the schema",
    "AttendanceRecord.factors": "the vocabulary",
    "AttendanceRecord.flags": "the vocabulary, a few numbers each",
    "AttendanceTotals.expects": "one rule of the schema, two moments",
    "AttendanceVersion.content": "one record",
    "CampusErasure.certificate": "a number a stage",
    "CampusEvent.expected": "three texts of the schema",
    "CampusEvent.retention": "a number for each kind of evidence",
    "CampusEvent.second_window": "two moments",
    "CampusReport.filters": "the filters of the schema",
    "CampusReport.totals": "the vocabulary, a number each",
    "CampusReportRun.parts": "a key for each part of rows",
    "CampusReportRun.request": "the filters of the schema",
    "EventAttendanceTotals.expects": "one rule of the schema, two moments",
    "EvidenceTrace.users": "the first few students, by id",
    "FlaggedAttendance.flags": "the vocabulary, a few numbers each",
    "PictureBand.picture_hash": "32 bytes",
}
_GROWING = (JSONAttribute, ListAttribute, MapAttribute, UnicodeSetAttribute, BinaryAttribute)


def _growing() -> set[str]:
    found = set()
    for name in items.__all__:
        kind: Any = getattr(items, name)
        if isinstance(kind, type) and issubclass(kind, Item):
            attributes: dict[str, Attribute[Any]] = kind.get_attributes()
            own = {one: each for one, each in attributes.items() if isinstance(each, _GROWING)}
            found |= {f"{name}.{one}" for one in own}
    return found


def test_every_attribute_that_can_grow_has_a_bound() -> None:
    assert sorted(_growing() - BOUNDS.keys()) == []
    assert sorted(BOUNDS.keys() - _growing()) == []


def test_a_whole_body_fits_into_an_item_in_its_longest_spelling() -> None:
    """A body of four-byte characters is three times as long in the JSON of an attribute."""
    assert 3 * BODY_LIMIT < MOST / 2
    # Taps, campus events and people of a roster are one item each; a list of cards is stored in parts. Photos and
    # signatures are files.
    assert {route.operation_id for route in ROUTES if route.limit > BODY_LIMIT} == {
        "admin_bulk_cards",
        "campus_capture_signature",
        "campus_create_events",
        "campus_set_roster",
        "campus_submit_attendance",
        "device_taps",
        "usher_sync_logs",
    }


@pytest.fixture
def stream(moto_cloud: None) -> StreamReader:  # noqa: ARG001  # the cloud comes first
    return StreamReader()


def _sizes() -> dict[str, int]:
    """Return the largest item of each kind; moto refuses one above 405,000 bytes."""
    kinds = (
        "listing",
        "edit_request",
        "order",
        "event",
        "listing_entry",
        "ticket",
        "category",
        "payment",
        "card_batch_problems",
    )
    found: dict[str, int] = {}
    for raw in moto_table.raws(*kinds):
        kind = raw["kind"]["S"]
        size = sum(len(name) + len(str(value).encode()) for name, value in raw.items())
        found[kind] = max(found.get(kind, 0), size)
    return found


def test_the_largest_list_of_cards_that_can_be_sent_is_stored_in_parts(stream: StreamReader) -> None:
    del stream
    rows = [f"{place}{WORST * 36}" for place in range(6_500)]
    body = json.dumps({"action": "block", "reason": "Lost", "csv": "\n".join(["uid", *rows])}, ensure_ascii=False)
    limit = next(route.limit for route in ROUTES if route.operation_id == "admin_bulk_cards")
    assert limit * 9 // 10 < len(body.encode()) < limit
    answer = call("POST", "/api/nfc-cards/bulk/", raw=body.encode(), token=admin_token())
    assert (answer.status, answer.json.get("accepted")) == (202, 0), answer.text
    assert MOST // 4 < _sizes()["card_batch_problems"] < MOST * 3 // 4


def test_the_largest_event_that_can_be_asked_for_is_listed_and_edited(stream: StreamReader) -> None:
    organizer = make_organizer()
    event, _ = purchases.make_show(
        title=WORST * 200, category=WORST * 100, organizer_id=organizer.account_id, organizer_name=WORST * 100
    )
    one = {"name": WORST * 100, "tier": WORST * 100, "price": "1.00", "capacity": 1, "per_order_limit": 1}

    def ask(**changes: Any) -> Answer:
        path = f"/api/organizer/events/{event.event_id}/edit-request/"
        body = {"changes": changes, "reason": WORST * 1000}
        return call("POST", path, raw=json.dumps(body, ensure_ascii=False).encode(), token=token_of(organizer))

    for turn, count in enumerate((20, 20, categories.MAX_PER_EVENT - 41)):
        words = [" ".join([WORST * 9, str(turn), str(place)]) for place in range(count)]
        many = [{**one, "name": (word + WORST * 100)[:100]} for word in words]
        answer = ask(description=str(turn) + WORST * 4_900, ticket_categories=many)
        assert answer.status == 201, answer.text
        edit_requests.approve(event.event_id, answer.json["id"], by="adm_1")
        stream.drain()
    refused = ask(ticket_categories=[one])
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "changes.ticket_categories")
    listing = operations.get(keys.events.listing(event.event_id))
    assert listing is not None
    assert len(listing.body["ticket_categories"]) == categories.MAX_PER_EVENT
    assert all(size < MOST * 3 // 4 for size in _sizes().values()), _sizes()


def test_the_largest_order_that_can_be_asked_for_is_paid(stream: StreamReader) -> None:
    del stream
    customer = make_customer()
    event, category = purchases.make_show(starts_at=clock.now() + timedelta(days=3))
    holders = [{"name": WORST * 99 + "a"} for _ in range(20)]
    body = {
        "event_id": event.event_id,
        "items": [{"category_id": category.category_id, "quantity": 20, "holders": holders}],
    }
    booked = call("POST", "/api/v1/tickets/book/", body, token=customer_token(customer))
    assert booked.status == 201, booked.text
    order = operations.get(keys.sale.order(booked.json["id"]))
    assert order is not None
    payment_id = payers.process(customer, order).json["id"]
    assert payers.confirm(customer, payment_id).json["status"] == "succeeded"
    assert _sizes()["order"] < MOST // 4
