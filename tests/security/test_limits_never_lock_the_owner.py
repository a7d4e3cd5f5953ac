"""Every limit has a scenario here: a stranger fills it and is refused, and the owner gets in."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib import clock
from chalicelib.domain.access import devices, limits, new_accounts, throttle
from chalicelib.domain.access.limits import Budget
from chalicelib.domain.campus.reports import report_registry
from chalicelib.domain.campus.reports.report_registry import ReportFacts, ReportHashes
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Throttle
from chalicelib.vocabulary.access import AdminRole, OtpPurpose
from chalicelib.vocabulary.campus import ReportFormat, ReportKind
from tests.portals.webapp.evening import card_of, make_evening
from tests.support.campus import make_campus, make_campus_user
from tests.support.client import Answer, call
from tests.support.codes import code_for, texts
from tests.support.factories import (
    PASSWORD,
    customer_token,
    make_customer,
    make_event,
    make_merchant,
    make_organization,
    make_organizer,
    make_usher,
    public,
    scan_id,
    token_of,
    usher_token,
    with_second_factor,
    wrong_second_factor,
)
from tests.support.settings import configured
from tests.support.sizes import size_of

pytestmark = pytest.mark.usefixtures("moto_cloud")
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
STRANGER, OWNER, NEIGHBOUR = "192.0.2.1", "198.51.100.7", "192.0.2.9"
NUMBER, OTHER_NUMBER = "+923001234567", "+923007654321"
USERS = "/api/v1/users"
CUSTOMERS = size_of("CUSTOMERS_BEHIND_ONE_ADDRESS", small=50, full=2000)


@dataclass(frozen=True)
class Scenario:
    """What a stranger does until refused, and how the owner gets in nevertheless; both run at START."""

    strange: Callable[[], Answer]
    owns: Callable[[], Answer]


def log_in(number: str = NUMBER, password: str = PASSWORD, *, address: str) -> Answer:
    return call("POST", f"{USERS}/login/", {"mobile_number": number, "password": password}, address=address)


def forget(number: str = NUMBER, *, address: str) -> Answer:
    return call("POST", f"{USERS}/forgot-password/request-otp/", {"mobile_number": number}, address=address)


def nearly_full(budget: Budget, whom: str) -> None:
    """Let a fixed window have two tries left, as if the others had been made."""
    place, _ = throttle.window_place(budget.name, whom, budget.window)
    counted = [Throttle.tries.set(budget.allowed - 2), Throttle.ttl.set(0), Throttle.kind.set(Throttle)]
    operations.record(operations.change(place, counted))


def spraying(budget: Budget, whom: str, *, path: str, login: str, owner: Callable[[], tuple[str, Answer]]) -> Scenario:
    """One password is tried on many accounts, until the shared counter of the address or block is full."""
    names = itertools.count()
    portal = "tix" if "/tix/" in path else "webapp"
    nearly_full_name = f"{budget.name} {portal}"

    def begin() -> None:
        place, _ = throttle.window_place(nearly_full_name, whom, budget.window)
        if operations.get(place) is None:
            counted = [Throttle.tries.set(budget.allowed - 2), Throttle.ttl.set(0), Throttle.kind.set(Throttle)]
            operations.record(operations.change(place, counted))

    def strange() -> Answer:
        begin()
        name = f"+92301{next(names):07}" if login == "mobile_number" else f"{next(names)}@example.com"
        return call("POST", path, {login: name, "password": "one password for all"}, address=STRANGER)

    return Scenario(strange, lambda: owner()[1])


def customer_behind(address: str) -> Callable[[], tuple[str, Answer]]:
    def get_in() -> tuple[str, Answer]:
        make_customer(mobile_number=NUMBER)
        return NUMBER, log_in(address=address)

    return get_in


def tix_behind(address: str) -> Callable[[], tuple[str, Answer]]:
    def get_in() -> tuple[str, Answer]:
        email = make_organization().login
        body = {"email": email, "password": PASSWORD}
        return email, call("POST", "/api/tix/auth/login/", body, address=address)

    return get_in


def wrong_passwords() -> Scenario:
    usher = make_usher(make_event(event_id="evt_limits"))

    def enter(password: str, address: str) -> Answer:
        body = {"username": usher.login, "password": password, "event_id": "evt_limits"}
        return call("POST", "/api/usher/login/", body, address=address)

    return Scenario(lambda: enter("a guessed password", STRANGER), lambda: enter(PASSWORD, NEIGHBOUR))


def wrong_passwords_of_a_session() -> Scenario:
    customer = make_customer(mobile_number=NUMBER)
    token = customer_token(customer)
    body = {"old_password": "a guessed password", "new_password": "the next long password"}
    return Scenario(
        lambda: call("POST", f"{USERS}/change-password/", body, token=token, address=STRANGER),
        lambda: log_in(address=STRANGER),
    )


def second_factors() -> Scenario:
    email = "limits@example.com"
    staff = new_accounts.create_admin(email=email, password=PASSWORD, name="Staff", role=AdminRole.SUPER_ADMIN)
    secret = with_second_factor(staff)
    right, guessed = pyotp.TOTP(secret).at(START), wrong_second_factor(secret, START)

    def enter(code: str, address: str) -> Answer:
        body = {"email": email, "password": PASSWORD, "totp": code}
        return call("POST", "/api/auth/login/", body, address=address)

    return Scenario(lambda: enter(guessed, STRANGER), lambda: enter(right, OWNER))


def wrong(code: str) -> str:
    """Return another code than this one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def codes_of_a_purpose() -> Scenario:
    make_customer(mobile_number=NUMBER)
    return Scenario(lambda: forget(address=STRANGER), lambda: log_in(address=OWNER))


