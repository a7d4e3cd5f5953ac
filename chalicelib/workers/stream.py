"""Event door of the table's stream: log entries, running totals, facts for the bus."""

from collections.abc import Sequence
from typing import Any

from chalicelib.clients import bus
from chalicelib.clients.bus import Published
from chalicelib.domain.background import changes
from chalicelib.domain.background.changes import Change, Follower
from chalicelib.domain.campus import background as campus
from chalicelib.domain.cancellations import background as cancellations
from chalicelib.domain.card_office import background as card_office
from chalicelib.domain.cards import background as cards
from chalicelib.domain.customer_notices import background as customer_notices
from chalicelib.domain.customers import background as customers
from chalicelib.domain.events import background as events
from chalicelib.domain.gate import background as gate
from chalicelib.domain.ledger import account_totals, debts
from chalicelib.domain.lists import background as lists
from chalicelib.domain.merchants import background as merchants
from chalicelib.domain.offline import background as offline
from chalicelib.domain.organizations import background as organizations
from chalicelib.domain.organizers import background as organizers
from chalicelib.domain.payments import background as payments
from chalicelib.domain.payouts import background as payouts
from chalicelib.domain.platform_totals import background as platform_totals
from chalicelib.domain.sale import background as sale
from chalicelib.domain.tickets import background as tickets
from chalicelib.observability import logger
from chalicelib.workers import Failures, failures_from

FOLLOWERS: tuple[Follower, ...] = (
    *gate.FOLLOWERS,
    account_totals.follow,
    *cards.FOLLOWERS,
    *customers.FOLLOWERS,
    *tickets.FOLLOWERS,
    *events.FOLLOWERS,
    *payments.FOLLOWERS,
    *payouts.FOLLOWERS,
    debts.follow,
    *cancellations.FOLLOWERS,
    *merchants.FOLLOWERS,
    *sale.FOLLOWERS,
    *organizers.FOLLOWERS,
    *organizations.FOLLOWERS,
    *customer_notices.FOLLOWERS,
    *card_office.FOLLOWERS,
    *campus.FOLLOWERS,
    *platform_totals.FOLLOWERS,
    *lists.FOLLOWERS,
    # After the lists: a ticket that the feed has named is in the list that a snapshot is read from.
    *offline.FOLLOWERS,
)
WANTED = tuple(wanted for follower in FOLLOWERS for wanted in follower.wanted)
_KINDS = frozenset(wanted.kind for wanted in WANTED)


def handle(batch: dict[str, Any]) -> Failures:
    """Apply a batch of stream records to every follower.

    A stream is read in order: the first record that fails is reported, and Lambda retries it with all after it.
    """
    read = [changes.change_of(record, _KINDS) for record in batch["Records"]]
    try:
        apply(read)
    except Exception:  # noqa: BLE001  # any failure: the records are applied one by one
        logger.exception("stream batch failed; applying its records one by one", extra={"count": len(read)})
    else:
        return failures_from([])
    for change in read:
        try:
            apply([change])
        except Exception:  # noqa: BLE001  # any failure: this record and the rest are retried
            logger.exception("stream record failed", extra={"position": change.position})
            return failures_from([change.position])
    return failures_from([])


def apply(batch: Sequence[Change]) -> None:
    """Bring log, totals and subscribers up to date with these changes; idempotent, in whole or in part."""
    facts: list[Published] = []
    for follow in FOLLOWERS:
        facts += follow(batch)
    bus.publish(facts)
