"""No words of a stranger are sent as the platform's: a rule over every sender of messages."""

import re
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import app
from chalicelib import clock
from chalicelib.domain.access import notices as access_notices
from chalicelib.domain.access import otp, password_links, sessions
from chalicelib.domain.campus.attendance import record_notices
from chalicelib.domain.events import events, venues
from chalicelib.domain.gate import alerts
from chalicelib.domain.merchants import merchant_settings, stock_notices
from chalicelib.domain.organizers import answer_notices
from chalicelib.domain.payments import refunds
from chalicelib.domain.quotations import LONGEST, quote
from chalicelib.domain.tickets import gifts, refund_requests, tickets, transfers
from chalicelib.domain.tickets.gifts import GiftInput
from chalicelib.identifiers import new_id
from chalicelib.schemas.platform_names import imitates_platform
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event, Ticket
from chalicelib.vocabulary.access import OtpPurpose
from chalicelib.vocabulary.campus import AppealStatus, CampusRole
from tests.portals.webapp.evening import Evening, ask, make_evening
from tests.support import event_states, notices, purchases
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user
from tests.support.client import call
from tests.support.codes import code_for, texts
from tests.support.factories import (
    PASSWORD,
    make_customer,
    make_event,
    make_merchant,
    make_organization,
    make_organizer,
    token_of,
    unused_number,
)
from tests.support.shops import make_shop, new_customer
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")

PLATFORM = Path(__file__).parents[2] / "chalicelib"
NASTY = {
    "a link": "Win https://evil.example/a?b=c now",
    "a link without a scheme": "Win evil.example/a now",
    "a short link": "t.me/evil",
    "a link of wide letters": "\uff45vil\uff0e\uff45xample now",
    "a link of other dots": "evil\u3002example now",
    "a link that is torn": "evil .example now",
    "a link in a link": "http://evil.exhttp://xample now",
    "an address": "write to me@evil.example",
    "an IP address": "Open 192.0.2.1/evil",
    "a telephone number": "Call +92 (300) 123-4567 now",
    "newlines": "Ayesha\r\n\nGatehouse: you won",
    "other newlines": "Ayesha\u2028Gatehouse: you won\u0085x",
    "an override": "Ayesha\u202egnp.live\u2066x",
    "an invisible letter": "Aye\u200bsha\u2060\ufeff\u3164",
    "quotes": 'A" your code is right. "',
    "other quotes": "A\u201d \u201cyour\u201d \u00abcode\u00bb \u201fis\u201f right",
    "500 letters": "W" * 500,
    "500 emojis": "\U0001f600x" * 250,
    "a code of ours": "Gatehouse: your code is 123456",
    "a code in other digits": "Gatehouse: your code is \u0661\u0662\u0663\u0664\u0665\u0666",
    "a code with gaps": "your code is 12 34 56",
    "nothing to see": "\u200b\u2060 \u3164",
    "a template": "{code} {0} %s",
}
WORDS = "See you there! https://words.example"


def bought(giver: Account, title: str) -> Ticket:
    return make_evening(title=title).sell(giver)


def gift(words: str, number: str | None = None) -> None:
    giver = make_customer(name=words)
    wanted = GiftInput(bought(giver, words).ticket_id, number or unused_number(), name=words, message=WORDS)
    gifts.give(giver.account_id, wanted, operation_id=f"op_{wanted.ticket_id}")


def gift_to_a_customer(words: str) -> None:
    told(lambda: gift(words, make_customer().mobile_number))


def transfer(words: str) -> None:
    giver = make_customer(name=words)
    ticket_id = bought(giver, words).ticket_id
    how: Any = {"mobile_number": make_customer().mobile_number, "message": WORDS, "operation_id": f"op_{ticket_id}"}
    told(lambda: transfers.transfer(giver.account_id, ticket_id, **how))