def codes_of_all_purposes() -> Scenario:
    make_customer(mobile_number=NUMBER)
    doors = itertools.cycle(
        [
            (f"{USERS}/forgot-password/request-otp/", {"mobile_number": NUMBER}),
            (f"{USERS}/register/", {"mobile_number": NUMBER, "password": PASSWORD, "name": "A Stranger"}),
            ("/api/organizer/forgot-password/", {"contact_mobile": NUMBER}),
        ]
    )

    def strange() -> Answer:
        path, body = next(doors)
        return call("POST", path, body, address=STRANGER)

    return Scenario(strange, lambda: log_in(address=OWNER))


def codes_of_log_ins() -> Scenario:
    """Only the right password fills this one, here at three portals. The number's forgotten password can be set."""
    make_customer(mobile_number=NUMBER)
    make_merchant(mobile_number=NUMBER)
    make_organizer(contact_mobile=NUMBER)
    doors = itertools.cycle(
        [
            (f"{USERS}/login/", "mobile_number"),
            ("/api/merchant/login/", "mobile_number"),
            ("/api/organizer/login/", "contact_mobile"),
        ]
    )

    def strange() -> Answer:
        path, name = next(doors)
        return call("POST", path, {name: NUMBER, "password": PASSWORD}, address=STRANGER)

    def owns() -> Answer:
        with clock.set_to(START + limits.CODES_OF_PURPOSE.window):
            return forgotten_password_is_set(OWNER)

    return Scenario(strange, owns)


def forgotten_password_is_set(address: str) -> Answer:
    texts()
    assert forget(address=address).status == 202
    body = {"mobile_number": NUMBER, "otp": code_for(NUMBER), "new_password": "the next long password"}
    return call("POST", f"{USERS}/reset-password/", body, address=address)


def codes_from_an_address() -> Scenario:
    make_customer(mobile_number=NUMBER)
    numbers = itertools.count()
    nearly_full(limits.CODES_FROM_ADDRESS, STRANGER)
    return Scenario(lambda: forget(f"+92301{next(numbers):07}", address=STRANGER), lambda: log_in(address=STRANGER))


def begun_log_in() -> tuple[str, str]:
    """Return the challenge and the code of the owner's log-in."""
    make_customer(mobile_number=NUMBER)
    texts()
    begun = log_in(address=OWNER)
    return begun.json["challenge_id"], code_for(NUMBER)


def show(code: str, address: str, **name: str) -> Answer:
    return call("POST", f"{USERS}/verify-login-otp/", {**name, "otp": code}, address=address)


