"""Codes, passwords and keys under load and lost answers: the limit of attempts holds, and each effect occurs once."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from types import NoneType
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import (
    accounts,
    code_tries,
    limits,
    new_accounts,
    numbers,
    otp,
    resets,
    second_factor,
    sessions,
    throttle,
)
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.crypto import encryption
from chalicelib.domain.customers import registration
from chalicelib.domain.customers.registration import CustomerLogIn, RegistrationNamed
from chalicelib.errors import (
    InvalidCredentials,
    OtpExhausted,
    OtpInvalid,
    RateLimited,
    Refusal,
    TokenReused,
    Unauthenticated,
    Unavailable,
)
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole, OtpPurpose, Portal
from tests.support import ticking
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, make_customer, unused_number, with_second_factor
from tests.support.settings import configured
from tests.support.wire import Fault, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_codes"), pytest.mark.timeout(900)]
CROWD = 32
GUESSES = 200


def at_once(act: Callable[[int], Any], *, callers: int = CROWD) -> list[Any]:
    """Run an act in so many threads at the same moment; return each result, or the refusal in its place."""
    got: list[Any] = []
    together = threading.Barrier(callers)

    def work(place: int) -> None:
        together.wait()
        try:
            got.append(act(place))
        except Refusal as refusal:
            got.append(refusal)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == callers
    return got


def kinds(got: list[Any]) -> Counter[type]:
    return Counter(type(each) for each in got)


def holds(got: list[Any], limit: int, kind: type) -> bool:
    """Whether exactly so many attempts were allowed, or counted and not answered in time: none was refused early."""
    found = kinds(got)
    return found[kind] <= limit <= found[kind] + found[Unavailable]


def sessions_of(customer: Account) -> int:
    """Read the whole table, as only a test may, and count the sessions of a customer."""
    pages = (
        operations.client()
        .get_paginator("scan")
        .paginate(
            TableName=config().table_name,
            ConsistentRead=True,
            FilterExpression="kind = :kind AND account_id = :account",
            ExpressionAttributeValues={":kind": {"S": "session"}, ":account": {"S": customer.account_id}},
        )
    )
    return sum(page["Count"] for page in pages)


def begin(mobile_number: str) -> tuple[str, str]:
    """Begin a registration; return its challenge and code."""
    sent = registration.register(
        mobile_number=mobile_number,
        password=PASSWORD,
        name="Ayesha Khan",
        email=None,
        date_of_birth=None,
        address=f"place {mobile_number}",
    )
    return sent.challenge_id, code_for(mobile_number)


def verify(code: str, challenge_id: str, *, address: str) -> otp.VerifiedCode:
    """Guess at a registration's code from some address."""
    return otp.verify(OtpPurpose.REGISTER, code, challenge_id=challenge_id, mobile_number=None, address=address)


def confirm(code: str, challenge_id: str) -> CustomerLogIn:
    """Complete a registration from an address of its own."""
    registered = RegistrationNamed(challenge_id)
    return registration.confirm(code=code, registered=registered, visitor=Visitor(uuid.uuid4().hex))


def log_in_begun(*, by_number: bool) -> tuple[Account, dict[str, Any], str]:
    """Begin a log-in; return its customer, what names its code, and the code."""
    mobile_number = unused_number("2")
    customer = make_customer(mobile_number=mobile_number)
    sent = registration.log_in(mobile_number=mobile_number, password=PASSWORD, address=mobile_number)
    named: dict[str, Any] = {"challenge_id": None, "mobile_number": mobile_number}
    if not by_number:
        named = {"challenge_id": sent.challenge_id, "mobile_number": None}
    return customer, named, code_for(mobile_number)


def confirm_log_in(code: str, challenge_id: str) -> CustomerLogIn:
    """Complete a log-in from an address of its own."""
    return registration.confirm_log_in(
        code=code, challenge_id=challenge_id, mobile_number=None, visitor=Visitor(uuid.uuid4().hex)
    )


