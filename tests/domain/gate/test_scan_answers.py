"""A scan is idempotent: the same reading gets the same answer, another reading gets the ticket's present state."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.events import events
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.domain.gate.readings import Caller, Reading, SunMessage
from chalicelib.domain.tickets import credentials, tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table import operations
from chalicelib.vocabulary.cards import CardType
from chalicelib.vocabulary.gate import Direction, Reason, ScanResult
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import marked, secure_cards

pytestmark = pytest.mark.usefixtures("moto_cloud", "event")
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
EVENT_ID, OTHER_EVENT_ID = "evt_concert", "evt_elsewhere"
USHER = Caller(id="ush_1", event_id=EVENT_ID, name="first", gate="Gate 1")
OTHER_USHER = Caller(id="ush_2", event_id=EVENT_ID, name="second", gate="Gate 2")
SECURE_UID = "04A1B2C3D4E5F6"


@pytest.fixture
def event() -> Iterator[None]:
    """Two events that are open now and allow re-entry."""
    with clock.set_to(START):
        for event_id in (EVENT_ID, OTHER_EVENT_ID):
            events.create(
                events.EventDraft(
                    event_id=event_id,
                    title="Concert",
                    starts_at=START,
                    ends_at=START + timedelta(hours=6),
                    re_entry_allowed=True,
                )
            )
        yield


def issued(**more: Any) -> str:
    order = TicketToIssue(event_id=more.pop("event_id", EVENT_ID), holder=Holder(name="Sana Mir"), number="A-1", **more)
    return str(tickets.issue(order).ticket_id)


def scanned(scan_id: str, caller: Caller = USHER, *, after: int = 0, **shown: Any) -> ScanDecision:
    """Scan at START plus `after` seconds."""
    with clock.set_to(START + timedelta(seconds=after)):
        return checkin.scan(caller, Reading(scan_id=scan_id, **shown))


def verdict(decision: ScanDecision) -> tuple[ScanResult, Reason | None]:
    return decision.result, decision.reason


def test_a_ticket_is_admitted_once_and_the_next_scan_names_the_first() -> None:
    ticket_id = issued()
    first = scanned("scn_a0000001", ticket_id=ticket_id)
    second = scanned("scn_b0000001", OTHER_USHER, after=5, ticket_id=ticket_id)
    assert verdict(first) == (ScanResult.VALID, None)
    assert verdict(second) == (ScanResult.ALREADY_SCANNED, None)
    assert second.first_scan is not None
    assert (second.first_scan.scanned_at, second.first_scan.by) == (START, "first")


def test_an_admission_is_answered_the_same_when_its_scan_is_repeated() -> None:
    ticket_id = issued()
    first = scanned("scn_a0000001", ticket_id=ticket_id)
    assert scanned("scn_a0000001", after=30, ticket_id=ticket_id) == first


def test_a_refusal_is_answered_the_same_when_its_scan_is_repeated() -> None:
    ticket_id = issued()
    scanned("scn_a0000001", ticket_id=ticket_id)
    refused = scanned("scn_b0000001", OTHER_USHER, after=5, ticket_id=ticket_id)
    assert scanned("scn_b0000001", OTHER_USHER, after=30, ticket_id=ticket_id) == refused


def test_the_same_scan_id_of_another_usher_is_another_scan() -> None:
    ticket_id = issued()
    scanned("scn_a0000001", ticket_id=ticket_id)
    assert verdict(scanned("scn_a0000001", OTHER_USHER, after=5, ticket_id=ticket_id)) == (
        ScanResult.ALREADY_SCANNED,
        None,
    )


def test_a_refused_scan_stays_refused_after_its_ticket_was_paid() -> None:
    ticket_id = issued(status=TicketStatus.RESERVED)
    refused = scanned("scn_a0000001", ticket_id=ticket_id)
    assert verdict(refused) == (ScanResult.INVALID, Reason.NOT_PAID)
    tickets.set_status(ticket_id, TicketStatus.VALID)
    assert scanned("scn_a0000001", after=5, ticket_id=ticket_id) == refused
    assert scanned("scn_b0000001", after=9, ticket_id=ticket_id).result is ScanResult.VALID
    assert scanned("scn_a0000001", after=15, ticket_id=ticket_id) == refused


def test_a_cancelled_ticket_is_refused_as_cancelled() -> None:
    ticket_id = issued()
    tickets.set_status(ticket_id, TicketStatus.CANCELLED)
    assert verdict(scanned("scn_a0000001", ticket_id=ticket_id)) == (ScanResult.INVALID, Reason.CANCELLED)


def test_a_ticket_of_another_event_is_refused_and_not_shown() -> None:
    ticket_id = issued(event_id=OTHER_EVENT_ID)
    decision = scanned("scn_a0000001", ticket_id=ticket_id)
    assert verdict(decision) == (ScanResult.INVALID, Reason.WRONG_EVENT)
    assert (decision.attendee, decision.ticket) == (None, None)
    assert tickets.get(ticket_id).admission is None


def test_an_old_code_is_refused_as_stale_and_the_new_one_admitted() -> None:
    ticket_id = issued()
    old = tickets.code(tickets.get(ticket_id))
    new = tickets.code(marked.renew_credential(ticket_id))
    assert verdict(scanned("scn_a0000001", code=old)) == (ScanResult.INVALID, Reason.STALE_CREDENTIAL)
    assert scanned("scn_b0000001", code=new).result is ScanResult.VALID


def test_a_code_with_one_changed_bit_is_refused_for_its_signature() -> None:
    code = tickets.code(tickets.get(issued()))
    raw = bytearray(credentials.from_base45(code.removeprefix("GH1:")) or b"")
    raw[20] ^= 1  # in the ticket's id
    forged = "GH1:" + credentials.base45(bytes(raw))
    assert verdict(scanned("scn_a0000001", code=forged)) == (ScanResult.INVALID, Reason.BAD_SIGNATURE)


def test_of_two_exits_at_once_one_is_taken() -> None:
    ticket_id = issued()
    scanned("scn_in000001", ticket_id=ticket_id)
    out: dict[str, Any] = {"ticket_id": ticket_id, "direction": Direction.EXIT}
    others: list[ScanDecision] = []

    def leave_by_the_other_gate(**_: Any) -> None:
        events_of.unregister("before-call.dynamodb.TransactWriteItems", leave_by_the_other_gate)
        others.append(scanned("scn_other001", OTHER_USHER, after=60, **out))

    events_of = operations.client().meta.events
    events_of.register("before-call.dynamodb.TransactWriteItems", leave_by_the_other_gate)
    mine = scanned("scn_mine0001", after=60, **out)
    assert others[0].result is ScanResult.VALID
    assert verdict(mine) == (ScanResult.INVALID, Reason.ON_EXIT_NOT_INSIDE)


def test_a_clock_that_runs_ahead_does_not_open_the_gate() -> None:
    ticket_id = issued()
    opens = START - timedelta(hours=3)
    early = scanned("scn_a0000001", after=-3 * 3600 - 60, ticket_id=ticket_id, scanned_at=opens + timedelta(minutes=1))
    assert verdict(early) == (ScanResult.INVALID, Reason.NOT_YET_OPEN)


def secure_card(ticket_id: str) -> None:
    cards.register(CardRegistration(uid=SECURE_UID, type=CardType.SECURE, tickets={EVENT_ID: [ticket_id]}))


def tap(counter: int) -> SunMessage:
    return secure_cards.message(SECURE_UID, counter)


def test_a_recorded_message_of_a_secure_card_is_a_suspected_clone() -> None:
    secure_card(issued())
    message = tap(7)
    assert scanned("scn_a0000001", sun=message).result is ScanResult.VALID
    assert verdict(scanned("scn_b0000001", after=5, sun=message)) == (ScanResult.INVALID, Reason.CLONE_SUSPECTED)
    assert verdict(scanned("scn_c0000001", after=9, sun=tap(6))) == (ScanResult.INVALID, Reason.CLONE_SUSPECTED)


def test_a_secure_card_with_a_wrong_mac_is_a_suspected_clone() -> None:
    secure_card(issued())
    genuine = tap(7)
    wrong = f"{int(genuine.cmac, 16) ^ 1:016X}"
    forged = SunMessage(genuine.picc_data, wrong)
    assert verdict(scanned("scn_a0000001", uid=SECURE_UID, sun=forged)) == (
        ScanResult.INVALID,
        Reason.CLONE_SUSPECTED,
    )


def test_a_plain_uid_of_a_secure_card_is_a_suspected_clone() -> None:
    secure_card(issued())
    assert verdict(scanned("scn_a0000001", uid=SECURE_UID)) == (ScanResult.INVALID, Reason.CLONE_SUSPECTED)
