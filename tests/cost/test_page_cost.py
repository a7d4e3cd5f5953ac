"""What the pages beside the scan cost: the same in a small event and in a large one."""

from collections.abc import Iterator

import pytest

from infra.local.meter import Meter
from infra.local.seed import Seeded
from tests.support import engines, ground
from tests.support.caches import forget_caches
from tests.support.ground import Event, Kind
from tests.support.scan_cost import Till
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]

# Long enough that every page is full, in each of the shards that it is merged from.
SMALL_LOG, LARGE_LOG = 120, size_of("LOG_ENTRIES", small=240, full=600)
GUEST = "Xiomara Unmistakable"
PAGES = {
    "the event's status": "/api/usher/events/{event_id}/status/",
    "the newest page of the log": "/api/usher/scan/logs/",
    "the second page of the log": "/api/usher/scan/logs/?page=2",
    "the log by card": "/api/usher/scan/logs/search/?card_id={card_id}",
    "the log by attendee": "/api/usher/scan/logs/search/?attendee=xiomara",
    "an attendee by card": "/api/usher/scan/attendee/{card_id}/",
}
Usage = tuple[float, float]


def _usage(till: Till, event: Event, card_id: str) -> dict[str, Usage]:
    return {
        name: till.read(path.format(event_id=event.event_id, card_id=card_id), calls=3) for name, path in PAGES.items()
    }


@pytest.fixture(scope="module")
def usage() -> Iterator[list[dict[str, Usage]]]:
    """Requests and read units of every page, with a short log and with a long one."""
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            event = ground.create_event()
            till = Till(event, meter)
            guest = _guest(event)
            till.charge(Kind.CARD, [guest], batch_size=100)
            found = []
            for more in (SMALL_LOG, LARGE_LOG - SMALL_LOG):
                till.charge(Kind.QR, ground.fill(event, tickets=more), batch_size=100)
                assert guest.uid is not None
                found.append(_usage(till, event, guest.uid))
            yield found
    finally:
        meter.detach()
        forget_caches()


def _guest(event: Event) -> Seeded:
    from chalicelib.domain.cards import cards
    from chalicelib.domain.cards.cards import CardRegistration
    from chalicelib.domain.tickets import tickets
    from chalicelib.domain.tickets.tickets import Holder, TicketToIssue

    ticket = tickets.issue(TicketToIssue(event_id=event.event_id, holder=Holder(name=GUEST), number="G-1"))
    card = cards.register(CardRegistration(uid="04A1A2A3A4A5A6", tickets={event.event_id: [ticket.ticket_id]}))
    return Seeded(ticket.ticket_id, card.uid)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_the_same_however_much_was_scanned(usage: list[dict[str, Usage]], page: str) -> None:
    (short_requests, short_units), (requests, units) = (by_page[page] for by_page in usage)
    assert requests == short_requests <= 8
    # The rows of a page lie in one item more or less, by where its newest ones begin.
    assert units == pytest.approx(short_units, rel=0.05, abs=1)


def test_a_status_costs_a_read_of_the_totals_and_a_query_of_the_devices(usage: list[dict[str, Usage]]) -> None:
    for by_page in usage:
        # The engine bills nothing for a query that finds no device; AWS bills half a unit.
        assert by_page["the event's status"] == (2, 0.5)
