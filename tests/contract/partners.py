"""What the requests of merchants' and organizers' log-ins share."""

import itertools
from collections.abc import Callable
from functools import lru_cache

from chalicelib.domain.access import accounts, limits, new_accounts, passwords, throttle
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from tests.support.factories import make_organization, verified

PASSWORD = "a password of the tests"
_numbers = itertools.count(1)


def new_merchant() -> Account:
    return verified(
        new_accounts.create_merchant(mobile_number=f"+923011{next(_numbers):06}", password=PASSWORD, name="Shop")
    )


def new_organizer() -> Account:
    return verified(
        new_accounts.create_organizer(contact_mobile=f"+923012{next(_numbers):06}", password=PASSWORD, name="Shows")
    )


def new_number() -> str:
    return f"+923011{next(_numbers):06}"


# The account for each request that changes a password.
CHANGERS: dict[str, Callable[[], Account]] = {
    "merchant_change_password": new_merchant,
    "organizer_change_password": new_organizer,
    "tix_change_password": make_organization,
}


def unthrottled() -> None:
    """Let the place that the tests send from have asked for no code yet."""
    budget = limits.CODES_FROM_ADDRESS
    operations.record(operations.remove(throttle.window_place(budget.name, "127.0.0.1", budget.window)[0]))


@lru_cache(maxsize=4)
def _hash(password: str) -> str:
    return passwords.hash_password(password, Portal.ORGANIZER, about=())


def keeping_password(of: Account, password: str) -> None:
    """Reset an account's password and its failed attempts, which an earlier request may have changed."""
    account = accounts.get(of.account_id)
    operations.commit(
        operations.change(keys.access.account(account.account_id), [Account.password_hash.set(_hash(password))]),
        throttle.forgetting(limits.WRONG_PASSWORDS_LOGGED_IN.of(account.account_id)),
    )