def tries_of_a_code() -> Scenario:
    """Only who has the challenge can use these up; a new code is one request away."""
    challenge, code = begun_log_in()

    def owns() -> Answer:
        texts()
        assert log_in(address=OWNER).status == 200
        return show(code_for(NUMBER), OWNER, mobile_number=NUMBER)

    return Scenario(lambda: show(wrong(code), STRANGER, challenge_id=challenge), owns)


def tries_by_number() -> Scenario:
    challenge, code = begun_log_in()
    return Scenario(
        lambda: show(wrong(code), STRANGER, mobile_number=NUMBER), lambda: show(code, STRANGER, challenge_id=challenge)
    )


def wrong_codes_from_an_address() -> Scenario:
    challenge, code = begun_log_in()
    return Scenario(
        lambda: show("000000", STRANGER, mobile_number=OTHER_NUMBER),
        lambda: show(code, STRANGER, challenge_id=challenge),
    )


def wrong_resets_from_a_campus() -> Scenario:
    """The owner, in another network, resets a password that is named by e-mail address alone."""
    nearly_full(limits.WRONG_RESETS_FROM_CAMPUS, STRANGER)
    return Scenario(
        lambda: tix_reset("somebody@example.com", "00000000", address=STRANGER), lambda: tix_reset_by_owner(OWNER)
    )


def tix_reset(email: str, code: str, *, address: str) -> Answer:
    body = {"email": email, "code": code, "new_password": "the next long password"}
    return call("POST", "/api/tix/auth/reset-password/", body, address=address)


def tix_reset_by_owner(address: str) -> Answer:
    email = make_organization().login
    texts()
    call("POST", "/api/tix/auth/forgot-password/", {"email": email}, address=address)
    return tix_reset(email, code_for(email), address=address)


def wrong_codes_in_a_row() -> Scenario:
    challenge, code = begun_log_in()
    number_mac = operations.get(keys.access.challenge(challenge)).number_mac  # type: ignore[union-attr]
    row = limits.wrong_codes(OtpPurpose.LOGIN, number_mac, by_number=True)
    for _ in range(row.limit - 2):
        row.take()
    return Scenario(
        lambda: show(wrong(code), STRANGER, mobile_number=NUMBER), lambda: show(code, STRANGER, challenge_id=challenge)
    )


def enrolments() -> Scenario:
    made = devices.provision(event_id=make_event().event_id, gate_name="Gate 1", name="Reader", by="adm_test")

    def enroll(code: str) -> Answer:
        body = {"code": code, "public_key": public(Ed25519PrivateKey.generate())}
        return call("POST", "/api/device/enroll/", body, address=STRANGER)

    return Scenario(lambda: enroll("AAAA-AAAA-AAAA"), lambda: enroll(made.enrollment_code))


def registrations_of_organizations() -> Scenario:
    names = itertools.count()
    budget = limits.REGISTRATIONS_OF_ORGANIZATIONS
    nearly_full(budget, STRANGER)

    def strange() -> Answer:
        body = {"email": f"{next(names)}@example.com", "password": PASSWORD, "name": "A Stranger"}
        return call("POST", "/api/tix/auth/register/", body, address=STRANGER)

    return Scenario(strange, lambda: tix_behind(STRANGER)()[1])


def registrations_at_campus() -> Scenario:
    names = itertools.count()
    campus = make_campus()
    student = make_campus_user(campus, password=PASSWORD)
    nearly_full(limits.REGISTRATIONS_AT_CAMPUS, STRANGER)

    def register(address: str) -> Answer:
        body = {"password": PASSWORD, "first_name": "A", "last_name": "Stranger", "department": "Physics"}
        name = f"stranger{next(names)}"
        who = {"username": name, "email": f"{name}@example.com", "campus": campus.name}
        return call("POST", "/api/campus/auth/register/", {**body, **who}, address=address)

    def owns() -> Answer:
        # Another address registers still, and who has an account logs in from the same one.
        assert register(OWNER).status == 201
        body = {"username": student.login, "password": PASSWORD}
        return call("POST", "/api/campus/auth/login/", body, address=STRANGER)

    return Scenario(lambda: register(STRANGER), owns)