def told(act: Callable[[], object]) -> None:
    """Do something and tell its customers, as the stream's worker does."""
    stream = StreamReader()
    stream.skip()
    act()
    found = notices.facts_of(stream.read())
    assert app.alerts(notices.envelopes(found), None) == {"batchItemFailures": []}


def purchase(words: str) -> None:
    buyer = make_customer(name=words)
    told(lambda: bought(buyer, words))


def moved_event(words: str) -> None:
    evening = make_evening(title=words)
    stream = StreamReader()
    evening.sell(make_customer())
    stream.drain()
    texts()
    event = events.get(evening.event.event_id)
    venue = venues.add(name=words, city="Lahore")
    event_states.change(event.event_id, venue_id=venue.venue_id, scanning_opens_at=event.starts_at)
    notices.facts_of(stream.read())
    for job_id in notices.due_runs(event.event_id):
        notices.run(job_id)


def code(purpose: OtpPurpose, make: Callable[..., Account]) -> Callable[[str], None]:
    def send(words: str) -> None:
        otp.send(purpose, unused_number(), account=make(name=words))

    return send


def card_of_a_shop(words: str) -> None:
    shop = make_shop(words)
    (card,) = shop.stock()
    assert shop.assign(card, new_customer()).status == 201


def changed_number(words: str) -> None:
    merchant, new_mobile = make_merchant(name=words), unused_number()
    begun = merchant_settings.begin_number_change(
        merchant.account_id, new_mobile=new_mobile, password=PASSWORD, address="192.0.2.1"
    )
    merchant_settings.confirm_number_change(
        merchant.account_id, challenge_id=begun.challenge_id, code=code_for(new_mobile), address="192.0.2.1"
    )


def bound_card(words: str) -> None:
    shop = make_shop(words)
    (card,) = shop.stock()
    shop.hand_over(card, new_customer())


def low_stock(words: str) -> None:
    merchant = make_merchant(name=words)
    merchant_settings.change(merchant.account_id, {"email": "shop@example.com", "notifications": {"email": True}})
    stock_notices.send({"merchant_id": merchant.account_id, "left": 2, "fact_id": "fact_1"})


def link_to_set_a_password(words: str) -> None:
    shop = make_merchant(name=words)
    password_links.send(password_links.make(shop.account_id), shop, access_notices.owner(shop))


def decided_attendance(words: str) -> None:
    campus = make_campus(name=words)
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER, first_name=words, last_name=words)
    record = make_record(make_campus_event(campus, organizer, title=words), make_campus_user(campus), note=words)
    decision = {"was": "present", "was_rejected": False, "status": "late", "is_rejected": False}
    for answer in (None, AppealStatus.CORRECTED.value):
        fact_id = f"{record.attendance_id}/{answer}"
        record_notices.send({"fact_id": fact_id, "attendance_id": record.attendance_id, **decision, "answer": answer})


def answered_organizer(words: str) -> None:
    organizer = make_organizer()
    event = make_event(title=words, organizer_id=organizer.account_id)
    operations.record(operations.change(keys.events.event(event.event_id), [Event.review_note.set(words)]))
    details = [
        {"event_id": event.event_id, "answer": answer.value, "fact_id": f"{event.event_id}/{answer}"}
        for answer in answer_notices.Answer
    ]
    for detail in details:
        answer_notices.send(detail)  # by SMS
    address = {"email": "organizer@example.com"}
    assert call("PUT", "/api/organizer/profile/", address, token=token_of(organizer)).status == 200
    for detail in details:
        answer_notices.send(detail)  # by mail


def refused_refund(words: str) -> None:
    buyer = make_customer()
    _, category = purchases.make_show(title=words)
    order = purchases.book(buyer, category)
    purchases.pay(order)
    ticket_id = order.tickets[0]["ticket_id"]
    asked = refund_requests.ask(buyer.account_id, ticket_id, reason="r", operation_id=new_id("op"))
    told(lambda: refunds.reject(ticket_id, asked.refund_id, by="adm_1", note=words))


