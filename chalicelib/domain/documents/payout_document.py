"""The invoice of a payout as PDF: an event's revenue and the platform's fee. It never changes."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from chalicelib.domain.documents.page import SELLER, Sheet, date_in_words, grouped, printed
from chalicelib.table.items import Invoice, Payout

_HEADINGS = ("", "Sold", "Gross", "Refunds", "Fee", "Net")
_WIDTHS = (23, 9, 20, 16, 13, 20)


def render(payout: Payout, invoice: Invoice) -> bytes:
    """Return the document as PDF."""
    recipient = invoice.billed_to or {}
    title, day = f"Invoice {invoice.number}", date.fromisoformat(payout.scheduled_for)
    heading = [title, f"Date of issue {date_in_words(invoice.issued_at)} (UTC)", f"Payout {payout.payout_id}"]
    names = dict.fromkeys(recipient[name] for name in ("company_name", "name") if name in recipient)
    tax_number = [f"Tax number {recipient['tax_number']}"] if "tax_number" in recipient else []
    address = [recipient["address"]] if "address" in recipient else []
    parties = [f"Issued by {SELLER}", f"To {', '.join(names)}", *address, *tax_number, "", payout.event_title]
    footing = [f"The net amount is to be paid out on {day.day} {day:%B %Y}."]
    described = [line["description"] for line in payout.lines]
    sheet = Sheet(title, issued_at=invoice.issued_at, texts=[*heading, *parties, *footing, *described])
    sheet.heading(heading)
    sheet.block(parties)
    sheet.table(_HEADINGS, [_row(line, payout.currency) for line in payout.lines], widths=_WIDTHS)
    sums = [("Gross", payout.gross), ("Refunds", -payout.refunds), ("Platform fee", -payout.platform_fee)]
    if payout.taken_back:
        sums.append(("Settled with other payouts", -payout.taken_back))
    sums.append(("Net", payout.net))
    sheet.totals([(what, printed(amount, payout.currency)) for what, amount in sums])
    sheet.block(footing)
    return sheet.content()


def _row(line: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    gross, refunds, fee = (int(line[name]) for name in ("gross", "refunds", "platform_fee"))
    amounts = (gross, -refunds, -fee, gross - refunds - fee)
    return line["description"], str(line["quantity"]), *(grouped(amount, currency) for amount in amounts)
