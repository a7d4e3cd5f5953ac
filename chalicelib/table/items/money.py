"""Items of payments, the journal, card balances, invoices, settlements and payouts."""

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, JSONAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary.cards import EntryType, LeftoverAction, LeftoverKind, PayBackStatus
from chalicelib.vocabulary.payments import PaymentMethod, PaymentPurpose, PaymentStatus
from chalicelib.vocabulary.payouts import PayoutStatus, PayoutWait


class Payment(SweptItem, discriminator="payment"):
    """One attempt to pay for an order or to reload a card."""

    payment_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    purpose = EnumAttribute(PaymentPurpose)
    order_id = UnicodeAttribute(null=True)
    card_uid = UnicodeAttribute(null=True)
    card_id = UnicodeAttribute(null=True)
    event_id = UnicodeAttribute(null=True)
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    # What the provider charged, where it differs from the request.
    taken = IntegerAttribute(null=True)
    taken_currency = UnicodeAttribute(null=True)
    method = EnumAttribute(PaymentMethod)
    provider = UnicodeAttribute()
    provider_reference = UnicodeAttribute(null=True)
    # The provider's key of this payment for the customer's browser, sealed.
    sealed_client_secret = BinaryAttribute(legacy_encoding=False, null=True)
    # What its owner must do at the bank, as JSON, sealed.
    sealed_action = BinaryAttribute(legacy_encoding=False, null=True)
    return_url = UnicodeAttribute(null=True)
    # Of the means of payment that it charges, if that was named: only whether another one is named later matters.
    token_digest = UnicodeAttribute(null=True)
    status = EnumAttribute(PaymentStatus)
    failure_reason = UnicodeAttribute(null=True)
    refunded = IntegerAttribute(default=0)
    refund_reference = UnicodeAttribute(null=True)
    # Refunds that were decided here: {refund_id: {amount, created_at}}.
    granted: JSONAttribute = JSONAttribute(null=True)
    # Refunds and disputes at the provider: {reference: {kind, amount, words, key, created_at}}.
    moves: JSONAttribute = JSONAttribute(null=True)
    # How much of the charge these took from the provider's balance, as booked.
    returned = IntegerAttribute(null=True)
    # How much of the charge is in dispute and not taken yet, as booked.
    frozen = IntegerAttribute(null=True)
    # The version of the four attributes above (optimistic lock).
    revision = IntegerAttribute(null=True)
    # Something at the provider waits for an end or for staff; the event's payout is held.
    questioned = BooleanAttribute(null=True)
    # The provider returned all of it, so its tickets are withdrawn.
    voided = BooleanAttribute(null=True)
    receipt_number = UnicodeAttribute(null=True)
    invoice_number = UnicodeAttribute(null=True)
    created_at = MomentAttribute()
    # When to close it if it is still unpaid.
    open_until = MomentAttribute(null=True)
    settled_at = MomentAttribute(null=True)
    # How often its charge could not be recorded, how often of these by a fault of ours, and since when.
    unsettled_tries = IntegerAttribute(null=True)
    unsettled_faults = IntegerAttribute(null=True)
    unsettled_since = MomentAttribute(null=True)
    counted = BooleanAttribute(null=True)

    @property
    def given_back(self) -> int:
        """What of it is not paid any more: what was decided here, or what its provider returned, whichever is more.

        A dispute that is won in the end makes it less again.
        """
        return max(int(self.refunded or 0), min(int(self.returned or 0), self.amount))


class OpenPayment(Item, discriminator="open_payment"):
    """The current payment of an order with one method; a failed one can be replaced."""

    payment_id = UnicodeAttribute()


class SavedMethod(Item, discriminator="saved_method"):
    """A provider's saved means of payment, and the customer whose it is."""

    customer_id = UnicodeAttribute()


class ProviderEvent(Item, discriminator="provider_event"):
    """A processed callback of a payment provider."""

    provider = UnicodeAttribute()
    payment_id = UnicodeAttribute()
    taken_at = MomentAttribute()


class SandboxCharge(Item, discriminator="sandbox_charge"):
    """The sandbox provider's own record of a charge, separate from ours."""

    reference = UnicodeAttribute()
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    token = UnicodeAttribute()
    status = UnicodeAttribute()
    refunded = IntegerAttribute(default=0)
    # The idempotency keys of the refunds made.
    refunds = UnicodeSetAttribute(null=True)


class SandboxFunds(Item, discriminator="sandbox_funds"):
    """What the sandbox provider pays refunds from, in one currency; without the item it sets no limit."""

    amount = IntegerAttribute()