def alert(words: str) -> None:
    for fact in alerts.TEXTS:
        alerts.mail(fact, {"fact_id": fact, "gate": words})


# What each sender sends; the rest is tried at the place that quotes for all of them.
SENT = ("a link", "newlines", "an override", "quotes", "500 letters", "a code of ours", "nothing to see", "a template")
# The senders of messages by their files, and what makes each send one with the words of somebody.
SENDERS: dict[str, dict[str, Callable[[str], None]]] = {
    "domain/tickets/transfers.py": {"a gift to a number": gift},
    "domain/customer_notices/notices.py": {
        "a purchase": purchase,
        "a transfer": transfer,
        "a gift to a customer": gift_to_a_customer,
        "a moved event": moved_event,
        "a refused refund": refused_refund,
    },
    "domain/access/otp.py": {
        "a card of a shop": card_of_a_shop,
        "a shop's log-in": code(OtpPurpose.MERCHANT_LOGIN, make_merchant),
        "a shop's new number": code(OtpPurpose.MOBILE_CHANGE, make_merchant),
        "an organizer's log-in": code(OtpPurpose.ORGANIZER_LOGIN, make_organizer),
        "an organizer's new password": code(OtpPurpose.ORGANIZER_RESET, make_organizer),
        "a customer's log-in": code(OtpPurpose.LOGIN, make_customer),
        "a proof of an address": code(OtpPurpose.TIX_ADDRESS, make_organization),
        "a new password in Tix": code(OtpPurpose.TIX_RESET, make_organization),
    },
    "domain/access/notices.py": {"a changed number": changed_number, "a bound card": bound_card},
    "domain/access/password_links.py": {"a link to set a password": link_to_set_a_password},
    "domain/organizers/answer_notices.py": {"an answer to an organizer": answered_organizer},
    "domain/merchants/stock_notices.py": {"low stock": low_stock},
    "domain/campus/attendance/record_notices.py": {"a decision on attendance": decided_attendance},
    "domain/gate/alerts.py": {"an alert to staff": alert},
    # It queues a message again, as it was.
    "domain/access/sms.py": {},
    # It names the end of a card's UID, and nobody's words.
    "domain/payments/auto_reload.py": {},
    "domain/card_office/claims.py": {},
}
SENDS = {name: send for kinds in SENDERS.values() for name, send in kinds.items()}


def sent(send: str, words: str) -> list[dict[str, Any]]:
    texts()
    SENDS[send](words)
    return texts()


def outside_quotations(text: dict[str, Any]) -> str:
    """Return what a message says in the platform's own words, with its codes and ids blanked."""
    body = re.sub("#set[.][^ ]+", "#", text["body"])
    own = re.sub('"[^"]*"', '""', f"{text['subject']}\n{body}")
    return re.sub(r"[0-9A-Fa-f]{4}(?= to you| was bound)|[0-9]", "0", own)


def test_every_sender_of_messages_is_tested_here() -> None:
    found = {
        str(file.relative_to(PLATFORM))
        for file in PLATFORM.rglob("*.py")
        if "messages.enqueue(" in file.read_text(encoding="utf-8") and file.name != "messages.py"
    }
    assert found == set(SENDERS)


@pytest.mark.parametrize("send", SENDS)
def test_outside_its_quotations_a_message_is_the_same_with_any_words(send: str) -> None:
    plain = sent(send, "Ayesha Khan")
    assert plain
    expected = sorted(map(outside_quotations, plain))
    with_words = {kind: sent(send, words) for kind, words in [(kind, NASTY[kind]) for kind in SENT]}
    assert {kind: sorted(map(outside_quotations, found)) for kind, found in with_words.items()} == dict.fromkeys(
        with_words, expected
    )
    assert [text for found in with_words.values() for text in found if "See you there" in text["body"]] == []