def refreshes_of_a_dashboard() -> Scenario:
    campus = make_campus()
    token, others_token = token_of(make_campus_user(campus)), token_of(make_campus_user(campus))

    def ask(by: str) -> Answer:
        return call("POST", "/api/campus/analytics/dashboard/refresh/", token=by, address=STRANGER)

    return Scenario(lambda: ask(token), lambda: ask(others_token))


def look_ups_by_a_shop() -> Scenario:
    token, others_token = token_of(make_merchant()), token_of(make_merchant())

    def ask(by: str) -> Answer:
        return call("GET", f"/api/merchant/verify-customer/{quote(OTHER_NUMBER)}/", token=by, address=STRANGER)

    return Scenario(lambda: ask(token), lambda: ask(others_token))


def look_ups_of_a_day_by_a_shop() -> Scenario:
    shop = make_merchant()
    token, others_token = token_of(shop), token_of(make_merchant())
    nearly_full(limits.LOOK_UPS_OF_DAY_BY_MERCHANT, shop.account_id)

    def ask(by: str) -> Answer:
        return call("GET", f"/api/merchant/verify-customer/{quote(OTHER_NUMBER)}/", token=by, address=STRANGER)

    return Scenario(lambda: ask(token), lambda: ask(others_token))


def health_by_an_usher() -> Scenario:
    concert = make_evening()
    customer = make_customer()
    health = {"blood_type": "AB-"}
    assert call("PUT", f"{USERS}/profile/", health, token=customer_token(customer)).status == 200
    card = card_of(customer, "04A1A2A3A4A5A6")
    concert.sell(customer)
    curious, other = make_usher(concert.event), make_usher(concert.event)
    nearly_full(limits.HEALTH_BY_USHER, curious.account_id)

    def look(usher: Account) -> Answer:
        token = usher_token(concert.event, usher)
        call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "card_id": card.uid}, token=token)
        return call("GET", f"/api/usher/scan/attendee/{card.uid}/", token=token, address=STRANGER)

    return Scenario(lambda: look(curious), lambda: look(other))


def report_verifications() -> Scenario:
    facts = ReportFacts(new_id("rep"), ReportKind.OFFICIAL, ReportFormat.PDF, clock.now(), "usr_1", 1)
    report = report_registry.register(facts, ReportHashes(full="a" * 64, redacted="b" * 64))
    nearly_full(limits.REPORT_VERIFICATIONS, STRANGER)
    path = f"/api/campus/reports/verify/{report.report_id}/"
    return Scenario(lambda: call("GET", path, address=STRANGER), lambda: call("GET", path, address=NEIGHBOUR))


def look_ups_by_a_customer() -> Scenario:
    concert = make_evening()

    def asking(number: str) -> Callable[[], Answer]:
        customer = make_customer()
        ticket = concert.sell(customer)
        path = f"{USERS}/tickets/{ticket.ticket_id}/transfer/"
        return lambda: call("POST", path, {"mobile_number": number}, token=customer_token(customer), address=STRANGER)

    return Scenario(asking("+923019999999"), asking(str(make_customer().mobile_number)))


def tickets_for_sockets() -> Scenario:
    customer, other = make_customer(), make_customer()

    def ask(by: Account) -> Answer:
        return call("POST", "/api/realtime/ticket/", {}, token=customer_token(by), address=STRANGER)

    return Scenario(lambda: ask(other), lambda: ask(customer))


