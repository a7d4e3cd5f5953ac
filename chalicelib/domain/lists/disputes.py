"""The lists of disputes and of refund requests."""

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import Dispute, RefundRequest
from chalicelib.vocabulary.payments import DisputeStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus

DISPUTES = ListOf(
    name="disputes",
    item=Dispute,
    id_name="dispute_id",
    orderings={"opened_at": Ordering(lambda dispute: dispute.opened_at)},
    filters={
        "status": Filter(lambda dispute: dispute.status, DisputeStatus),
        "event_id": Filter(lambda dispute: dispute.event_id),
        "customer_id": Filter(lambda dispute: dispute.customer_id),
    },
    indexes=(("status",), ("event_id",), ("customer_id",)),
    texts=lambda dispute: (dispute.payment_id, dispute.order_id, dispute.reference),
    columns=("payment_id", "order_id", "provider", "reference", "answer", "answered_by", "answered_at"),
    amounts=("amount",),
)
REFUND_REQUESTS = ListOf(
    name="refund_requests",
    item=RefundRequest,
    id_name="refund_id",
    orderings={"created_at": Ordering(lambda request: request.created_at)},
    filters={
        "status": Filter(lambda request: request.status, RefundRequestStatus),
        "event_id": Filter(lambda request: request.event_id),
        "customer_id": Filter(lambda request: request.customer_id),
    },
    indexes=(("status",), ("event_id",), ("customer_id",)),
    texts=lambda request: (request.refund_id, request.ticket_id),
    columns=("ticket_id", "reason", "opened_by", "first_approved_by", "decided_by", "decided_at", "note", "waits_for"),
    amounts=("amount",),
)
