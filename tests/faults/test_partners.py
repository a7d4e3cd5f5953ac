"""Merchants' numbers and organizers' images under load and faults: one log-in each, one effect, no lost image."""

import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.session import get_session
from PIL import Image

from chalicelib.config import config
from chalicelib.domain.access import accounts, passwords, resets
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.customers import registration
from chalicelib.domain.customers.registration import CustomerLogIn
from chalicelib.domain.merchants import merchant_settings
from chalicelib.domain.merchants.merchant_settings import Shop
from chalicelib.domain.organizers import organizers
from chalicelib.domain.organizers.organizers import Organizer
from chalicelib.errors import AlreadyExists, Conflict, InvalidCredentials, OtpExhausted, OtpInvalid, Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from tests.faults.test_codes import at_once, kinds, sessions_of
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, make_merchant, make_organizer, unused_number
from tests.support.wire import Fault, befallings, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_partners"), pytest.mark.timeout(900)]


def begin(merchant: Account, new_mobile: str, *, password: str = PASSWORD) -> tuple[str, str]:
    """Begin a change of a merchant's number; return its challenge and code."""
    sent = merchant_settings.begin_number_change(
        merchant.account_id, new_mobile=new_mobile, password=password, address=f"place {new_mobile}"
    )
    return sent.challenge_id, code_for(new_mobile)


def confirm(merchant: Account, challenge_id: str, code: str) -> Shop:
    return merchant_settings.confirm_number_change(
        merchant.account_id, challenge_id=challenge_id, code=code, address=uuid.uuid4().hex
    )


def owners(*numbers: str) -> list[str | None]:
    places = [keys.access.login(Portal.MERCHANT, each) for each in numbers]
    found = operations.get_many(places)
    return [found[place].account_id if place in found else None for place in places]


def require_one_log_in(merchant: Account, *numbers: str) -> str:
    """Require that the merchant logs in with exactly one of these numbers, and return it."""
    account = accounts.get(merchant.account_id)
    own = [each for each, owner in zip(numbers, owners(*numbers), strict=True) if owner == merchant.account_id]
    assert own == [account.login] == [account.mobile_number]
    return own[0]


# Numbers


def test_a_code_moves_the_number_once_of_32_who_show_it_at_once() -> None:
    merchant, new = make_merchant(), unused_number("2")
    challenge_id, code = begin(merchant, new)
    texts()
    got = at_once(lambda _: confirm(merchant, challenge_id, code))
    found = kinds(got)
    assert found[Shop] == 1
    assert set(found) <= {Shop, OtpInvalid, OtpExhausted, Unavailable}
    assert require_one_log_in(merchant, merchant.login, new) == new
    assert [text["to"] for text in texts()] == [merchant.login]


def test_of_many_changes_of_one_shop_at_once_the_last_stands_alone() -> None:
    merchant = make_merchant()
    numbers = [unused_number("2") for _ in range(6)]
    begun = [begin(merchant, each) for each in numbers]
    got = at_once(lambda n: confirm(merchant, *begun[n]), callers=6)
    assert kinds(got)[Shop] >= 1
    assert set(kinds(got)) <= {Shop, Conflict, Unavailable}
    assert require_one_log_in(merchant, merchant.login, *numbers) in numbers


@pytest.mark.parametrize("_", range(4))
def test_a_number_that_is_taken_at_this_moment_has_one_owner(_: int) -> None:
    merchant, new = make_merchant(), unused_number("2")
    challenge_id, code = begin(merchant, new)

    def act(n: int) -> Shop | Account:
        return make_merchant(mobile_number=new) if n else confirm(merchant, challenge_id, code)

    got = at_once(act, callers=2)
    (won,) = [each for each in got if not isinstance(each, AlreadyExists)]
    mine = isinstance(won, Shop)
    assert require_one_log_in(merchant, merchant.login, new) == (new if mine else merchant.login)
    (owner,) = owners(new)
    assert owner == (won.id if isinstance(won, Shop) else won.account_id)


@pytest.mark.parametrize("_", range(4))
def test_a_change_of_number_meets_a_change_of_password_and_both_are_whole(_: int) -> None:
    merchant, new = make_merchant(), unused_number("2")
    challenge_id, code = begin(merchant, new)

    def act(n: int) -> str:
        if n:
            accounts.change_password(merchant.account_id, old_password=PASSWORD, new_password="set by the change")
            return "password"
        confirm(merchant, challenge_id, code)
        return "number"

    got = at_once(act, callers=2)
    assert "password" in got
    moved = "number" in got
    assert moved or OtpInvalid in kinds(got)
    login = require_one_log_in(merchant, merchant.login, new)
    assert login == (new if moved else merchant.login)
    assert (
        accounts.verify_password(Portal.MERCHANT, login, "set by the change", address="192.0.2.9").account_id
        == merchant.account_id
    )


@contextmanager
def just_before_the_transaction(act: Callable[[], object]) -> Iterator[None]:
    """Run an act after all reads and before the first transaction is sent."""
    waiting = [act]
    with wire(retries=True) as wired:

        def choose() -> None:
            if wired.sent[-1] == "TransactWriteItems" and waiting:
                waiting.pop()()

        wired.choose = choose
        yield
    assert not waiting


def test_a_number_that_moves_while_its_code_is_looked_at_begins_no_session() -> None:
    merchant, new = make_merchant(), unused_number("2")
    old = merchant.login
    sent = registration.log_in(mobile_number=old, password=PASSWORD, address=old, portal=Portal.MERCHANT)
    log_in_code = code_for(old)
    moving = begin(merchant, new)
    with pytest.raises(OtpInvalid), just_before_the_transaction(lambda: confirm(merchant, *moving)):
        registration.confirm_log_in(
            code=log_in_code,
            challenge_id=sent.challenge_id,
            mobile_number=None,
            visitor=Visitor(old),
            portal=Portal.MERCHANT,
        )
    assert sessions_of(merchant) == 0
    assert require_one_log_in(merchant, old, new) == new