@pytest.mark.parametrize("send", SENDS)
def test_a_message_begins_with_the_platforms_own_words(send: str) -> None:
    for text in sent(send, NASTY["a code of ours"]):
        begins = text["subject"] if text["channel"] == "email" else text["body"]
        assert begins.startswith(("Gatehouse: ", "[Gatehouse] "))


@pytest.mark.parametrize("kind", NASTY)
def test_a_quotation_is_one_short_line_without_links_numbers_and_what_cannot_be_seen(kind: str) -> None:
    quotation = quote(NASTY[kind])
    assert (quotation[0], quotation[-1], quotation.count('"')) == ('"', '"', 2)
    inside = quotation[1:-1]
    assert any(letter.isalnum() or letter == "." for letter in inside)
    assert len(inside.encode("utf-16-le")) // 2 <= LONGEST
    assert [letter for letter in inside if unicodedata.category(letter)[0] == "C" or letter in "\u2028\u2029"] == []
    assert re.search(r"://|www\.|@|[^\W\d_]\.[^\W\d_]{2}|(\d\D?){5}|evil", inside) is None


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Dr.Khan", "Dr. Khan"),
        ("A.R.Rahman Live", "A.R. Rahman Live"),
        ("Ch.M.Nadeem and St.Patrick", "Ch.M. Nadeem and St. Patrick"),
        ("t.Me/Khan", "..."),
        ("X.Khan.Com", "..."),
        ("Dr.Khan/Win", "..."),
        ("see a.Khan", "see"),
    ],
)
def test_a_name_right_after_a_title_or_an_initial_is_no_link(words: str, shown: str) -> None:
    assert quote(words) == f'"{shown}"'


@pytest.mark.parametrize(
    "words", ["Lahore Live 2026", "J.R.R. Tolkien", "Café Müller", "Zoe & Co", "علی خان", "Gate 7, 9 pm", "O'Neill"]
)
def test_plain_words_are_quoted_as_they_are(words: str) -> None:
    assert quote(words) == f'"{words}"'


def test_a_letter_that_halves_an_sms_goes_without_its_accent() -> None:
    assert quote("Pavarotti \u2013 Čapek") == '"Pavarotti \u2013 Capek"'


class TestGivenTickets:
    """One text of a ticket to a number in a day, and a few to all numbers."""

    @pytest.fixture
    def evening(self) -> Evening:
        return make_evening()

    @pytest.fixture
    def giver(self) -> Account:
        return make_customer(name="Ayesha Khan")

    def give(self, giver: Account, ticket: Ticket, number: str) -> None:
        assert ask(giver, "POST", f"{ticket.ticket_id}/gift/", {"mobile_number": number}).status == 201

    def test_a_gift_taken_back_and_given_again_sends_one_text_a_day(self, evening: Evening, giver: Account) -> None:
        ticket, number = evening.sell(giver), unused_number()
        texts()
        with clock.set_to(clock.now()):
            for _ in range(4):
                self.give(giver, ticket, number)
                self.give(giver, ticket, str(giver.mobile_number))
            assert [text["to"] for text in texts()] == [number]
        with clock.set_to(clock.now() + timedelta(days=1)):
            self.give(giver, ticket, number)
            assert [text["to"] for text in texts()] == [number]

    def test_one_ticket_sends_five_texts_a_day_to_all_numbers(self, evening: Evening, giver: Account) -> None:
        ticket, numbers = evening.sell(giver), [unused_number() for _ in range(8)]
        texts()
        with clock.set_to(clock.now()):
            for number in numbers:
                self.give(giver, ticket, number)
        assert [text["to"] for text in texts()] == numbers[:5]
        # The limit stops texts and no gift.
        assert tickets.get(ticket.ticket_id).pledge is not None

    def test_two_tickets_for_one_number_send_two_texts(self, evening: Evening, giver: Account) -> None:
        number = unused_number()
        texts()
        for ticket in (evening.sell(giver), evening.sell(giver)):
            self.give(giver, ticket, number)
        assert [text["to"] for text in texts()] == [number] * 2

    @pytest.mark.parametrize("way", ["gift", "transfer"])
    def test_the_givers_words_are_shown_in_the_app_until_the_ticket_moves_on(
        self, evening: Evening, giver: Account, way: str
    ) -> None:
        ticket, bilal, sara = evening.sell(giver), make_customer(name="Bilal Ahmed"), make_customer(name="Sara Khan")
        path = f"{ticket.ticket_id}/{way}/"
        ask(giver, "POST", path, {"mobile_number": bilal.mobile_number, "message": WORDS})
        assert ask(bilal, "GET", f"{ticket.ticket_id}/").json["message"] == WORDS
        ask(bilal, "POST", path, {"mobile_number": sara.mobile_number})
        assert ask(sara, "GET", f"{ticket.ticket_id}/").json["message"] is None
        assert [text for text in texts() if "there" in text["body"]] == []


