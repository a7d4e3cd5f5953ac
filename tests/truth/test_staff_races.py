"""Staff at once: one super_admin always remains, each code and each link is good once."""

from collections.abc import Iterator
from functools import partial

import pyotp
import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, new_accounts, password_links, second_factor, user_changes, users
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AccountStatus, AdminRole
from tests.support import engines
from tests.support.at_once import at_once
from tests.support.caches import forget_caches
from tests.support.factories import PASSWORD, make_merchant, unused_number, with_recovery_codes

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(900)]
CALLERS = 32


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def staff() -> Account:
    email = f"{unused_number()}@staff.example.com"
    return new_accounts.create_admin(email=email, password=PASSWORD, name="Ada", role=AdminRole.SUPER_ADMIN)


def test_of_owners_who_remove_each_other_at_once_one_remains() -> None:
    # The owners of the other tests do not count here.
    operations.record(operations.remove(keys.access.staff_owners()))
    owners = [staff() for _ in range(4)]
    pairs = [(one, other) for one in owners for other in owners if one is not other]
    acts = [partial(user_changes.deactivate, other.account_id, by=one.account_id) for one, other in pairs]
    # Until nobody is left who may remove another.
    for _ in range(10):
        at_once(acts)
    active = [each for each in owners if accounts.get(each.account_id).status == AccountStatus.ACTIVE]
    assert len(active) == 1
    stored = operations.get(keys.access.staff_owners())
    assert stored is not None
    assert stored.owner_ids == {active[0].account_id}


def test_a_recovery_code_and_a_six_digit_code_are_good_once_under_many_callers() -> None:
    admin = staff()
    secret, recovery_codes = with_recovery_codes(admin)
    recovery = recovery_codes[0].replace("-", "")
    admin = accounts.get(admin.account_id)
    for tried in (recovery, pyotp.TOTP(secret).at(clock.now())):
        # Each from an address of its own, since tries are limited per address.
        acts = [
            partial(second_factor.require, admin, tried, address=f"198.51.{100 + len(tried)}.{number}")
            for number in range(CALLERS)
        ]
        assert at_once(acts) == {"done": 1, "InvalidCredentials": CALLERS - 1}
    assert len(accounts.get(admin.account_id).recovery_macs or ()) == 9


def test_a_link_sets_one_password_under_many_callers() -> None:
    merchant = make_merchant()
    link = password_links.make(merchant.account_id)
    operations.record(operations.change(merchant.place, list(link.changes)))
    words = [f"violet harmonica {number}" for number in range(CALLERS)]
    acts = [partial(password_links.accept, token=link.token, password=word) for word in words]
    assert at_once(acts) == {"done": 1, "InvalidCredentials": CALLERS - 1}
    assert accounts.get(merchant.account_id).link_hash is None


def test_of_changes_of_one_version_one_is_made() -> None:
    owner, merchant = staff(), make_merchant()
    acts = [
        partial(
            user_changes.change,
            merchant.account_id,
            {"name": f"Books {number}"},
            version=merchant.version,
            by=owner.account_id,
        )
        for number in range(CALLERS)
    ]
    assert at_once(acts) == {"done": 1, "Conflict": CALLERS - 1}
    assert users.get(merchant.account_id).version == merchant.version + 1