def test_of_200_guesses_at_once_at_most_five_are_evaluated() -> None:
    challenge_id, code = begin(unused_number("2"))
    wrong = [f"{(int(code) + n) % 10**6:06}" for n in range(1, GUESSES + 1)]
    got = at_once(
        lambda n: verify(wrong[n], challenge_id, address=f"{challenge_id} {n}"),
        callers=GUESSES,
    )
    assert holds(got, code_tries.TRIES, OtpInvalid), kinds(got)
    assert set(kinds(got)) <= {OtpInvalid, OtpExhausted, Unavailable}
    with pytest.raises(OtpExhausted):
        confirm(code, challenge_id)


@pytest.mark.usefixtures("one_window")
def test_of_64_guesses_at_once_by_number_from_one_address_30_are_told_that_they_are_wrong() -> None:
    # Enough numbers that none of their codes is tried out.
    made = [unused_number("2") for _ in range(16)]
    for mobile_number in made:
        make_customer(mobile_number=mobile_number)
        resets.forget(Portal.WEBAPP, mobile_number, address=mobile_number)
    place = uuid.uuid4().hex

    def guess(n: int) -> otp.VerifiedCode:
        return otp.verify(OtpPurpose.RESET, "no code", challenge_id=None, mobile_number=made[n % 16], address=place)

    got = at_once(guess, callers=64)
    assert holds(got, config().limits.codes_per_address, OtpInvalid), kinds(got)
    assert set(kinds(got)) <= {OtpInvalid, RateLimited, Unavailable}
    with pytest.raises(RateLimited):
        guess(0)


def test_right_codes_at_once_count_nothing_at_their_address() -> None:
    begun = [begin(unused_number("2")) for _ in range(16)]
    place = uuid.uuid4().hex
    got = at_once(lambda n: verify(begun[n][1], begun[n][0], address=place), callers=16)
    assert kinds(got) == {otp.VerifiedCode: 16}
    for _ in range(config().limits.codes_per_address):
        with pytest.raises(OtpInvalid):
            otp.verify(OtpPurpose.RESET, "no code", challenge_id=None, mobile_number=unused_number("2"), address=place)


def test_a_code_makes_one_account_of_32_who_show_it_at_once() -> None:
    mobile_number = unused_number("2")
    challenge_id, code = begin(mobile_number)
    with ticking.slowly():
        got = at_once(lambda _: confirm(code, challenge_id))
    found = kinds(got)
    # The code was used, and nobody failed at it.
    assert found == {CustomerLogIn: 1, OtpInvalid: CROWD - 1}
    (winner,) = [each for each in got if isinstance(each, CustomerLogIn)]
    account = numbers.find_by_number(mobile_number)
    assert account is not None
    assert account.account_id == winner.account.account_id


@pytest.mark.parametrize("by_number", [False, True])
def test_a_code_begins_one_session_of_32_who_show_it_at_once(by_number: bool) -> None:
    customer, named, code = log_in_begun(by_number=by_number)
    visitor = Visitor(uuid.uuid4().hex)
    with configured(LIMIT_CODES_PER_ADDRESS=CROWD), ticking.slowly():
        got = at_once(lambda _: registration.confirm_log_in(code=code, visitor=visitor, **named))
    assert kinds(got) == {CustomerLogIn: 1, OtpInvalid: CROWD - 1}
    assert sessions_of(customer) == 1


@pytest.mark.usefixtures("one_window")
@pytest.mark.parametrize("by_number", [False, True])
def test_of_32_wrong_codes_at_once_five_are_compared(by_number: bool) -> None:
    _, named, code = log_in_begun(by_number=by_number)
    wrong = [f"{(int(code) + n) % 10**6:06}" for n in range(1, CROWD + 1)]
    visitor = Visitor(uuid.uuid4().hex)
    with configured(LIMIT_CODES_PER_ADDRESS=CROWD + 1):
        got = at_once(lambda n: registration.confirm_log_in(code=wrong[n], visitor=visitor, **named))
        assert holds(got, code_tries.TRIES, OtpInvalid), kinds(got)
        with pytest.raises(OtpExhausted):
            registration.confirm_log_in(code=code, visitor=visitor, **named)


