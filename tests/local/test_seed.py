"""The seed command: a full house of tickets and cards that a gate admits."""

import pytest

from chalicelib.domain.cards import cards
from chalicelib.domain.events import events
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.tickets import tickets
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.gate import ScanResult
from infra.local import seed

pytestmark = pytest.mark.usefixtures("moto_cloud")
EVENT_ID = "evt_full_house"


@pytest.fixture
def event() -> str:
    seed.create_event(EVENT_ID)
    return EVENT_ID


def test_every_seeded_ticket_counts_as_sold_and_its_card_opens_it(event: str) -> None:
    seeded = seed.seed(event, tickets=30, cards=30)
    assert events.status(event).tickets_sold == 30
    assert len({one.ticket_id for one in seeded}) == len({one.uid for one in seeded}) == 30
    caller = Caller(id="ush_1", event_id=event)
    first = seeded[0]
    answer = checkin.scan(caller, Reading(scan_id="scn_seeded001", uid=first.uid))
    assert answer.result is ScanResult.VALID
    assert answer.ticket is not None
    assert answer.ticket.id == first.ticket_id


def test_cards_beyond_the_tickets_lie_in_stock(event: str) -> None:
    seeded = seed.write(seed.Share(event, start=0, tickets_end=2, cards_end=3, lot="A"))
    assert [one.uid is not None for one in seeded] == [True, True]
    active = cards.find(str(seeded[0].uid))
    assert active is not None
    assert active.status == CardStatus.ACTIVE
    assert active.tickets == {event: [seeded[0].ticket_id]}


def test_tickets_beyond_the_cards_have_none(event: str) -> None:
    seeded = seed.seed(event, tickets=3, cards=1)
    assert [one.uid is None for one in seeded] == [False, True, True]
    assert tickets.get(seeded[2].ticket_id).number.endswith("-000003")


def test_the_work_is_cut_into_shares_without_gap_or_overlap() -> None:
    shares = list(seed.shares("evt_1", tickets=2500, cards=1200, lot="A"))
    numbers = [number for share in shares for number in range(share.start, share.tickets_end)]
    of_cards = [number for share in shares for number in range(share.start, share.cards_end)]
    assert numbers == list(range(2500))
    assert of_cards == list(range(1200))


def test_an_engine_elsewhere_is_never_filled() -> None:
    with pytest.raises(SystemExit, match="not on this machine"):
        seed.main(["--tickets", "1", "--endpoint", "https://dynamodb.us-east-1.amazonaws.com"])


def test_a_number_that_is_too_large_is_refused_before_anything_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        seed.main(["--tickets", "2000000", "--endpoint", "http://127.0.0.1:1"])
    assert "from 0 to 1,000,000" in capsys.readouterr().err
