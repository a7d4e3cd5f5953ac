"""Customers as merchants look them up: the minimum of personal data that a shop needs."""

from msgspec import Struct

from chalicelib.domain import photos
from chalicelib.domain.access import limits, numbers, throttle
from chalicelib.domain.access.throttle import CountedTry, LimitedTry
from chalicelib.domain.cards import bindings
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AccountStatus, Portal


class CustomerAtShop(Struct, frozen=True):
    """A customer as shown to a shop."""

    id: str
    name: str
    photo_url: str | None
    active_cards: int


class FoundRecipient(Struct, frozen=True):
    """Whether a number belongs to a customer, and whether the customer has paid a card fee."""

    registered: bool
    fee_paid: bool
    customer: CustomerAtShop | None = None


def look_up(merchant_id: str, mobile_number: str) -> FoundRecipient:
    """Return what a shop may know of the owner of a number. Raises RateLimited after 30 in a minute, 200 in a day."""
    count_look_up(merchant_id)
    account = numbers.find_by_number(mobile_number)
    if account is None or account.status != AccountStatus.ACTIVE:
        return FoundRecipient(registered=False, fee_paid=False)
    customer_id = account.account_id
    profile = operations.get(keys.customers.profile(customer_id))
    person = CustomerAtShop(
        id=customer_id,
        name=account.name,
        photo_url=photos.link(profile.photo_key) if profile and profile.photo_key else None,
        active_cards=len(bindings.newest_active(customer_id)),
    )
    return FoundRecipient(registered=True, fee_paid=bool(profile and profile.fee_paid), customer=person)


class CountedLookUp(Struct, frozen=True):
    """A look-up, as it was counted for its minute and its day."""

    of_minute: LimitedTry
    of_day: CountedTry

    def undo(self) -> None:
        """Undo the count, after a hand-over began or another request was first."""
        throttle.give_back(self.of_minute)
        throttle.uncount(self.of_day)


def count_look_up(merchant_id: str) -> CountedLookUp:
    """Count one look-up by a merchant. Raises RateLimited above a limit."""
    (taken,) = throttle.slide(limits.LOOK_UPS_BY_MERCHANT.of(merchant_id))
    return CountedLookUp(taken, limits.LOOK_UPS_OF_DAY_BY_MERCHANT.take(merchant_id))


def with_number(mobile_number: str) -> Account:
    """Return the customer with this number. Raises NotFound, also if the customer cannot receive a card."""
    return _ready(numbers.find_by_number(mobile_number))


def with_id(customer_id: str) -> Account:
    """Return the customer with this id. Raises NotFound, also if the customer cannot receive a card."""
    return _ready(operations.get(keys.access.account(customer_id)))


def _ready(account: Account | None) -> Account:
    is_customer = account is not None and account.portal == Portal.WEBAPP
    if account is None or not is_customer or account.status != AccountStatus.ACTIVE:
        raise NotFound("There is no such customer. They must register first, with their own number.")
    return account