@pytest.mark.usefixtures("one_window")
@pytest.mark.parametrize("is_spent", [True, False])
@pytest.mark.parametrize("by_number", [False, True])
def test_the_sixth_try_at_a_code_waits_for_five_that_are_being_checked(by_number: bool, is_spent: bool) -> None:
    _, named, code = log_in_begun(by_number=by_number)
    address = uuid.uuid4().hex

    def show(shown: str) -> otp.VerifiedCode:
        return otp.verify(OtpPurpose.LOGIN, shown, address=address, **named)

    for n in range(1, code_tries.TRIES):
        with pytest.raises(OtpInvalid):
            show(f"{(int(code) + n) % 10**6:06}")
    fifth = show(code)
    got: list[type] = []

    def sixth() -> None:
        try:
            show(code)
        except Refusal as refusal:
            got.append(type(refusal))

    # Five that nobody decides end the waiting after their time.
    with wire(retries=True) as wired, ticking.slowly() if is_spent else nullcontext():
        waiting = threading.Thread(target=sixth)
        waiting.start()
        while waiting.is_alive() and wired.sent.count("BatchGetItem") < 3:
            waiting.join(0.01)
        if is_spent:
            fifth.commit()
        waiting.join()
    assert got == [OtpInvalid if is_spent else OtpExhausted]


def test_a_number_is_sent_three_texts_of_32_asked_for_at_once() -> None:
    mobile_number = unused_number("2")
    texts()
    got = at_once(lambda n: resets.forget(Portal.WEBAPP, mobile_number, address=f"{mobile_number} {n}"))
    assert holds(got, 3, otp.SentCode), kinds(got)
    assert len(texts()) <= 3
    assert set(kinds(got)) <= {otp.SentCode, RateLimited, Unavailable}


@pytest.mark.usefixtures("one_window")
def test_an_address_is_sent_ten_texts_of_64_asked_for_at_once_where_ten_are_allowed() -> None:
    place = uuid.uuid4().hex
    with configured(LIMIT_CODES_ASKED_PER_ADDRESS=10):
        got = at_once(lambda _: resets.forget(Portal.WEBAPP, unused_number("2"), address=place))
        got += at_once(lambda _: resets.forget(Portal.WEBAPP, unused_number("2"), address=place))
    assert holds(got, 10, otp.SentCode), kinds(got)
    assert set(kinds(got)) <= {otp.SentCode, RateLimited, Unavailable}


