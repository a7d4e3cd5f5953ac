"""Keys of the company's books."""

from chalicelib.table.items.finance import CompanyDay, Deposit, Expense, PartnerAccount, ProfitShares, Withdrawal
from chalicelib.table.places import Place, joined

# Every payment adds to the same day; a partition takes 1,000 writes a second (AWS).
COMPANY_SHARDS = 4


def company_day(currency: str, shard: int, date: str) -> Place[CompanyDay]:
    """Question 163."""
    return Place(CompanyDay, joined("COMPANY", currency, str(shard)), date)


def company_days(currency: str) -> list[str]:
    """Question 163: the partitions of all days."""
    return [joined("COMPANY", currency, str(shard)) for shard in range(COMPANY_SHARDS)]


def expense(expense_id: str) -> Place[Expense]:
    """Question 164."""
    return Place(Expense, joined("EXPENSE", expense_id), "EXPENSE")


def deposit(deposit_id: str) -> Place[Deposit]:
    """Question 165."""
    return Place(Deposit, joined("DEPOSIT", deposit_id), "DEPOSIT")


def profit_shares(valid_from: str = "") -> Place[ProfitShares]:
    """Question 166."""
    return Place(ProfitShares, "PROFIT_SHARES", valid_from)


def partner_account(partner: str) -> Place[PartnerAccount]:
    """Question 167."""
    return Place(PartnerAccount, joined("PARTNER", partner), "PARTNER")


def withdrawal(withdrawal_id: str) -> Place[Withdrawal]:
    """Question 168."""
    return Place(Withdrawal, joined("WITHDRAWAL", withdrawal_id), "WITHDRAWAL")
