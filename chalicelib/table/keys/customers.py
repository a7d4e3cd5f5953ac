"""Keys of customers: profiles, dependents, favourites, totals, seats and visits."""

from chalicelib.table.items.customers import (
    CustomerTotals,
    Dependent,
    Favorite,
    NoticeRun,
    Profile,
    Seats,
    Visit,
)
from chalicelib.table.keys import access, jobs
from chalicelib.table.places import Key, Place, joined

HOLDER_SHARDS = 8


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


def holders(event_id: str, customer_id: str) -> Key:
    """Question 93: a customer who has valid tickets of an event."""
    return Key(joined("HOLDERS", event_id, str(ord(customer_id[-1]) % HOLDER_SHARDS)), customer_id)


def holder_partitions(event_id: str) -> list[str]:
    """Question 93: all partitions of an event's customers."""
    return [joined("HOLDERS", event_id, str(shard)) for shard in range(HOLDER_SHARDS)]


def ahead(customer_id: str, ends_at: str = "", event_id: str = "") -> Key:
    """Question 50: an event that a customer has valid tickets for; `ends_at` is RFC 3339 in UTC."""
    return Key(joined("AHEAD", customer_id), joined(ends_at, event_id))


def notice_run(job_id: str) -> Place[NoticeRun]:
    """Question 69, of a job that notifies all customers of an event."""
    return Place(NoticeRun, *jobs.job(job_id))