SCENARIOS: dict[str, Callable[[], Scenario]] = {
    limits.WRONG_PASSWORDS.name: wrong_passwords,
    limits.WRONG_PASSWORDS_LOGGED_IN.name: wrong_passwords_of_a_session,
    limits.WRONG_PASSWORDS_FROM_ADDRESS.name: lambda: spraying(
        limits.WRONG_PASSWORDS_FROM_ADDRESS,
        STRANGER,
        path=f"{USERS}/login/",
        login="mobile_number",
        owner=customer_behind(STRANGER),
    ),
    limits.WRONG_PASSWORDS_FROM_BLOCK.name: lambda: spraying(
        limits.WRONG_PASSWORDS_FROM_BLOCK,
        "192.0.2.0/24",
        path=f"{USERS}/login/",
        login="mobile_number",
        owner=customer_behind(NEIGHBOUR),
    ),
    limits.WRONG_PASSWORDS_FROM_CAMPUS.name: lambda: spraying(
        limits.WRONG_PASSWORDS_FROM_CAMPUS,
        STRANGER,
        path="/api/tix/auth/login/",
        login="email",
        owner=tix_behind(STRANGER),
    ),
    limits.WRONG_PASSWORDS_FROM_CAMPUS_BLOCK.name: lambda: spraying(
        limits.WRONG_PASSWORDS_FROM_CAMPUS_BLOCK,
        "192.0.2.0/24",
        path="/api/tix/auth/login/",
        login="email",
        owner=tix_behind(NEIGHBOUR),
    ),
    limits.WRONG_SECOND_FACTORS.name: second_factors,
    limits.CODES_OF_PURPOSE.name: codes_of_a_purpose,
    limits.CODES_ASKED_FOR.name: codes_of_all_purposes,
    limits.CODES_OF_LOG_INS.name: codes_of_log_ins,
    limits.CODES_FROM_ADDRESS.name: codes_from_an_address,
    limits.TRIES_OF_CODE.name: tries_of_a_code,
    limits.TRIES_BY_NUMBER.name: tries_by_number,
    limits.WRONG_CODES_FROM_ADDRESS.name: wrong_codes_from_an_address,
    limits.WRONG_RESETS_FROM_CAMPUS.name: wrong_resets_from_a_campus,
    limits.WRONG_CODES_IN_A_ROW.name: wrong_codes_in_a_row,
    limits.WRONG_ENROLMENTS.name: enrolments,
    limits.REGISTRATIONS_OF_ORGANIZATIONS.name: registrations_of_organizations,
    limits.REGISTRATIONS_AT_CAMPUS.name: registrations_at_campus,
    limits.SOCKET_TICKETS.name: tickets_for_sockets,
    limits.CAMPUS_REFRESHES.name: refreshes_of_a_dashboard,
    limits.LOOK_UPS_BY_CUSTOMER.name: look_ups_by_a_customer,
    limits.LOOK_UPS_BY_MERCHANT.name: look_ups_by_a_shop,
    limits.LOOK_UPS_OF_DAY_BY_MERCHANT.name: look_ups_of_a_day_by_a_shop,
    limits.HEALTH_BY_USHER.name: health_by_an_usher,
    limits.REPORT_VERIFICATIONS.name: report_verifications,
}
# A code that is tried out is dead: it is refused as such, not for a time.
DEAD = {limits.TRIES_OF_CODE.name, limits.TRIES_BY_NUMBER.name}


def refused_after(strange: Callable[[], Answer], *, at_most: int) -> Answer:
    """Let the stranger try until the limit refuses; return that refusal."""
    for _ in range(at_most):
        answer = strange()
        if answer.code in ("RATE_LIMITED", "OTP_EXHAUSTED"):
            return answer
    raise AssertionError(f"not refused in {at_most} tries")


def test_a_stranger_behind_the_same_address_who_tries_codes_stops_no_reset_of_a_password() -> None:
    """Each reset is tried after thirty wrong codes by number or by e-mail address from its own network."""
    with clock.set_to(START):
        make_customer(mobile_number=NUMBER)
        texts()
        challenge = forget(address=NEIGHBOUR).json["challenge_id"]
        code = code_for(NUMBER)
        named = {"mobile_number": OTHER_NUMBER, "otp": "00000000", "new_password": "the next long password"}
        tried = [call("POST", f"{USERS}/reset-password/", named, address=NEIGHBOUR) for _ in range(31)]
        assert tried[-1].code == "RATE_LIMITED"
        mine = {**named, "mobile_number": NUMBER, "otp": code}
        assert call("POST", f"{USERS}/reset-password/", mine, address=NEIGHBOUR).status == 429
        by_challenge = {**mine, "challenge_id": challenge}
        assert call("POST", f"{USERS}/reset-password/", by_challenge, address=NEIGHBOUR).status == 200

        assert [tix_reset("somebody@example.com", "00000000", address=NEIGHBOUR).code for _ in range(31)][-1] != (
            "RATE_LIMITED"
        )
        assert tix_reset_by_owner(NEIGHBOUR).status == 200


