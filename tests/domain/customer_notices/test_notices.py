"""Customers hear of tickets, money and events: once, on their channel, in their language, with their files."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pypdfium2
import pytest
import zxingcpp
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

import app
from chalicelib import clock
from chalicelib.clients import aws
from chalicelib.config import config
from chalicelib.domain.customer_notices import background, runs
from chalicelib.domain.customers import contacts
from chalicelib.domain.events import events, venues
from chalicelib.domain.organizers import edit_requests
from chalicelib.domain.payments import refunds
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import gifts, tickets
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event, NoticeRun, Venue
from chalicelib.vocabulary.customers import Language
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.work import JobStatus
from infra.template import load
from tests.portals.webapp.evening import ask, make_evening
from tests.support import event_states, notices, payers, purchases, settled, wallets
from tests.support.client import call
from tests.support.factories import admin_token, customer_token, make_customer, make_organizer, unused_number
from tests.support.notices import carry, chooses, received
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
MAIL = "ayesha@example.com"


@pytest.fixture
def stream(moto_cloud: None) -> StreamReader:  # noqa: ARG001  # the ground under it
    return StreamReader()


@pytest.fixture
def mailed(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return chooses(make_customer(name="Ayesha Khan"), email=MAIL)


def bought(customer: Account, *, quantity: int = 2, **changes: Any) -> tuple[Event, list[str]]:
    event, category = purchases.make_show(**changes)
    order = purchases.book(customer, category, quantity)
    purchases.pay(order)
    return event, [line["ticket_id"] for line in order.tickets]


def codes_in(pdf: bytes) -> list[str]:
    """Return the QR code of each page."""
    found = []
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        (code,) = zxingcpp.read_barcodes(
            page.render(scale=3).to_pil(), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
        found.append(code.text)
    return found


def entry_of(file: bytes) -> tuple[icalendar.Calendar, Any]:
    calendar = icalendar.Calendar.from_ical(file)
    (entry,) = calendar.walk("VEVENT")
    return calendar, entry


def whole(moment: datetime) -> datetime:
    """Return a moment in whole seconds, as calendars have it."""
    return moment.replace(microsecond=0)


def approve_edit(event: Event, **changes: Any) -> None:
    """Move an event as an organizer and the staff do."""
    organizer_id = str(event.organizer_id)
    asked = edit_requests.ask(organizer_id, event.event_id, changes=changes, reason="r", operation_id=new_id("op"))
    edit_requests.approve(event.event_id, asked.id, by="adm_1")


def only_run() -> NoticeRun:
    (job_id,) = notices.due_runs()
    run = operations.get(keys.customers.notice_run(job_id))
    assert run is not None
    return run


class TestBought:
    def test_a_mail_has_a_page_with_a_valid_code_for_each_ticket_and_the_entry_of_a_calendar(
        self, stream: StreamReader, mailed: Account
    ) -> None:
        event, ticket_ids = bought(mailed)
        carry(stream, times=2)
        (mail,) = received()
        assert (mail.channel, mail.to, mail.subject) == ("email", MAIL, '[Gatehouse] Your tickets for "Qawwali Night"')
        assert "Tickets: 2\nTotal: PKR 3,000.00\n" in mail.body
        assert set(mail.files) == {"tickets.pdf", "event.ics"}
        assert codes_in(mail.files["tickets.pdf"]) == [tickets.code(tickets.get(one)) for one in ticket_ids]
        calendar, entry = entry_of(mail.files["event.ics"])
        version = events.get(event.event_id).version
        named = ("PUBLISH", f"{event.event_id}@gatehouse", version)
        assert (calendar["METHOD"], entry["UID"], entry["SEQUENCE"]) == named
        assert entry.start == whole(event.starts_at)
        assert entry["DTSTART"].params["TZID"] == "Asia/Karachi"
        assert entry["STATUS"] == "CONFIRMED"
        assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Asia/Karachi"]

    @pytest.mark.parametrize("hours", [0, 1])
    def test_the_entry_of_a_calendar_names_each_of_two_equal_hours(
        self, stream: StreamReader, mailed: Account, hours: int
    ) -> None:
        # 02:30 in Berlin, before and after the clocks go back at 03:00.
        starts_at = datetime(2026, 10, 25, hours, 30, tzinfo=UTC)
        with clock.set_to(starts_at - timedelta(days=3)):
            bought(mailed, timezone="Europe/Berlin", starts_at=starts_at, ends_at=starts_at + timedelta(hours=4))
            carry(stream, times=2)
        (mail,) = received()
        _, entry = entry_of(mail.files["event.ics"])
        assert entry.start.astimezone(UTC) == starts_at
        assert entry.end.astimezone(UTC) == starts_at + timedelta(hours=4)

    @pytest.mark.parametrize(
        ("zone", "changes_at"),
        [
            ("Africa/Casablanca", datetime(2027, 2, 7, 2, tzinfo=UTC)),
            ("Africa/Casablanca", datetime(2027, 3, 14, 2, tzinfo=UTC)),
            ("Europe/Berlin", datetime(2027, 3, 28, 1, tzinfo=UTC)),
            ("Asia/Karachi", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ],
    )
    def test_the_file_alone_says_the_moments_of_an_event_while_the_clocks_change(
        self, stream: StreamReader, mailed: Account, zone: str, changes_at: datetime
    ) -> None:
        starts_at, ends_at = changes_at - timedelta(hours=9), changes_at + timedelta(hours=33)
        with clock.set_to(starts_at - timedelta(days=3)):
            bought(mailed, timezone=zone, starts_at=starts_at, ends_at=ends_at)
            carry(stream, times=2)
        (mail,) = received()
        calendar, entry = entry_of(mail.files["event.ics"])
        # As a calendar that knows no zone but those of the file.
        zones = [part.to_tz(lookup_tzid=False) for part in calendar.timezones] or [UTC]
        read = [moment.replace(tzinfo=zones[0]).astimezone(UTC) for moment in (entry.start, entry.end)]
        assert read == [starts_at, ends_at]

    def test_the_entry_of_a_calendar_has_the_whole_address_of_its_venue(
        self, stream: StreamReader, mailed: Account
    ) -> None:
        bought(mailed, venue=Venue(name="Alhamra", address="68 The Mall, 54000, see evil.example", city="Lahore"))
        carry(stream, times=2)
        (mail,) = received()
        _, entry = entry_of(mail.files["event.ics"])
        assert entry["LOCATION"] == "Alhamra, 68 The Mall, 54000, see Lahore"

    def test_without_an_address_an_sms_is_sent(self, stream: StreamReader) -> None:
        customer = make_customer()
        bought(customer, quantity=1)
        carry(stream, times=2)
        (sms,) = received()
        assert (sms.channel, sms.to) == ("sms", customer.mobile_number)
        assert sms.body.startswith('Gatehouse: your tickets for "Qawwali Night" are paid (1), ')

    def test_a_free_order_is_told_too(self, stream: StreamReader, mailed: Account) -> None:
        bought(mailed, quantity=1, price=0)
        carry(stream)
        (mail,) = received()
        assert "Total: PKR 0.00" in mail.body

    def test_urdu_is_told_in_urdu_with_an_urdu_ticket(self, stream: StreamReader) -> None:
        customer = chooses(make_customer(name="علی خان"), email=MAIL, language=Language.URDU)
        bought(customer, quantity=1, title="قوالی کی رات")
        carry(stream)
        (mail,) = received()
        assert mail.subject == '[گیٹ ہاؤس] "قوالی کی رات" کے لیے آپ کے ٹکٹ'
        text = pypdfium2.PdfDocument(mail.files["tickets.pdf"])[0].get_textpage().get_text_range()
        # A PDF keeps the order in which it is drawn; either order has each letter.
        assert set("قوالیراتعخن") <= set(text)


class TestMoney:
    def test_a_refund_is_told_when_it_is_paid_and_not_when_it_is_asked_for(
        self, stream: StreamReader, mailed: Account
    ) -> None:
        _, category = purchases.make_show()
        order = purchases.book(mailed, category)
        opened = payers.process(mailed, order, token="tok_ok").json
        payers.confirm(mailed, opened["id"])
        owed = settled.give_back(payers.order_of(order), amount="1000.00")
        stream.skip()
        told = {"ticket_id": owed.ticket_id, "refund_id": owed.refund_id, "payment_id": owed.payment_id}
        fact = {"detail-type": "ticket.refund_due", "detail": told}
        app.payments({"Records": [{"messageId": "1", "body": json.dumps(fact)}]}, None)
        carry(stream, times=2)
        (mail,) = received()
        assert mail.subject == '[Gatehouse] A ticket to "Qawwali Night" was paid back'
        assert "Amount: PKR 1,000.00\n" in mail.body

    def test_the_refund_of_a_ticket_that_a_card_paid_is_told_as_on_the_card_and_names_no_bank(
        self, stream: StreamReader, mailed: Account
    ) -> None:
        card = wallets.make_card(mailed, holds=200_000)
        order = purchases.book(mailed, purchases.make_show()[1])
        opened = payers.process(mailed, order, method="wallet", card_id=card.card_id).json
        assert payers.confirm(mailed, opened["id"]).json["status"] == "succeeded"
        stream.skip()
        settled.give_back(payers.order_of(order))
        carry(stream, times=2)
        (mail,) = received()
        assert mail.subject == '[Gatehouse] A ticket to "Qawwali Night" was paid back'
        assert "Amount: PKR 1,500.00\n" in mail.body
        assert "The money is on the balance of your card again.\n" in mail.body
        assert "bank" not in mail.body

    def test_the_refund_of_a_ticket_that_was_handed_on_is_told_to_who_paid_and_its_end_to_who_held_it(
        self, stream: StreamReader, mailed: Account
    ) -> None:
        _, category = purchases.make_show()
        order = purchases.book(mailed, category)
        payers.confirm(mailed, payers.process(mailed, order).json["id"])
        (ticket_id,) = (line["ticket_id"] for line in order.tickets)
        taker = chooses(make_customer(name="Nadia"), email="nadia@example.com")
        assert ask(mailed, "POST", f"{ticket_id}/transfer/", {"mobile_number": taker.mobile_number}).status == 200
        answer = ask(taker, "POST", f"{ticket_id}/refund-request/", {"reason": "I fell ill."})
        owed = refunds.approve(ticket_id, answer.json["id"], by="adm_1")
        stream.skip()
        told = {"ticket_id": ticket_id, "refund_id": owed.refund_id, "payment_id": owed.payment_id}
        fact = {"detail-type": "ticket.refund_due", "detail": told}
        app.payments({"Records": [{"messageId": "1", "body": json.dumps(fact)}]}, None)
        carry(stream, times=2)
        (of_payer,), (of_holder,) = received(MAIL), received("nadia@example.com")
        assert of_payer.subject == '[Gatehouse] A ticket to "Qawwali Night" was paid back'
        assert of_holder.subject == '[Gatehouse] Your ticket to "Qawwali Night" was given back'
        assert "1,500.00" in of_payer.body
        assert "1,500.00" not in of_holder.body

    def test_a_payment_that_came_too_late_is_told_when_it_was_returned(
        self, stream: StreamReader, mailed: Account
    ) -> None:
        category = payers.last_ticket()
        order = purchases.book(mailed, category)
        opened = payers.process(mailed, order, token="tok_ok").json
        with clock.set_to(order.expires_at):
            assert orders.expire(order.order_id)
            settled.buy(category)
            assert payers.confirm(mailed, opened["id"]).json["status"] == "refunded"
        fact = {"detail-type": "payment.refund_due", "detail": {"payment_id": opened["id"]}}
        app.payments({"Records": [{"messageId": "1", "body": json.dumps(fact)}]}, None)
        carry(stream, times=2)
        (mail,) = received(MAIL)
        assert mail.subject == "[Gatehouse] Your payment of PKR 1,500.00 was returned"
        assert f"Payment: {opened['id']}\n" in mail.body


def tick() -> dict[str, Any]:
    made: dict[str, Any] = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "version": "0"}
    return made | {"id": "1", "account": "0", "time": "", "region": "us-east-1", "resources": []}


class TestHandedOn:
    def test_taker_and_giver_are_told_and_the_takers_code_is_the_fresh_one(
        self, stream: StreamReader, mailed: Account
    ) -> None:
        evening, taker = make_evening(), chooses(make_customer(name="Bilal Ahmed"), email="bilal@example.com")
        ticket = evening.sell(mailed)
        stream.skip()
        assert (
            ask(mailed, "POST", f"{ticket.ticket_id}/transfer/", {"mobile_number": taker.mobile_number}).status == 200
        )
        carry(stream, times=2)
        (to_taker,) = received("bilal@example.com")
        assert to_taker.body.startswith('Gatehouse: "Ayesha Khan" gave you a ticket for "Qawwali Night".')
        assert codes_in(to_taker.files["tickets.pdf"]) == [tickets.code(tickets.get(ticket.ticket_id))]
        (to_giver,) = received(MAIL)
        assert '"Qawwali Night" belongs to "Bilal Ahmed" now.' in to_giver.body
        assert to_giver.files == {}

    def test_a_gift_is_told_when_it_is_claimed(self, stream: StreamReader, mailed: Account) -> None:
        evening, number = make_evening(), unused_number()
        ticket = evening.sell(mailed)
        assert ask(mailed, "POST", f"{ticket.ticket_id}/gift/", {"mobile_number": number}).status == 201
        stream.skip()
        notices.send_waiting()
        before = len(received())
        assert gifts.claim_all(make_customer(mobile_number=number, name="Bilal Ahmed")) == 1
        carry(stream, times=2)
        assert {one.to for one in received()[:]} >= {MAIL, number}
        assert len(received()) == before + 2

    def test_a_ticket_to_and_fro_costs_each_number_one_sms_a_day(self, stream: StreamReader) -> None:
        evening, ayesha, bilal = make_evening(), make_customer(), make_customer()
        ticket = evening.sell(ayesha)
        stream.skip()
        with clock.set_to(clock.now()):
            for giver, taker in [(ayesha, bilal), (bilal, ayesha)] * 3:
                path = f"{ticket.ticket_id}/transfer/"
                assert ask(giver, "POST", path, {"mobile_number": taker.mobile_number}).status == 200
            carry(stream)
        # One as the taker and one as the giver.
        assert len(received(ayesha.mobile_number)) == len(received(bilal.mobile_number)) == 2


class TestEvents:
    def sold(self, *, customers: int = 2) -> tuple[Event, list[Account]]:
        event, category = purchases.make_show(organizer_id=make_organizer().account_id)
        people = [chooses(make_customer(), email=f"c{n}@example.com") for n in range(customers)]
        for person in people:
            purchases.pay(purchases.book(person, category, 2))
        return event, people

    def run_after(self, stream: StreamReader) -> int:
        carry(stream, times=2)
        run = only_run()
        steps = notices.run(run.job_id)
        notices.send_waiting(times=2)
        return steps

    def test_all_customers_of_a_moved_event_get_one_message_with_the_moved_entry(self, stream: StreamReader) -> None:
        event, people = self.sold()
        carry(stream)
        before = len(received())
        first = entry_of(received()[0].files["event.ics"])[1]
        later = event.starts_at + timedelta(days=1)
        approve_edit(event, starts_at=later, ends_at=later + timedelta(hours=4))
        self.run_after(stream)
        moved = received()[before:]
        assert sorted(mail.to for mail in moved) == sorted(f"c{n}@example.com" for n in range(len(people)))
        for mail in moved:
            assert mail.subject == '[Gatehouse] "Qawwali Night" has moved'
            calendar, entry = entry_of(mail.files["event.ics"])
            assert (calendar["METHOD"], entry["STATUS"]) == ("PUBLISH", "CONFIRMED")
            assert (entry["UID"], entry.start) == (first["UID"], whole(later))
            assert entry["SEQUENCE"] > first["SEQUENCE"]

    def test_a_change_of_the_venue_is_told_and_one_of_the_title_is_not(self, stream: StreamReader) -> None:
        event, _ = self.sold(customers=1)
        carry(stream)
        approve_edit(event, title="Another title")
        carry(stream)
        assert notices.due_runs() == []
        venue = venues.add(name="Alhamra", city="Lahore")
        approve_edit(event, venue_id=venue.venue_id)
        self.run_after(stream)
        assert 'Where: "Alhamra"\n' in received()[-1].body

    def test_a_venue_that_staff_correct_after_the_event_is_no_news(self, stream: StreamReader) -> None:
        event, _ = self.sold(customers=1)
        carry(stream)
        before = len(received())
        with clock.set_to(event.ends_at + timedelta(days=1)):
            named = {"venue_id": venues.add(name="Alhamra", city="Lahore").venue_id}
            assert call("PUT", f"/api/events/{event.event_id}/", named, token=admin_token()).status == 200
            self.run_after(stream)
        assert received()[before:] == []

    def test_a_cancelled_event_sends_the_cancelled_entry(self, stream: StreamReader) -> None:
        event, _ = self.sold(customers=1)
        carry(stream)
        first = entry_of(received()[0].files["event.ics"])[1]
        event_states.put_into(event.event_id, EventStatus.CANCELLED)
        self.run_after(stream)
        mail = received()[-1]
        assert mail.subject == '[Gatehouse] "Qawwali Night" is cancelled'
        calendar, entry = entry_of(mail.files["event.ics"])
        assert (calendar["METHOD"], entry["STATUS"]) == ("CANCEL", "CANCELLED")
        assert (entry["UID"], entry["SEQUENCE"] > first["SEQUENCE"]) == (first["UID"], True)

    def test_who_gave_their_ticket_back_hears_nothing(self, stream: StreamReader) -> None:
        event, people = self.sold(customers=2)
        for order_ticket in operations.query(keys.tickets.customer_tickets(people[0].account_id).pk, index="gsi2"):
            order_id = order_ticket["pk"]["S"]
            ticket_id = order_id.rpartition("#")[2]
            path = f"{ticket_id}/transfer/"
            assert ask(people[0], "POST", path, {"mobile_number": people[1].mobile_number}).status == 200
        carry(stream)
        event_states.put_into(event.event_id, EventStatus.CANCELLED)
        before = len(received())
        self.run_after(stream)
        assert [mail.to for mail in received()[before:]] == ["c1@example.com"]

    def test_a_run_goes_on_in_slices_and_counts_whom_it_told(self, stream: StreamReader) -> None:
        event, people = self.sold(customers=3)
        carry(stream)
        event_states.put_into(event.event_id, EventStatus.CANCELLED)
        carry(stream)
        run = only_run()
        before = len(received())
        with configured(LIMIT_NOTICES_AT_ONCE=1):
            steps = notices.run(run.job_id)
        notices.send_waiting()
        ended = operations.get(keys.customers.notice_run(run.job_id))
        assert ended is not None
        assert (ended.status, ended.done, ended.owner_id) == (JobStatus.COMPLETE, len(people), event.organizer_id)
        assert steps > len(keys.customers.holder_partitions(event.event_id))
        assert len(received()) == before + len(people)

    def test_a_run_that_a_later_change_overtakes_ends_without_old_news(self, stream: StreamReader) -> None:
        event, people = self.sold(customers=2)
        carry(stream)
        for days in (1, 2):
            later = event.starts_at + timedelta(days=days)
            approve_edit(events.get(event.event_id), starts_at=later, ends_at=later + timedelta(hours=4))
        before = len(received())
        carry(stream)
        for job_id in notices.due_runs():
            notices.run(job_id)
        notices.send_waiting()
        told = received()[before:]
        assert len(told) == len(people)
        assert {entry_of(mail.files["event.ics"])[1].start for mail in told} == {
            whole(event.starts_at + timedelta(days=2))
        }

    def test_the_sweep_starts_a_run(self, stream: StreamReader) -> None:
        event, _ = self.sold(customers=1)
        carry(stream)
        event_states.put_into(event.event_id, EventStatus.CANCELLED)
        carry(stream)
        job_id = only_run().job_id
        with clock.set_to(clock.now() + runs.STARTS_AFTER + timedelta(minutes=1)):
            app.sweep(tick(), None)
        sqs = aws.client("sqs")
        url = sqs.get_queue_url(QueueName=config().jobs_queue_name)["QueueUrl"]
        queued = [json.loads(one["Body"]) for one in sqs.receive_message(QueueUrl=url).get("Messages", [])]
        assert {"job_id": job_id} in queued


class TestChannels:
    def put(self, customer: Account, **changes: Any) -> Any:
        return call("PUT", "/api/v1/users/profile/", changes, token=customer_token(customer))

    def sent(self, stream: StreamReader, customer: Account) -> list[str]:
        stream.skip()
        notices.send_waiting()
        before = len(received())
        bought(customer, quantity=1)
        carry(stream, times=2)
        return sorted(one.channel for one in received()[before:] if one.to in (MAIL, customer.mobile_number))

    def test_a_stored_address_that_no_mail_reaches_gives_way_to_the_number(self, stream: StreamReader) -> None:
        customer = chooses(make_customer(), email="ali..khan@example.com")
        assert self.sent(stream, customer) == ["sms"]

    @pytest.mark.parametrize(
        ("email", "chosen", "shown", "ways"),
        [
            (None, None, (True, False), ["sms"]),
            (MAIL, None, (False, True), ["email"]),
            (MAIL, {"sms": True, "email": False}, (True, False), ["sms"]),
            (MAIL, {"sms": True}, (True, True), ["email", "sms"]),
            (MAIL, {"sms": False}, (False, True), ["email"]),
            # No address: the other channel is used, since the news is theirs.
            (None, {"sms": False, "email": True}, (False, True), ["sms"]),
        ],
    )
    def test_a_customer_is_told_on_the_channels_that_they_chose(
        self,
        stream: StreamReader,
        email: str | None,
        chosen: dict[str, bool] | None,
        shown: tuple[bool, bool],
        ways: list[str],
    ) -> None:
        customer = make_customer()
        changes: dict[str, Any] = {"email": email} | ({"notifications": chosen} if chosen else {})
        answer = self.put(customer, **changes)
        assert answer.status == 200, answer.text
        choices = answer.json["notifications"]
        assert (choices["sms"], choices["email"]) == shown
        assert self.sent(stream, customer) == ways

    def test_one_channel_stays_on(self) -> None:
        customer = make_customer()
        assert self.put(customer, notifications={"email": False}).status == 200
        refused = self.put(customer, notifications={"sms": False})
        assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "notifications")
        assert self.put(customer, notifications=None).json["notifications"] == {"sms": True, "email": False}

    def test_a_language_is_one_of_those_with_texts(self) -> None:
        customer = make_customer()
        assert self.put(customer, language="ur").json["language"] == "ur"
        assert self.put(customer, language="xx").status == 400
        assert self.put(customer, language=None).json["language"] == "en"

    def test_an_sms_over_its_cap_goes_to_the_address_of_a_customer_who_takes_mail(self, stream: StreamReader) -> None:
        customer = make_customer()
        assert self.put(customer, email=MAIL, notifications={"sms": True, "email": None}).status == 200
        (contact,) = contacts.find_many([customer.account_id]).values()
        assert contact.may_mail_to == MAIL
        only_sms = make_customer()
        assert self.put(only_sms, email=MAIL, notifications={"sms": True, "email": False}).status == 200
        stream.skip()
        notices.send_waiting()
        bought(only_sms, quantity=1)
        with configured(SMS_PER_COUNTRY=0, SMS_IN_ALL=0):
            carry(stream)
        # They refused mail, so the SMS waits.
        assert [one for one in received() if one.to == only_sms.mobile_number] == []
        assert len([mail for mail in received(MAIL) if "are paid" in mail.body]) == 0


def test_every_fact_for_customers_is_routed_to_the_worker_that_takes_it() -> None:
    rule = load().get("Resources", {})["AlertsRule"]["Properties"]["EventPattern"]
    assert {fact.value for fact in background.FACT_TAKERS} <= set(rule["detail-type"])
    assert set(background.FACT_TAKERS) <= set(Fact)


def test_nobody_is_told_of_an_account_that_is_gone(stream: StreamReader) -> None:
    customer = make_customer()
    bought(customer, quantity=1)
    records = stream.read()
    operations.record(operations.remove(keys.access.account(customer.account_id)))
    assert app.alerts(notices.envelopes(notices.facts_of(records)), None) == {"batchItemFailures": []}
    assert received() == []


def test_a_raw_mail_names_its_receiver_and_sender() -> None:
    stream, customer = StreamReader(), chooses(make_customer(), email=MAIL)
    bought(customer, quantity=1)
    carry(stream)
    raw = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages[-1]
    assert (raw.source, set(raw.destinations)) == ("gatehouse@example.com", {MAIL})