class Journal(Item, discriminator="journal"):
    """One movement of money: account entries that sum to zero. Append-only.

    `entries` is `[{account, amount}]`; `references` holds the related ids (payment_id, order_id, …).
    """

    journal_id = UnicodeAttribute()
    type = UnicodeAttribute()
    currency = UnicodeAttribute()
    entries: JSONAttribute = JSONAttribute()
    references: JSONAttribute = JSONAttribute(default=dict)
    posted_at = MomentAttribute()
    # The day that it is booked for, where that is not the day of posting.
    booked_on = UnicodeAttribute(null=True)
    counted = BooleanAttribute(null=True)


class AccountTotal(Item, discriminator="account_total"):
    """The running total of a ledger account without a guarded balance, updated by the stream worker."""

    account = UnicodeAttribute()
    currency = UnicodeAttribute()
    amount = IntegerAttribute(default=0)


class CardBalance(Item, discriminator="card_balance"):
    """A card's balance and auto-reload settings. `entries` counts its ledger lines, gapless from 1."""

    uid = UnicodeAttribute()
    currency = UnicodeAttribute()
    amount = IntegerAttribute(default=0)
    entries = IntegerAttribute(default=0)
    # The card is not active and cannot pay. Always changed in one transaction with the card's status.
    frozen = BooleanAttribute(null=True)
    auto_enabled = BooleanAttribute(default=False)
    auto_threshold = IntegerAttribute(null=True)
    auto_amount = IntegerAttribute(null=True)
    # The saved payment method, sealed.
    auto_token = BinaryAttribute(legacy_encoding=False, null=True)
    auto_customer_id = UnicodeAttribute(null=True)
    # The entry that last moved the balance below the threshold; each such entry triggers one reload.
    crossed_at_entry = IntegerAttribute(null=True)
    # How many reloads were declined since the last successful one.
    auto_declines = IntegerAttribute(null=True)
    # The last entry whose reload was declined.
    auto_declined_at_entry = IntegerAttribute(null=True)


class CardEntry(Item, discriminator="card_entry"):
    """One line of a card's ledger."""

    entry_id = UnicodeAttribute()
    uid = UnicodeAttribute()
    number = IntegerAttribute()
    type = EnumAttribute(EntryType)
    amount = IntegerAttribute()
    balance_after = IntegerAttribute()
    currency = UnicodeAttribute()
    journal_id = UnicodeAttribute()
    reference = UnicodeAttribute(null=True)
    created_at = MomentAttribute()


class InvoiceSeries(Item, discriminator="invoice_series"):
    """The last number issued in one series of invoices."""

    last = IntegerAttribute(default=0)


class Invoice(Item, discriminator="invoice"):
    """An invoice: its number, and the payment or payout that it covers.

    `billed_to` is the organizer's billing data on the day of a payout's invoice.
    """

    number = UnicodeAttribute()
    payment_id = UnicodeAttribute(null=True)
    payout_id = UnicodeAttribute(null=True)
    billed_to: JSONAttribute = JSONAttribute(null=True)
    issued_at = MomentAttribute()


class Settlement(Item, discriminator="settlement"):
    """The final settlement of an event: gross - refunds - platform fee = net. It has a payout if there is a net.

    `taken_back` is what the payout was reduced by for other events; `net` is without it. At `reversed_at` its event was
    cancelled, and its organizer gets nothing of it.
    """

    event_id = UnicodeAttribute()
    event_title = UnicodeAttribute(null=True)
    organizer_id = UnicodeAttribute()
    payout_id = UnicodeAttribute(null=True)
    gross = IntegerAttribute()
    refunds = IntegerAttribute()
    platform_fee = IntegerAttribute()
    net = IntegerAttribute()
    taken_back = IntegerAttribute(null=True)
    currency = UnicodeAttribute()
    closed_at = MomentAttribute()
    closed_by = UnicodeAttribute()
    reversed_at = MomentAttribute(null=True)


class EventLine(Item, discriminator="event_line"):
    """One movement of an event's money as its settlement's file lists it; amounts are in minor units.

    `gross` is what buyers paid, `refunds` what went back to them, `platform_fee` what the platform kept of it or gave
    back. `waiting` adds up to what is owed to buyers, and not paid back yet.
    """

    journal_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    what = UnicodeAttribute()
    currency = UnicodeAttribute()
    gross = IntegerAttribute(null=True)
    refunds = IntegerAttribute(null=True)
    platform_fee = IntegerAttribute(null=True)
    waiting = IntegerAttribute(null=True)
    order_id = UnicodeAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    refund_id = UnicodeAttribute(null=True)
    posted_at = MomentAttribute()


class PayoutHold(Item, discriminator="payout_hold"):
    """What holds an event's payout: its payments with an open question at their provider."""

    event_id = UnicodeAttribute()
    payments = UnicodeSetAttribute(null=True)


class TakenBack(Item, discriminator="taken_back"):
    """What providers took back of an event's sales without our decision, in minor units of one currency.

    `charged` is the part that its settlement deducted or its organizer owes.
    """

    event_id = UnicodeAttribute()
    currency = UnicodeAttribute()
    lost = IntegerAttribute(default=0)
    charged = IntegerAttribute(null=True)