def test_of_64_wrong_passwords_at_once_ten_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    mobile_number = unused_number("2")
    make_customer(mobile_number=mobile_number)
    looked_at: list[str] = []
    verify_hash = PasswordHasher.verify

    def counted(self: PasswordHasher, password_hash: str, password: str) -> Any:
        looked_at.append(password)
        return verify_hash(self, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    got = at_once(
        lambda n: accounts.verify_password(Portal.WEBAPP, mobile_number, f"a guess {n}", address="192.0.2.9"),
        callers=64,
    )
    assert holds(got, 10, InvalidCredentials), kinds(got)
    assert len(looked_at) == kinds(got)[InvalidCredentials]
    assert set(kinds(got)) <= {InvalidCredentials, RateLimited, Unavailable}


@pytest.mark.usefixtures("one_window")
def test_of_32_accounts_guessed_at_once_from_an_address_with_90_failures_ten_are_told_that_they_are_wrong() -> None:
    budget, place = limits.WRONG_PASSWORDS_FROM_ADDRESS, uuid.uuid4().hex
    for _ in range(90):
        throttle.tally(f"{budget.name} {Portal.WEBAPP}", place, budget.window)
    got = at_once(lambda _: accounts.verify_password(Portal.WEBAPP, unused_number("2"), "one for all", address=place))
    assert holds(got, 10, InvalidCredentials), kinds(got)
    assert set(kinds(got)) <= {InvalidCredentials, RateLimited, Unavailable}


def test_of_wrong_codes_in_a_row_at_once_exactly_the_limit_is_compared() -> None:
    row = limits.wrong_codes(OtpPurpose.RESET, uuid.uuid4().hex, by_number=True)
    for _ in range(90):
        row.take()
    got = at_once(lambda _: row.take())
    assert kinds(got) == {NoneType: 10, RateLimited: CROWD - 10}
    with clock.set_to(clock.now() + timedelta(days=1, minutes=1)):
        assert kinds(at_once(lambda _: row.take())) == {NoneType: CROWD}


def test_right_passwords_at_once_leave_no_failure_behind() -> None:
    mobile_number = unused_number("2")
    make_customer(mobile_number=mobile_number)
    at_once(lambda _: accounts.verify_password(Portal.WEBAPP, mobile_number, PASSWORD, address="192.0.2.9"), callers=8)
    for n in range(10):
        with pytest.raises(InvalidCredentials):
            accounts.verify_password(Portal.WEBAPP, mobile_number, f"a guess {n}", address="192.0.2.9")
    with pytest.raises(RateLimited):
        accounts.verify_password(Portal.WEBAPP, mobile_number, PASSWORD, address="192.0.2.9")


@pytest.mark.parametrize("is_right", [True, False])
def test_the_eleventh_password_waits_for_ten_that_are_being_checked(is_right: bool) -> None:
    mobile_number, address = unused_number("2"), "192.0.2.9"
    customer = make_customer(mobile_number=mobile_number)
    ten = [limits.take_password_try(Portal.WEBAPP, mobile_number, address=address) for _ in range(10)]
    got: list[Any] = []

    def log_in() -> None:
        try:
            got.append(accounts.verify_password(Portal.WEBAPP, mobile_number, PASSWORD, address=address).account_id)
        except RateLimited as refusal:
            got.append(type(refusal))

    with wire(retries=True) as wired, ticking.slowly():
        eleventh = threading.Thread(target=log_in)
        eleventh.start()
        while eleventh.is_alive() and wired.sent.count("BatchGetItem") < 3:
            eleventh.join(0.01)
        for one in ten:
            if is_right:
                one.succeeded()
            else:
                one.failed()
        eleventh.join()
    assert got == [customer.account_id if is_right else RateLimited]


def test_a_check_that_died_makes_nobody_wait() -> None:
    limit = throttle.Limit("test", uuid.uuid4().hex, 2, otp.LIFETIME)
    with clock.set_to(clock.now() - throttle.DECIDED_WITHIN):
        for _ in range(2):
            throttle.slide(limit, until_decided=True)
    with wire(retries=False) as wired, pytest.raises(RateLimited):
        throttle.slide(limit, until_decided=True)
    assert wired.sent == ["BatchGetItem"]


def test_one_old_password_is_changed_once_by_8_at_once_and_one_session_stays() -> None:
    customer = make_customer(mobile_number=unused_number("2"))
    pairs = [sessions.start(customer) for _ in range(8)]

    def change(n: int) -> int:
        session_id = pairs[n].refresh.partition(".")[0]
        accounts.change_password(
            customer.account_id, old_password=PASSWORD, new_password=f"a new password {n}", kept_session_id=session_id
        )
        return n

    got = at_once(change, callers=8)
    (winner,) = [each for each in got if isinstance(each, int)]
    for n, pair in enumerate(pairs):
        if n == winner:
            assert sessions.refresh(pair.refresh, Portal.WEBAPP).access
        else:
            with pytest.raises((Unauthenticated, TokenReused)):
                sessions.refresh(pair.refresh, Portal.WEBAPP)


def test_32_first_writers_end_with_one_key() -> None:
    owner = f"cus_{uuid.uuid4().hex}"
    sealed = at_once(lambda n: encryption.seal(owner, "blood_type", f"text {n}"))
    opened = {encryption.open_sealed(owner, "blood_type", each) for each in sealed}
    assert opened == {f"text {n}" for n in range(CROWD)}


@pytest.mark.parametrize("place", range(8))
def test_a_code_whose_effects_answer_is_lost_has_its_effect_once(place: int) -> None:
    mobile_number = unused_number("2")
    challenge_id, code = begin(mobile_number)
    with wire(retries=True) as faulty:
        faulty.faults = {place: Fault.ANSWER_LOST}
        result = confirm(code, challenge_id)
    account = numbers.find_by_number(mobile_number)
    assert account is not None
    assert account.account_id == result.account.account_id
    assert sessions.refresh(result.tokens.refresh, Portal.WEBAPP).access
    challenge = operations.get(keys.access.challenge(challenge_id))
    assert challenge is not None
    assert (challenge.used_at is not None, challenge.pending) == (True, None)


def test_a_spent_proof_that_is_committed_again_is_its_own_success_and_nobody_elses() -> None:
    challenge_id, code = begin(unused_number("2"))
    first, second = (verify(code, challenge_id, address=challenge_id) for _ in range(2))
    first.commit()
    first.commit()
    with pytest.raises(OtpInvalid):
        second.commit()


def test_a_reset_meets_a_change_of_password_and_the_later_one_stands() -> None:
    mobile_number = unused_number("2")
    customer = make_customer(mobile_number=mobile_number)
    resets.forget(Portal.WEBAPP, mobile_number, address=mobile_number)
    code = code_for(mobile_number)

    def act(n: int) -> Account:
        if n:
            resets.reset(Portal.WEBAPP, mobile_number, code=code, new_password="set by the reset", address=code)
        else:
            accounts.change_password(customer.account_id, old_password=PASSWORD, new_password="set by the change")
        return accounts.get(customer.account_id)

    got = at_once(act, callers=2)
    assert any(isinstance(each, Account) for each in got)
    with pytest.raises(InvalidCredentials):
        accounts.verify_password(Portal.WEBAPP, mobile_number, PASSWORD, address="192.0.2.9")
    # The reset tries again on what the change made; only it is sure to get through.
    assert accounts.verify_password(Portal.WEBAPP, mobile_number, "set by the reset", address="192.0.2.9")


def test_a_full_limit_is_not_written_to() -> None:
    limit = throttle.Limit("test", uuid.uuid4().hex, 3, otp.LIFETIME)
    got = at_once(lambda _: throttle.slide(limit))
    assert kinds(got) == {list: 3, RateLimited: CROWD - 3}
    (first, *_) = [each[0] for each in got if isinstance(each, list)]
    throttle.give_back(first)
    assert kinds(at_once(lambda _: throttle.slide(limit))) == {list: 1, RateLimited: CROWD - 1}


def test_a_try_whose_answer_is_lost_counts_once_and_is_given_back_once() -> None:
    limit = throttle.Limit("test", uuid.uuid4().hex, 3, otp.LIFETIME)
    with clock.set_to(clock.now()):  # all in one millisecond
        (kept,) = throttle.slide(limit)
        with wire(retries=True) as faulty:
            faulty.faults = {1: Fault.ANSWER_LOST}
            (taken,) = throttle.slide(limit)
        with wire(retries=True) as faulty:
            faulty.faults = {0: Fault.ANSWER_LOST}
            throttle.give_back(taken)
        left = operations.get(limit.place)
    assert left is not None
    assert left.moments == [kept.mark]


def test_a_counted_try_that_is_taken_off_while_the_answer_is_lost_is_taken_off_once() -> None:
    place = uuid.uuid4().hex
    first, _ = (throttle.take("test", place, limit=3, window=otp.LIFETIME) for _ in range(2))
    with wire(retries=True) as faulty:
        faulty.faults = {0: Fault.ANSWER_LOST}
        throttle.uncount(first)
    left = operations.get(first.place)
    assert left is not None
    assert left.tries == 1


def test_a_right_second_factor_is_not_called_used_where_its_answer_is_lost() -> None:
    admin = new_accounts.create_admin(
        email=f"{uuid.uuid4().hex}@example.com", password=PASSWORD, name="Staff", role=AdminRole.SUPPORT
    )
    secret, now = with_second_factor(admin), clock.now()

    def prove(later: timedelta, faults: dict[int, Fault]) -> list[str]:
        with clock.set_to(now + later), wire(retries=True) as faulty:
            faulty.faults = faults
            code = pyotp.TOTP(secret).at(clock.now())
            second_factor.require(accounts.get(admin.account_id), code, address="192.0.2.1")
        return faulty.sent

    # What spends the code is the last request.
    spends = len(prove(timedelta(minutes=2), {})) - 1
    sent = prove(timedelta(minutes=4), {spends: Fault.ANSWER_LOST})
    assert sent[spends] == sent[spends + 1]
    assert len(sent) == spends + 2
