"""Keys of customers: profiles, dependents, favourites, totals, seats and visits."""

from chalicelib.table.items.customers import CustomerTotals, Dependent, Favorite, Profile, Seats, Visit
from chalicelib.table.keys import access
from chalicelib.table.places import Key, Place, joined


def profile(customer_id: str) -> Place[Profile]:
    """Question 20: a customer's profile."""
    return Place(Profile, access.account(customer_id).pk, "PROFILE")


def dependent(customer_id: str, dependent_id: str = "") -> Place[Dependent]:
    """Question 20: one dependent."""
    return Place(Dependent, access.account(customer_id).pk, joined("DEPENDENT", dependent_id))


def favorite(customer_id: str, event_id: str = "") -> Place[Favorite]:
    """Question 20: one favourite."""
    return Place(Favorite, access.account(customer_id).pk, joined("FAVORITE", event_id))


def totals(customer_id: str) -> Place[CustomerTotals]:
    """Question 20: the running totals."""
    return Place(CustomerTotals, access.account(customer_id).pk, "TOTALS")


def seats(customer_id: str) -> Place[Seats]:
    """Question 20: the seats that a customer owns, and the unsettled orders."""
    return Place(Seats, access.account(customer_id).pk, "SEATS")


def visit(customer_id: str, event_id: str = "") -> Place[Visit]:
    """Question 20: an event that the customer has tickets for or attended."""
    return Place(Visit, access.account(customer_id).pk, joined("VISIT", event_id))


def ahead(customer_id: str, ends_at: str = "", event_id: str = "") -> Key:
    """Question 50: an event that a customer has valid tickets for; `ends_at` is RFC 3339 in UTC."""
    return Key(joined("AHEAD", customer_id), joined(ends_at, event_id))
