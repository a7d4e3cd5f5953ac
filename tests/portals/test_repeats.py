"""Second readings of a card by the same caller within 2 s of its admission: that admission again, and nobody else."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.tickets import tickets
from chalicelib.table.items import Event, Ticket
from chalicelib.vocabulary.cards import CardStatus
from tests.support import card_states
from tests.support.client import call
from tests.support.factories import make_card, make_event, make_reader, make_ticket, scan_id, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


class Gate:
    """A gate at a set time, with a family's card of three tickets."""

    def __init__(self, **settings: Any) -> None:
        self.start = clock.now()
        self.event: Event = make_event(**settings)
        self.stream = StreamReader()
        with clock.set_to(self.start - timedelta(days=1)):
            self.family: list[Ticket] = [make_ticket(self.event) for _ in range(3)]
        self.card = make_card(*self.family)
        self.token = usher_token(self.event)

    def scan(self, after: float, *, token: str = "", **shown: Any) -> dict[str, Any]:
        """Scan the family's card, or what is shown, so many seconds after the start."""
        body = {"scan_id": scan_id(), **(shown or {"card_id": self.card.uid})}
        with clock.set_to(self.start + timedelta(seconds=after)):
            answer = call("POST", "/api/usher/scan/result/", body, token=token or self.token)
        assert answer.status == 200, answer.json
        return dict(answer.json)

    def place(self, answer: dict[str, Any]) -> tuple[int, bool]:
        """Return which of the family an answer is about, and whether it says that it is a repeat."""
        assert answer["result"] == "valid"
        return [ticket.ticket_id for ticket in self.family].index(answer["ticket"]["id"]), answer["repeat"]


@pytest.mark.parametrize("is_hinted", [False, True])
def test_a_second_reading_within_two_seconds_repeats_the_admission_and_the_next_tap_admits_the_next(
    is_hinted: bool,
) -> None:
    gate, seen, answers = Gate(), [], []
    for after in (0, 0.4, 2, 2.5, 4.5, 5):
        answers.append(gate.scan(after))
        seen.append(gate.place(answers[-1]))
        if is_hinted:
            gate.stream.drain()

    assert seen == [(0, False), (0, True), (0, True), (1, False), (1, True), (2, False)]
    assert [answer["remaining"] for answer in answers] == [2, 2, 2, 1, 1, 0]
    assert answers[1]["first_scan"]["scanned_at"] == answers[0]["decided_at"]
    assert answers[0]["first_scan"] is None


def test_a_repeat_is_logged_as_one_and_counts_nobody() -> None:
    gate = Gate()
    first, again = gate.scan(0), gate.scan(1)
    gate.stream.drain()

    log = call("GET", "/api/usher/scan/logs/", token=gate.token).json
    status = call("GET", f"/api/usher/events/{gate.event.event_id}/status/", token=gate.token).json

    assert [(entry["id"], entry["result"], entry["repeat"]) for entry in log["results"]] == [
        (again["log_id"], "valid", True),
        (first["log_id"], "valid", False),
    ]
    assert (log["count"], status["admitted"], status["inside"]) == (2, 1, 1)


def test_a_repeat_that_is_sent_again_later_keeps_its_answer_and_admits_nobody() -> None:
    gate = Gate()
    gate.scan(0)
    name = scan_id()
    again = gate.scan(1, scan_id=name, card_id=gate.card.uid)
    much_later = gate.scan(60, scan_id=name, card_id=gate.card.uid)

    assert gate.place(again) == (0, True)
    assert much_later == again
    assert [tickets.get(ticket.ticket_id).admission is None for ticket in gate.family] == [False, True, True]


def test_a_repeat_that_another_worker_still_decides_gets_one_answer() -> None:
    """A retry that read the card before the repeat was stored is stopped by the next ticket's own condition."""
    gate = Gate()
    gate.scan(0)
    gate.scan(1)
    assert tickets.get(gate.family[1].ticket_id).contested
    assert not tickets.get(gate.family[2].ticket_id).contested


def test_another_caller_and_another_way_to_show_a_ticket_are_no_repeat() -> None:
    gate = Gate()
    other = usher_token(gate.event)
    assert gate.place(gate.scan(0)) == (0, False)
    assert gate.place(gate.scan(0.5, token=other)) == (1, False)
    by_code = gate.scan(1, qr=tickets.code(gate.family[0]))
    by_id = gate.scan(1, ticket_id=gate.family[1].ticket_id)
    assert [answer["result"] for answer in (by_code, by_id)] == ["already_scanned"] * 2


def test_a_card_that_was_blocked_in_between_is_refused_and_not_repeated() -> None:
    gate = Gate()
    gate.scan(0)
    card_states.put_into(gate.card.uid, CardStatus.BLOCKED)
    refused = gate.scan(1)
    assert (refused["result"], refused["reason"], refused["repeat"]) == ("invalid", "card_blocked", False)


def test_an_exit_ends_the_window_and_an_entry_after_it_is_a_passage_of_its_own() -> None:
    gate = Gate(re_entry_allowed=True)
    single = make_card(make_ticket(gate.event)).uid
    gate.scan(0, card_id=single)
    gate.scan(0.5, card_id=single, direction="exit")
    twice_out = gate.scan(0.7, card_id=single, direction="exit")
    back = gate.scan(1, card_id=single)
    again = gate.scan(1.5, card_id=single)
    assert (twice_out["result"], twice_out["reason"]) == ("invalid", "on_exit_not_inside")
    assert (back["result"], back["repeat"]) == ("valid", False)
    assert (again["result"], again["repeat"]) == ("valid", True)


def test_a_reader_that_bounces_admits_one_of_the_family_also_in_taps_that_arrive_late() -> None:
    gate = Gate()
    reader = make_reader(gate.event)

    def tap(*after: float) -> list[tuple[str, bool]]:
        def at(seconds: float) -> str:
            moment: datetime = gate.start - timedelta(hours=1) + timedelta(seconds=seconds)
            return clock.to_text(moment)

        taps = [{"scan_id": scan_id(), "uid": gate.card.uid, "scanned_at": at(each)} for each in after]
        body = {"taps": taps, "device_time": clock.to_text(clock.now())}
        answer = call("POST", "/api/device/taps/", body, token=reader.token())
        assert answer.status == 200, answer.json
        return [(one["ticket"]["id"], one["repeat"]) for one in answer.json["results"]]

    ids = [ticket.ticket_id for ticket in gate.family]
    assert tap(0, 0.5, 30, 29.5) == [(ids[0], False), (ids[0], True), (ids[1], False), (ids[1], True)]
