"""Items of the company's books: expenses, deposits, profit shares, withdrawals, and its totals by day."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary.payouts import WithdrawalStatus


class CompanyDay(Item, discriminator="company_day"):
    """One shard of what the journals of a day come to, in minor units of one currency; kept by the stream."""

    date = UnicodeAttribute()
    currency = UnicodeAttribute()
    ticket_revenue = IntegerAttribute(default=0)
    refunds = IntegerAttribute(default=0)
    card_fees = IntegerAttribute(default=0)
    platform_fees = IntegerAttribute(default=0)
    expenses = IntegerAttribute(default=0)
    losses = IntegerAttribute(default=0)
    payouts = IntegerAttribute(default=0)
    deposits = IntegerAttribute(default=0)
    withdrawals = IntegerAttribute(default=0)


class Expense(Item, discriminator="expense"):
    """An expense as it is now; the journal has every earlier state and its reversal."""

    expense_id = UnicodeAttribute()
    category = UnicodeAttribute()
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    event_id = UnicodeAttribute(null=True)
    description = UnicodeAttribute()
    # A date.
    incurred_on = UnicodeAttribute()
    receipt_url = UnicodeAttribute(null=True)
    # Optimistic lock, and the number of its journal.
    version = IntegerAttribute()
    created_by = UnicodeAttribute()
    created_at = MomentAttribute()
    deleted_at = MomentAttribute(null=True)


class Deposit(Item, discriminator="deposit"):
    """Money that the company received from outside of its sales."""

    deposit_id = UnicodeAttribute()
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    source = UnicodeAttribute()
    # A date.
    received_on = UnicodeAttribute()
    reference = UnicodeAttribute()
    created_by = UnicodeAttribute()
    created_at = MomentAttribute()
    # It was entered by mistake: its journal is reversed.
    reversed_at = MomentAttribute(null=True)
    reversed_by = UnicodeAttribute(null=True)


class ProfitShares(Item, discriminator="profit_shares"):
    """The shares of the partners from a date on: `[{partner, basis_points}]`, 10,000 in all."""

    valid_from = UnicodeAttribute()
    shares: JSONAttribute = JSONAttribute()
    set_by = UnicodeAttribute()
    set_at = MomentAttribute()
    # Of the earliest period: how often any shares were set, so that one condition covers all periods.
    changes = IntegerAttribute(null=True)


class PartnerAccount(Item, discriminator="partner_account"):
    """What a partner has withdrawn, or asked to withdraw; never more than the partner's share of the profit."""

    partner = UnicodeAttribute()
    withdrawn = IntegerAttribute(default=0)


class Withdrawal(Item, discriminator="withdrawal"):
    """A partner's withdrawal of profit."""

    withdrawal_id = UnicodeAttribute()
    partner = UnicodeAttribute()
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    status = EnumAttribute(WithdrawalStatus)
    asked_by = UnicodeAttribute()
    decided_by = UnicodeAttribute(null=True)
    decided_at = MomentAttribute(null=True)
    created_at = MomentAttribute()