def test_a_challenge_of_another_number_resets_nothing() -> None:
    for number in (NUMBER, OTHER_NUMBER):
        make_customer(mobile_number=number)
    texts()
    challenge = forget(OTHER_NUMBER, address=STRANGER).json["challenge_id"]
    body = {"mobile_number": NUMBER, "otp": code_for(OTHER_NUMBER), "new_password": "the next long password"}
    answer = call("POST", f"{USERS}/reset-password/", {**body, "challenge_id": challenge}, address=STRANGER)
    assert answer.code == "OTP_INVALID"
    assert log_in(address=OWNER).status == log_in(OTHER_NUMBER, address=OWNER).status == 200


def test_every_limit_has_a_scenario() -> None:
    assert set(SCENARIOS) == {budget.name for budget in limits.BUDGETS}
    declared = {value.name for value in vars(limits).values() if isinstance(value, Budget)}
    assert declared == set(SCENARIOS)


@pytest.mark.parametrize("budget", limits.BUDGETS, ids=lambda budget: budget.name)
def test_a_stranger_who_fills_a_limit_is_refused_and_the_owner_gets_in(budget: Budget) -> None:
    with clock.set_to(START):
        scenario = SCENARIOS[budget.name]()
        refused = refused_after(scenario.strange, at_most=budget.allowed + 1 if budget.allowed < 100 else 3)
        if budget.name not in DEAD:
            assert (refused.status, refused.code) == (429, "RATE_LIMITED")
            assert 0 < int(refused.headers["retry-after"]) <= budget.window.total_seconds()
            error: Any = refused.json["error"]
            message = error["message"] if isinstance(error, dict) else error
            assert message.startswith(f"Too many {budget.tried}. Try again in ")
        got_in = scenario.owns()
        assert got_in.status in (200, 201), got_in.text


def test_one_password_on_120_accounts_from_one_address_is_refused_at_100() -> None:
    with clock.set_to(START):
        answers = [log_in(f"+92301{n:07}", "one password for all", address=STRANGER) for n in range(120)]
        assert [answer.status for answer in answers] == [401] * 100 + [429] * 20
        assert log_in("+923019999999", "one password for all", address=OWNER).status == 401


def test_an_ipv6_stranger_counts_as_one_address_with_all_of_a_64() -> None:
    make_customer(mobile_number=NUMBER)
    with clock.set_to(START):
        answers = [log_in(password="a guessed password", address=f"2001:db8:0:1::{n:x}") for n in range(1, 12)]
        assert [answer.status for answer in answers] == [401] * 10 + [429]
        assert log_in(address="2001:db8:0:2::1").status == 200


def test_an_address_with_many_failures_is_still_checked_once_an_account_and_no_more_after_a_thousand() -> None:
    make_customer(mobile_number=NUMBER)
    budget = limits.WRONG_PASSWORDS_FROM_ADDRESS
    with clock.set_to(START):
        place, _ = throttle.window_place(f"{budget.name} webapp", STRANGER, budget.window)
        counted = [Throttle.ttl.set(0), Throttle.kind.set(Throttle)]
        operations.record(operations.change(place, [Throttle.tries.set(100), *counted]))
        assert log_in(OTHER_NUMBER, "a guessed password", address=STRANGER).status == 429
        make_customer(mobile_number=OTHER_NUMBER)
        # The failure counted for this account and address: here even the right password has to wait.
        assert log_in(OTHER_NUMBER, address=STRANGER).status == 429
        assert log_in(OTHER_NUMBER, address=NEIGHBOUR).status == 200
        assert log_in(address=STRANGER).status == 200
        operations.record(operations.change(place, [Throttle.tries.set(1000), *counted]))
        assert log_in(address=STRANGER).status == 429
        assert log_in(address=NEIGHBOUR).status == 200


