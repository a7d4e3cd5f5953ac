"""Keys of payments, the journal, card balances, invoices, settlements and payouts."""

from chalicelib.table.items.money import (
    AccountTotal,
    BooksDue,
    CardBalance,
    CardClaim,
    CardEntry,
    CardPayBack,
    EventLine,
    Invoice,
    InvoiceSeries,
    Journal,
    Leftover,
    NewestCardClaim,
    OpenPayment,
    OrganizerDebt,
    Payment,
    Payout,
    PayoutHold,
    ProviderEvent,
    SandboxBank,
    SandboxCharge,
    SandboxFunds,
    SandboxPayout,
    SavedMethod,
    Settlement,
    TakenBack,
)
from chalicelib.table.keys import cards, events, sale
from chalicelib.table.places import Key, Place, joined

# The first second of a sale brings thousands of orders of one event.
LINE_SHARDS = 4


def payment(payment_id: str) -> Place[Payment]:
    """Question 34."""
    return Place(Payment, joined("PAYMENT", payment_id), "PAYMENT")


def customer_payments(customer_id: str, payment_id: str = "") -> Key:
    """Question 35."""
    return Key(joined("CUSTOMER_PAYMENTS", customer_id), payment_id)


def provider_event(provider: str, provider_event_id: str) -> Place[ProviderEvent]:
    """Question 36."""
    return Place(ProviderEvent, joined("PROVIDER_EVENT", provider, provider_event_id), "PROVIDER_EVENT")


def saved_method(provider: str, digest: str) -> Place[SavedMethod]:
    """Question 74; `digest` is the SHA-256 of the provider's id."""
    return Place(SavedMethod, joined("SAVED_METHOD", provider, digest), "SAVED_METHOD")


def sandbox_charge(reference: str) -> Place[SandboxCharge]:
    """Question 37."""
    return Place(SandboxCharge, joined("SANDBOX", reference), "SANDBOX")


def sandbox_funds(currency: str) -> Place[SandboxFunds]:
    """Question 133."""
    return Place(SandboxFunds, joined("SANDBOX_FUNDS", currency), "SANDBOX_FUNDS")


def journal(journal_id: str) -> Place[Journal]:
    """Question 38."""
    return Place(Journal, joined("JOURNAL", journal_id), "JOURNAL")


def account_total(ledger_account: str, shard: int, currency: str) -> Place[AccountTotal]:
    """Question 39."""
    return Place(AccountTotal, joined("ACCOUNT_TOTAL", ledger_account, str(shard)), currency)


def card_balance(uid: str) -> Place[CardBalance]:
    """Question 40."""
    return Place(CardBalance, cards.card(uid).pk, "BALANCE")


def card_entry(uid: str, number: int) -> Place[CardEntry]:
    """Question 41; twelve digits, so that text order is number order."""
    return Place(CardEntry, joined("CARD_LEDGER", uid), f"{number:012d}")


def card_ledger(uid: str) -> str:
    """Question 41: all lines of a card."""
    return joined("CARD_LEDGER", uid)


def invoice(series: str, number: str) -> Place[Invoice]:
    """Question 44: one invoice; in a hundred partitions, by its last digits."""
    return Place(Invoice, joined("INVOICE", series, number[-2:]), number)


def invoice_places(series: str, number: str) -> list[Place[Invoice]]:
    """Question 44: where one invoice may be: until 2026-11-28 all of a series were in one partition."""
    return [invoice(series, number), Place(Invoice, joined("INVOICE", series), number)]


def invoice_series(series: str) -> Place[InvoiceSeries]:
    """Question 44: the last number of a series."""
    return Place(InvoiceSeries, joined("INVOICE", series), "LAST")


def open_payment(order_id: str, method: str) -> Place[OpenPayment]:
    """Question 51."""
    return Place(OpenPayment, sale.order(order_id).pk, joined("OPEN_PAYMENT", method))


def payout(payout_id: str) -> Place[Payout]:
    """Question 61."""
    return Place(Payout, joined("PAYOUT", payout_id), "PAYOUT")


def organizer_payouts(organizer_id: str, payout_id: str = "") -> Key:
    """Question 62."""
    return Key(joined("ORGANIZER_PAYOUTS", organizer_id), payout_id)


def settlement(event_id: str) -> Place[Settlement]:
    """Question 65."""
    return Place(Settlement, events.event(event_id).pk, "SETTLEMENT")


def payout_hold(event_id: str) -> Place[PayoutHold]:
    """Question 96."""
    return Place(PayoutHold, events.event(event_id).pk, "PAYOUT_HOLD")


def taken_back(event_id: str, currency: str) -> Place[TakenBack]:
    """Question 169."""
    return Place(TakenBack, events.event(event_id).pk, joined("TAKEN_BACK", currency))


def organizer_debt(organizer_id: str, currency: str) -> Place[OrganizerDebt]:
    """Question 170."""
    return Place(OrganizerDebt, joined("ORGANIZER_DEBT", organizer_id), currency)


def books_due(event_id: str) -> Place[BooksDue]:
    """Question 160."""
    return Place(BooksDue, events.event(event_id).pk, "BOOKS_DUE")


def sandbox_payout(key: str) -> Place[SandboxPayout]:
    """Question 161: one payout; the key is what makes it idempotent."""
    return Place(SandboxPayout, joined("SANDBOX_PAYOUT", key), "SANDBOX_PAYOUT")


def sandbox_bank(currency: str) -> Place[SandboxBank]:
    """Question 161: what can be paid out."""
    return Place(SandboxBank, "SANDBOX_BANK", currency)


def event_line(event_id: str, shard: int, posted_at: str, journal_id: str) -> Place[EventLine]:
    """Question 162: one line."""
    return Place(EventLine, joined("EVENT_LINES", event_id, str(shard)), joined(posted_at, journal_id))


def event_lines(event_id: str) -> list[str]:
    """Question 162: the partitions of an event's lines, each in order of time."""
    return [joined("EVENT_LINES", event_id, str(shard)) for shard in range(LINE_SHARDS)]


def leftover(name: str) -> Place[Leftover]:
    """Question 152; `name` is a card's UID or a payment's id."""
    return Place(Leftover, joined("LEFTOVER", name), "LEFTOVER")


def card_pay_back(pay_back_id: str) -> Place[CardPayBack]:
    """Question 153."""
    return Place(CardPayBack, joined("CARD_PAY_BACK", pay_back_id), "CARD_PAY_BACK")


def card_claim(digest: str) -> Place[CardClaim]:
    """Question 154; the digest is a SHA-256 of the link's token."""
    return Place(CardClaim, joined("CARD_CLAIM", digest), "CARD_CLAIM")


def newest_claim(uid: str) -> Place[NewestCardClaim]:
    """Question 154: the newest link of a card."""
    return Place(NewestCardClaim, cards.card(uid).pk, "NEWEST_CLAIM")