class OrganizerDebt(Item, discriminator="organizer_debt"):
    """What an organizer owes, in minor units of one currency; a negative amount is owed to the organizer."""

    organizer_id = UnicodeAttribute()
    currency = UnicodeAttribute()
    owed = IntegerAttribute(default=0)
    # Optimistic lock.
    revision = IntegerAttribute(null=True)


class BooksDue(SweptItem, discriminator="books_due"):
    """The closing of an event's books by itself. It leaves the sweep's index when they are closed."""

    event_id = UnicodeAttribute()
    # Since when the books could have been closed, but were refused.
    refused_since = MomentAttribute(null=True)


class Payout(SweptItem, discriminator="payout"):
    """The payout of one event to its organizer: gross - refunds - platform fee - taken back = net.

    `lines` is `[{category_id, description, quantity, refunded_quantity, gross, refunds, platform_fee}]`.
    """

    payout_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    event_title = UnicodeAttribute()
    status = EnumAttribute(PayoutStatus)
    gross = IntegerAttribute()
    refunds = IntegerAttribute()
    platform_fee = IntegerAttribute()
    net = IntegerAttribute()
    currency = UnicodeAttribute()
    # What the organizer owed of other events, which `net` is less by.
    taken_back = IntegerAttribute(null=True)
    lines: JSONAttribute = JSONAttribute()
    invoice_number = UnicodeAttribute()
    # A date.
    scheduled_for = UnicodeAttribute()
    created_at = MomentAttribute()
    # What the platform's totals count it as.
    tallied = UnicodeAttribute(null=True)
    paid_at = MomentAttribute(null=True)
    reference = UnicodeAttribute(null=True)
    # Who asked for it: a member of staff, or the platform; and who approved it, if that needs a second person.
    asked_by = UnicodeAttribute(null=True)
    needs_second = BooleanAttribute(null=True)
    approved_by = UnicodeAttribute(null=True)
    approved_at = MomentAttribute(null=True)
    # The member of staff who holds it.
    held_by = UnicodeAttribute(null=True)
    waits_for = EnumAttribute(PayoutWait, null=True)
    # The provider that pays it, and how often it was asked to: another attempt only follows one that failed.
    provider = UnicodeAttribute(null=True)
    attempt = IntegerAttribute(null=True)
    # When the provider accepted this attempt, which moved the money out of the organizer's account.
    accepted_at = MomentAttribute(null=True)
    failure_reason = UnicodeAttribute(null=True)
    # Optimistic lock.
    revision = IntegerAttribute(null=True)


class SandboxPayout(Item, discriminator="sandbox_payout"):
    """The sandbox bank's own record of a payout, separate from ours."""

    key = UnicodeAttribute()
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    status = UnicodeAttribute()


class SandboxBank(Item, discriminator="sandbox_bank"):
    """What the sandbox bank can pay in one currency, in minor units; it can pay all where this is not stored."""

    available = IntegerAttribute()


class Leftover(Item, discriminator="leftover"):
    """Money that is left on a card, or of a refund that failed; `since` is the day of the last movement."""

    leftover_id = UnicodeAttribute()
    leftover_kind = EnumAttribute(LeftoverKind)
    card_uid = UnicodeAttribute(null=True)
    card_id = UnicodeAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    customer_id = UnicodeAttribute(null=True)
    event_ids: JSONAttribute = JSONAttribute(default=list)
    # Zero once it was spent or returned.
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    since = MomentAttribute()
    # The member of staff who asked for an amount above the threshold, and for what.
    asked_by = UnicodeAttribute(null=True)
    asked_for = EnumAttribute(LeftoverAction, null=True)
    revision = IntegerAttribute()


class CardPayBack(SweptItem, discriminator="card_pay_back"):
    """A part of a card's balance that returns to one payment that loaded it."""

    pay_back_id = UnicodeAttribute()
    payment_id = UnicodeAttribute()
    card_uid = UnicodeAttribute()
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    status = EnumAttribute(PayBackStatus)
    decided_by = UnicodeAttribute()
    created_at = MomentAttribute()


class CardClaim(Item, discriminator="card_claim"):
    """A link that claims a card's balance, under the digest of its token."""

    claim_id = UnicodeAttribute()
    card_uid = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    created_at = MomentAttribute()
    expires_at = MomentAttribute()
    claimed_at = MomentAttribute(null=True)
    claimed_by = UnicodeAttribute(null=True)
    to_card_id = UnicodeAttribute(null=True)
    amount = IntegerAttribute(null=True)
    currency = UnicodeAttribute(null=True)


class NewestCardClaim(Item, discriminator="newest_card_claim"):
    """The newest link of a card; it voids those before."""

    claim_id = UnicodeAttribute()