@pytest.mark.by_day
def test_customers_behind_one_address_log_in_within_ten_minutes_beside_a_stranger_who_guesses() -> None:
    """2,000 customers at full size, with the stranger's address full from the first minute."""
    numbers = [f"+92305{n:07}" for n in range(CUSTOMERS)]
    with clock.set_to(START):
        for n in range(limits.WRONG_PASSWORDS_FROM_ADDRESS.allowed):
            log_in(f"+92306{n:07}", "one password for all", address=STRANGER)
        assert log_in("+923069999999", "one password for all", address=STRANGER).status == 429
    for n, number in enumerate(numbers):
        with clock.set_to(START + timedelta(minutes=10) * n / CUSTOMERS):
            make_customer(mobile_number=number)
            begun = log_in(number, address=STRANGER)
            assert begun.status == 200, begun.text
            code = code_for(number)
            assert show(code, STRANGER, challenge_id=begun.json["challenge_id"]).status == 200


def test_an_address_that_asked_for_too_many_codes_logs_in_still() -> None:
    make_customer(mobile_number=NUMBER)
    with clock.set_to(START), configured(LIMIT_CODES_ASKED_PER_ADDRESS=10):
        answers = [forget(f"+92301{n:07}", address=STRANGER) for n in range(11)]
        assert [answer.status for answer in answers] == [202] * 10 + [429]
        message = answers[-1].json["error"]["message"]
        assert message == "Too many codes requested from your address. Try again in 60 minutes."
        assert log_in(address=STRANGER).status == 200


def test_a_local_run_allows_more_tries_but_no_more_of_one_code() -> None:
    with clock.set_to(START), configured(LIMIT_TIMES=10):
        make_customer(mobile_number=NUMBER)
        answers = [forget(address=STRANGER).status for _ in range(31)]
        assert answers == [202] * 30 + [429]
        challenge, code = log_in(address=OWNER).json["challenge_id"], code_for(NUMBER)
        tries = [show(wrong(code), STRANGER, challenge_id=challenge).code for _ in range(6)]
        assert tries == ["OTP_INVALID"] * 5 + ["OTP_EXHAUSTED"]


def test_a_wrong_password_adds_to_the_metric_of_its_portal_without_a_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_in(password="a guessed password", address=STRANGER)
    [metric] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (metric["WrongPasswords"], metric["portal"], metric["stage"]) == ([1.0], "webapp", "local")
    assert NUMBER not in json.dumps(metric)


class TestWrongCodesInARow:
    """A hundred wrong codes in a row for a number, over months if need be, end in a day without."""

    def guesses(self, day: float, *, number: int) -> list[str | None]:
        """Make so many wrong guesses by number on a day, four from each of several addresses."""
        found: list[str | None] = []
        for sent in itertools.count():
            with clock.set_to(START + timedelta(days=day, hours=sent)):
                texts()
                forget(address=OWNER)
                code = code_for(NUMBER)
                for n in range(20):
                    if len(found) == number:
                        return found
                    found.append(self.show(wrong(code), f"203.0.113.{n // 4}").code)
        raise AssertionError

    def show(self, code: str, address: str) -> Answer:
        body = {"mobile_number": NUMBER, "otp": code, "new_password": "the next long password"}
        return call("POST", f"{USERS}/reset-password/", body, address=address)

    @pytest.mark.by_day
    def test_the_hundred_and_first_is_refused_for_a_day_and_then_a_row_begins_again(self) -> None:
        make_customer(mobile_number=NUMBER)
        assert self.guesses(0, number=60) == ["OTP_INVALID"] * 60
        assert self.guesses(3, number=41) == ["OTP_INVALID"] * 40 + ["RATE_LIMITED"]
        with clock.set_to(START + timedelta(days=3, hours=20)):
            texts()
            forget(address=OWNER)
            refused = self.show(code_for(NUMBER), OWNER)
            assert refused.status == 429
            assert refused.json["error"]["message"].startswith("Too many wrong codes in a row for this number.")
            assert log_in(address=OWNER).status == 200
        assert self.guesses(5, number=3) == ["OTP_INVALID"] * 3
        with clock.set_to(START + timedelta(days=6)):
            assert forgotten_password_is_set(OWNER).status == 200

    @pytest.mark.by_day
    def test_a_right_code_ends_the_row(self) -> None:
        make_customer(mobile_number=NUMBER)
        assert self.guesses(0, number=99) == ["OTP_INVALID"] * 99
        with clock.set_to(START + timedelta(days=0.3)):
            assert forgotten_password_is_set(OWNER).status == 200
        assert self.guesses(0.5, number=20) == ["OTP_INVALID"] * 20
