"""What can be claimed once is claimed once, also by 32 callers at the same moment."""

import base64
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.domain.access import devices, new_accounts, sessions, throttle
from chalicelib.domain.access.throttle import CountedTry
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.tickets import tickets
from chalicelib.errors import AlreadyExists, InvalidCredentials, RateLimited, Refusal, TokenReused
from chalicelib.table.items import Account, Event
from chalicelib.vocabulary.access import Portal, UsherRole
from chalicelib.vocabulary.cards import CardType
from tests.faults import scenarios
from tests.faults.recount import assert_log_and_totals_are_true
from tests.support import card_states, secure_cards
from tests.support.factories import PASSWORD
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_claims")]

CALLERS = 32


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """Run an act in 32 threads at the same moment; return each result, or the refusal in its place."""
    got: list[Any] = []
    together = threading.Barrier(CALLERS)

    def work(number: int) -> None:
        together.wait()
        try:
            got.append(act(number))
        except Refusal as refusal:
            got.append(refusal)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == CALLERS
    return got


def usher(event: Event) -> Account:
    return new_accounts.create_usher(
        username=uuid.uuid4().hex,
        password=PASSWORD,
        name="Usher",
        roles=[UsherRole.USHERING],
        event_ids=[event.event_id],
    )


def test_a_fresh_ticket_is_admitted_once_and_every_other_caller_is_told_by_whom(
    event: Event, stream: StreamReader
) -> None:
    ticket = scenarios.issue(event.event_id)
    uid, code = scenarios.card_for(ticket), tickets.code(ticket)
    shown: list[dict[str, Any]] = [{"uid": uid}, {"code": code}, {"ticket_id": ticket.ticket_id}]

    def scan(number: int) -> tuple[str, ScanDecision]:
        caller = Caller(id=f"ush_{number}", event_id=event.event_id, name=f"usher {number}")
        return f"usher {number}", checkin.scan(caller, Reading(scenarios.scan_id(), **shown[number % 3]))

    answers = at_once(scan)
    winners = [name for name, answer in answers if answer.result == "valid"]
    assert len(winners) == 1
    others = [answer for name, answer in answers if name not in winners]
    assert {(answer.result, answer.first_scan and answer.first_scan.by) for answer in others} == {
        ("already_scanned", winners[0])
    }
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


@pytest.mark.parametrize("callers", [1, CALLERS])
def test_a_familys_card_admits_one_for_each_caller_and_as_many_as_it_has_tickets(
    callers: int, event: Event, stream: StreamReader
) -> None:
    family = [scenarios.issue(event.event_id) for _ in range(4)]
    uid = scenarios.card_for(family[0])
    card_states.let_open(uid, event_id=event.event_id, ticket_ids=[ticket.ticket_id for ticket in family])
    gates = [Caller(id=f"ush_{number}", event_id=event.event_id) for number in range(callers)]
    answers = at_once(lambda n: checkin.scan(gates[n % callers], Reading(scenarios.scan_id(), uid=uid)))
    let_in = [answer for answer in answers if answer.result == "valid" and not answer.repeat]
    # By one caller, all others are second readings of the first one's admission.
    expected = [ticket.ticket_id for ticket in family] if callers > 1 else [family[0].ticket_id]
    assert sorted(str(answer.ticket and answer.ticket.id) for answer in let_in) == sorted(expected)
    others = Counter((answer.result, answer.repeat) for answer in answers if answer not in let_in)
    repeated = ("valid", True) if callers == 1 else ("already_scanned", False)
    assert others == {repeated: CALLERS - len(expected)}
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