def test_a_number_that_moves_while_another_change_is_decided_moves_on_from_there() -> None:
    merchant, first, second = make_merchant(), unused_number("2"), unused_number("2")
    moving, then = begin(merchant, first), begin(merchant, second)
    with just_before_the_transaction(lambda: confirm(merchant, *moving)):
        assert confirm(merchant, *then).mobile_number == second
    assert require_one_log_in(merchant, merchant.login, first, second) == second


@pytest.mark.parametrize("place", range(6))
def test_a_change_of_number_whose_answer_is_lost_has_its_effect_once(place: int) -> None:
    merchant, new = make_merchant(), unused_number("2")
    challenge_id, code = begin(merchant, new)
    texts()
    with wire(retries=True) as faulty:
        faulty.faults = {place: Fault.ANSWER_LOST}
        shop = confirm(merchant, challenge_id, code)
    assert shop.mobile_number == new
    assert require_one_log_in(merchant, merchant.login, new) == new
    assert [text["to"] for text in texts()] == [merchant.login]


@pytest.mark.parametrize(
    ("place", "fault"), befallings(4, (Fault.DROPPED, Fault.ANSWER_LOST, Fault.BROKEN, Fault.CONFLICT))
)
def test_a_change_of_number_that_breaks_off_anywhere_is_whole_or_was_nothing(place: int, fault: Fault) -> None:
    merchant, new = make_merchant(), unused_number("2")
    challenge_id, code = begin(merchant, new)
    broke_off = False
    with wire(retries=False) as faulty:
        faulty.faults = {place: fault}
        try:
            confirm(merchant, challenge_id, code)
        except Unavailable:
            broke_off = True
    login = require_one_log_in(merchant, merchant.login, new)
    if not broke_off:
        assert login == new
    elif login != new:
        # The code was not spent: the same request again brings it about.
        assert confirm(merchant, challenge_id, code).mobile_number == new
        assert require_one_log_in(merchant, merchant.login, new) == new


def test_a_merchants_code_begins_one_session_of_32_who_show_it_at_once() -> None:
    merchant = make_merchant()
    sent = registration.log_in(
        mobile_number=merchant.login, password=PASSWORD, address=merchant.login, portal=Portal.MERCHANT
    )
    code = code_for(merchant.login)
    got = at_once(
        lambda n: registration.confirm_log_in(
            code=code,
            challenge_id=sent.challenge_id,
            mobile_number=None,
            visitor=Visitor(f"{merchant.login} {n}"),
            portal=Portal.MERCHANT,
        )
    )
    assert kinds(got)[CustomerLogIn] == 1
    assert sessions_of(merchant) == 1


def test_of_8_new_passwords_by_one_code_at_once_one_is_set() -> None:
    organizer = make_organizer()
    place = organizer.login
    resets.forget(Portal.ORGANIZER, organizer.login, address=place)
    code = code_for(organizer.login)

    def reset(n: int) -> str:
        password = f"set by caller {n}"
        resets.reset(Portal.ORGANIZER, organizer.login, code=code, new_password=password, address=place)
        return password

    got = at_once(reset, callers=8)
    (winner,) = [each for each in got if isinstance(each, str)]
    assert set(kinds(got)) <= {str, OtpInvalid, OtpExhausted, Unavailable}
    assert passwords.matches(winner, accounts.get(organizer.account_id).password_hash)
    with pytest.raises(InvalidCredentials):
        accounts.verify_password(Portal.ORGANIZER, organizer.login, PASSWORD, address="192.0.2.9")


# Images


def picture(shade: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, shade, shade)).save(made, "PNG")
    return made.getvalue()


def images_of(organizer: Account) -> list[str]:
    s3: Any = get_session().create_client("s3")
    prefix = f"photos/{organizer.account_id}/"
    found = s3.list_objects_v2(Bucket=config().files_bucket, Prefix=prefix).get("Contents", [])
    s3.close()
    return [one["Key"] for one in found]


def shown(organizer: Account) -> str | None:
    profile = operations.get(keys.organizers.profile(organizer.account_id))
    return profile.image_key if profile else None


def test_of_8_images_at_once_one_is_shown_and_the_others_are_gone() -> None:
    organizer = make_organizer()
    name = uuid.uuid4().hex
    got = at_once(
        lambda n: organizers.change(organizer.account_id, {"company_name": name}, image=picture(n)), callers=8
    )
    assert kinds(got)[Organizer] >= 1
    assert set(kinds(got)) <= {Organizer, Conflict}
    assert images_of(organizer) == [shown(organizer)]


@pytest.mark.parametrize(("place", "fault"), befallings(4, (Fault.DROPPED, Fault.ANSWER_LOST)))
def test_an_image_that_is_shown_is_there_whatever_breaks_off(place: int, fault: Fault) -> None:
    organizer = make_organizer()
    organizers.change(organizer.account_id, {}, image=picture(1))
    with wire(retries=False) as faulty:
        faulty.faults = {place: fault}
        try:
            organizers.change(organizer.account_id, {"address": "Here"}, image=picture(2))
        except Unavailable:
            organizers.change(organizer.account_id, {"address": "Here"}, image=picture(2))
    assert shown(organizer) in images_of(organizer)
    assert organizers.show(organizer.account_id).address == "Here"
