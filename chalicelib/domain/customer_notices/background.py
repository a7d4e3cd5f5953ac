"""The stream follower, the facts and the jobs of notices to customers."""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.customer_notices import facts, of_cards, of_facts, runs
from chalicelib.table.items import Job, NoticeRun
from chalicelib.vocabulary.messages import Fact

FOLLOWERS: tuple[Follower, ...] = (facts.follow,)
JOB_KINDS: dict[type[Job], JobKind] = {NoticeRun: JobKind("event_notices", runs.run_step)}
FACT_TAKERS: dict[Fact, Callable[[dict[str, Any]], None]] = {
    Fact.ORDER_PAID: of_facts.order_paid,
    Fact.TICKET_REFUNDED: of_facts.ticket_refunded,
    Fact.REFUND_REFUSED: of_facts.refund_refused,
    Fact.TICKET_HANDED_ON: of_facts.ticket_handed_on,
    Fact.PAYMENT_PAID_BACK: of_facts.payment_paid_back,
    Fact.CARD_REQUEST_ANSWERED: of_cards.request_answered,
}