def test_one_sun_message_admits_one_of_a_familys_tickets(event: Event, stream: StreamReader) -> None:
    family = [scenarios.issue(event.event_id) for _ in range(4)]
    uid = scenarios.card_for(family[0], CardType.SECURE)
    card_states.let_open(uid, event_id=event.event_id, ticket_ids=[ticket.ticket_id for ticket in family])
    message = secure_cards.message(uid, 9)
    caller = scenarios.caller(event.event_id)
    answers = at_once(lambda _: checkin.scan(caller, Reading(scenarios.scan_id(), uid=uid, sun=message)))
    assert Counter((answer.result, answer.reason) for answer in answers) == {
        ("valid", None): 1,
        ("invalid", "clone_suspected"): CALLERS - 1,
    }
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


def test_one_scan_id_sent_by_many_threads_gets_one_answer(event: Event, stream: StreamReader) -> None:
    scenario = scenarios.by_card(event.event_id)
    answers = at_once(lambda _: checkin.scan(scenario.caller, scenario.reading))
    assert len(set(map(repr, answers))) == 1
    assert answers[0].result == "valid"
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


def test_a_contested_ticket_is_admitted_once(event: Event, stream: StreamReader) -> None:
    ticket = scenarios.contested(event.event_id).ticket
    caller = scenarios.caller(event.event_id)
    answers = at_once(lambda _: checkin.scan(caller, Reading(scenarios.scan_id(), ticket_id=ticket.ticket_id)))
    assert Counter(answer.result for answer in answers) == {"valid": 1, "already_scanned": CALLERS - 1}
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


def test_who_is_inside_leaves_once_and_returns_once(event: Event, stream: StreamReader) -> None:
    left = scenarios.leaving(event.event_id)
    ticket_id = left.ticket.ticket_id
    exits = at_once(
        lambda _: checkin.scan(
            left.caller, Reading(scenarios.scan_id(), ticket_id=ticket_id, direction=left.reading.direction)
        )
    )
    assert Counter(answer.result for answer in exits) == {"valid": 1, "invalid": CALLERS - 1}
    entries = at_once(lambda _: checkin.scan(left.caller, Reading(scenarios.scan_id(), ticket_id=ticket_id)))
    assert Counter(answer.result for answer in entries) == {"valid": 1, "already_scanned": CALLERS - 1}
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


def test_one_refresh_token_has_one_successor(event: Event) -> None:
    pair = sessions.start(usher(event), event_id=event.event_id)
    got = at_once(lambda _: sessions.refresh(pair.refresh, Portal.USHER).refresh)
    assert len(set(got)) == 1
    sessions.refresh(got[0], Portal.USHER)
    with pytest.raises(TokenReused):
        sessions.refresh(pair.refresh, Portal.USHER)


def test_one_enrolment_code_makes_one_device(event: Event) -> None:
    made = devices.provision(event_id=event.event_id, gate_name="Gate 1", name="reader", by="adm_x")
    keys = [
        base64.urlsafe_b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
        for _ in range(CALLERS)
    ]
    got = at_once(
        lambda number: devices.enroll(code=made.enrollment_code, public_key=keys[number], address=f"10.0.0.{number}")
    )
    assert Counter(type(answer) for answer in got) == {devices.EnrolledDevice: 1, InvalidCredentials: CALLERS - 1}


def test_one_log_in_name_and_one_card_are_taken_once(event: Event) -> None:
    name, uid = uuid.uuid4().hex, f"04{uuid.uuid4().hex[:12]}"
    ushers = at_once(
        lambda _: new_accounts.create_usher(
            username=name, password=PASSWORD, name="U", roles=[], event_ids=[event.event_id]
        )
    )
    registered = at_once(lambda _: cards.register(CardRegistration(uid=uid)))
    for got in (ushers, registered):
        assert sum(isinstance(answer, AlreadyExists) for answer in got) == CALLERS - 1


@pytest.mark.usefixtures("one_window")
def test_a_limit_holds_in_parallel() -> None:

    whom = uuid.uuid4().hex
    got = at_once(lambda _: throttle.take("test", whom, limit=5, window=timedelta(hours=24)))
    assert Counter(type(answer) for answer in got) == {CountedTry: 5, RateLimited: CALLERS - 5}