OURS = (
    "Gatehouse",
    "GATE HOUSE",
    "G a t e h o u s e",
    "Gatehouse Support",
    "The Official Gatehouse Security Team",
    "Gatehouse-Code!",
    "G\u0430t\u0435h\u043eus\u0435",
    "\uff27atehouse",
    "G\u00e1teh0use 5upport",
    "gatehouse.com",
    "Gatehouse Cards",
    "Gatehouse Head Office",
    "Gatehouse's Refund Desk",
    "Gatehouse24",
    "gatehouse/pay",
    "gatehouse.example",
    "gatehouse.co.uk",
    "24/7 Gatehouse Help 1",
    "Gatehouse \u0662\u0664 Support",
    # Letters of generators of "fancy text": small capitals, squares, circles, strokes, flags.
    "\u0262\u1d00\u1d1b\u1d07\u029c\u1d0f\u1d1c\ua731\u1d07",
    "\U0001f176\U0001f170\U0001f183\U0001f174\U0001f177\U0001f17e\U0001f184\U0001f182\U0001f174",
    "\U0001f156\U0001f150\U0001f163ehouse",
    "\U0001f1ec\U0001f1e6\U0001f1f9\U0001f1eahouse",
    "\u01e4a\u0167e\u0127\u00f8use",
    "Ga\u2020ehouse",
)
NOT_OURS = (
    "Liberty Books",
    "Gatehouse Theatre",
    "Gatehouse Demo Night",
    "Gatehouse 54 Restaurant",
    "Support Act",
    "The Gate",
    "Houseboat Code",
    # Each of these words is two others as well: a search that tries each way to part them ends in no time of ours.
    "helpdesk" * 60,
    "gatehouse" + "helpdesk" * 60 + "!x",
)


def test_a_name_that_reads_as_the_platforms_is_known_in_any_dress() -> None:
    assert [name for name in OURS if not imitates_platform(name)] == []
    assert [name for name in NOT_OURS if imitates_platform(name)] == []


@pytest.mark.parametrize("name", ["Gatehouse Support", "G\u0430tehouse"])
def test_nobody_takes_a_name_of_the_platform(name: str) -> None:
    shop, organizer, customer = make_merchant(), make_organizer(), make_customer()
    token = {one.account_id: sessions.start(one).access for one in (shop, organizer, customer)}
    registration = {"mobile_number": unused_number(), "password": PASSWORD, "name": name}
    tix = {"email": "a@example.com", "password": PASSWORD, "name": "A", "organization": name}
    refused = [
        call("PUT", "/api/merchant/settings/", {"name": name}, token=token[shop.account_id]),
        call("PUT", "/api/organizer/profile/", {"name": name}, token=token[organizer.account_id]),
        call("PUT", "/api/v1/users/profile/", {"name": name}, token=token[customer.account_id]),
        call("POST", "/api/v1/users/register/", registration),
        call("POST", "/api/tix/auth/register/", tix),
    ]
    assert [(one.status, one.code) for one in refused] == [(400, "VALIDATION_ERROR")] * len(refused)
    assert all("must not read as a name of the platform" in one.text for one in refused)
