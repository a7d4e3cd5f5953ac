"""Keys of merchants: settings, totals and card assignments."""

from chalicelib.table.items.merchants import (
    Assignment,
    EarlyCode,
    MerchantDay,
    MerchantSettings,
    MerchantTotals,
    OpenAssignment,
)
from chalicelib.table.keys import access
from chalicelib.table.places import Key, Place, joined


def assignment(assignment_id: str) -> Place[Assignment]:
    """Question 53."""
    return Place(Assignment, joined("ASSIGNMENT", assignment_id), "ASSIGNMENT")


def merchant_assigned(merchant_id: str, moment: str = "", uid: str = "") -> Key:
    """Question 54; `moment` is RFC 3339 in UTC."""
    return Key(joined("MERCHANT_ASSIGNED", merchant_id), joined(moment, uid))


def uid_assigned(sk: str) -> str:
    """Question 54: the card in a sort key."""
    return sk.rpartition("#")[2]


def settings(merchant_id: str) -> Place[MerchantSettings]:
    """Question 55."""
    return Place(MerchantSettings, access.account(merchant_id).pk, "SETTINGS")


def totals(merchant_id: str) -> Place[MerchantTotals]:
    """Question 55: the running totals."""
    return Place(MerchantTotals, access.account(merchant_id).pk, "TOTALS")


def day(merchant_id: str, date: str = "") -> Place[MerchantDay]:
    """Question 55: a merchant's assignments on one day."""
    return Place(MerchantDay, access.account(merchant_id).pk, joined("DAY", date))


def early_code(customer_id: str, merchant_id: str) -> Place[EarlyCode]:
    """Question 77."""
    return Place(EarlyCode, access.account(customer_id).pk, joined("EARLY_CODE", merchant_id))


def open_assignment(customer_id: str, merchant_id: str) -> Place[OpenAssignment]:
    """Question 63; the last assignment that the merchant began."""
    return Place(OpenAssignment, access.account(customer_id).pk, joined("OPEN_ASSIGNMENT", merchant_id))
