"""Low-stock notices: sent to a shop each time its number of cards drops below its threshold."""

import hashlib
from collections.abc import Sequence
from typing import Any

from chalicelib import clock
from chalicelib.clients import messages
from chalicelib.clients.bus import Published
from chalicelib.clients.messages import Channel, Message
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.merchants import merchant_settings
from chalicelib.domain.quotations import quote
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import MerchantTotals
from chalicelib.vocabulary.messages import Fact


@follows(*every(MerchantTotals))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Return a fact for each shop whose stock dropped below its threshold in these changes."""
    fallen = {
        change.position: (change.before, change.after)
        for change in changes
        if isinstance(change.before, MerchantTotals)
        and isinstance(change.after, MerchantTotals)
        and _left(change.after) < _left(change.before)
    }
    places = [keys.merchants.settings(after.merchant_id) for _, after in fallen.values()]
    known = operations.get_many(places, consistent=False)
    facts = []
    for position, (before, after) in fallen.items():
        settings = known.get(keys.merchants.settings(after.merchant_id))
        if settings is not None and _left(before) >= settings.low_stock_threshold > _left(after):
            facts.append(
                Published(
                    fact=Fact.SHOP_STOCK_LOW,
                    fact_id=f"{after.merchant_id}/{position}",
                    occurred_at=clock.now(),
                    ids={"merchant_id": after.merchant_id, "left": _left(after)},
                )
            )
    return facts


def _left(totals: MerchantTotals) -> int:
    """Return the cards left in a shop. Held cards count, since an expired hold returns the card to stock."""
    return totals.stock + totals.held


def send(detail: dict[str, Any]) -> None:
    """Queue the low-stock notice of a shop on its chosen channels. Raises NotFound, Unavailable."""
    shop = merchant_settings.show(detail["merchant_id"])
    body = (
        f"Gatehouse: {detail['left']} cards are left at {quote(shop.name)}: "
        f"fewer than the {shop.low_stock_threshold} you set."
    )
    ways: list[tuple[Channel, str]] = []
    if shop.notifications.sms:
        ways.append((Channel.SMS, shop.mobile_number))
    if shop.notifications.email and shop.email:
        ways.append((Channel.EMAIL, shop.email))
    for channel, to in ways:
        # A redelivered fact gets the same message id, so that mailboxes can deduplicate.
        digest = hashlib.sha256(f"{detail['fact_id']}/{channel}".encode()).hexdigest()[:26]
        subject = "[Gatehouse] Few cards left" if channel is Channel.EMAIL else None
        messages.enqueue(Message(message_id=f"msg_{digest}", channel=channel, to=to, subject=subject, body=body))
    logger.info("shop told of low stock", extra={"merchant_id": shop.id, "left": detail["left"], "ways": len(ways)})
