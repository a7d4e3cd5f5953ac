"""The words of what the platform publishes: facts on the bus, and live messages."""

from enum import StrEnum


class LiveType(StrEnum):
    """The type of a live message: an event of a channel, or an answer to its client."""

    CHECK_IN = "check-in"
    COUNTERS = "counters"
    STATUS = "status"
    TICKET = "ticket"
    CARD_BALANCE = "card-balance"
    PAYMENT = "payment"
    TICKET_SCANNED = "ticket-scanned"
    TICKETS_GENERATED = "tickets-generated"
    ACTIVITY = "activity"
    CONFLICT = "conflict"
    ATTENDANCE_UPDATE = "attendance-update"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    RESYNC = "resync"
    PONG = "pong"
    ERROR = "error"


class Fact(StrEnum):
    """The facts that the platform publishes on its event bus, in the past tense."""

    DEVICE_ENROLLED = "device.enrolled"
    DEVICE_REVOKED = "device.revoked"
    DEVICE_SILENT = "device.silent"
    CLONE_SUSPECTED = "card.clone_suspected"
    PAYMENT_REFUND_DUE = "payment.refund_due"
    PAYMENT_RETURNED = "payment.returned"
    PAYMENT_DISPUTED = "payment.disputed"
    PAYMENT_REFUND_FAILED = "payment.refund_failed"
    PAYMENT_REFUNDED_OUTSIDE = "payment.refunded_outside"
    PAYMENT_GIVEN_UP = "payment.given_up"
    TICKET_REFUND_DUE = "ticket.refund_due"
    CARD_BALANCE_LOW = "card.balance_low"
    PAYOUT_DUE = "payout.due"
    SHOP_STOCK_LOW = "shop.stock_low"
    ORDER_PAID = "order.paid"
    TICKET_REFUNDED = "ticket.refunded"
    REFUND_REFUSED = "refund_request.refused"
    ORGANIZER_REQUEST_ANSWERED = "organizer_request.answered"
    TICKET_HANDED_ON = "ticket.handed_on"
    PAYMENT_PAID_BACK = "payment.paid_back"
    CARD_REQUEST_ANSWERED = "card_request.answered"
    CARD_PAY_BACK_DUE = "card.pay_back_due"
    ATTENDANCE_DECIDED = "attendance.decided"
