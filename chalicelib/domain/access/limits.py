"""Limits of guessing and of sending: one table of budgets, and what each of them counts (D-SEC-12).

No budget that a stranger can fill refuses the owner. Wrong passwords count per account and address, so a stranger's do
not count for the owner's address. An address that fails often is refused further guesses, but the first try at an
account is still checked, up to a bound. A log-in's codes follow the right password and have a budget of their own.
Wrong codes by number and by challenge count apart.
"""

import ipaddress
from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.config import config
from chalicelib.domain.access import code_texts, throttle
from chalicelib.domain.access.throttle import CountedTry, Limit, LimitedTry, Streak
from chalicelib.observability import count
from chalicelib.table import operations
from chalicelib.table.items import Throttle
from chalicelib.table.operations import Write
from chalicelib.table.places import Key
from chalicelib.vocabulary.access import OtpPurpose, Portal

_QUARTER, _HOUR, _DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)


class Budget(Struct, frozen=True):
    """A budget: so many tries in a window for each value of `per`; `tried` names them in a refusal."""

    name: str
    per: str
    limit: int
    window: timedelta
    tried: str
    # The field of the configured limits that replaces `limit`.
    setting: str | None = None
    shorter: tuple[tuple[int, timedelta], ...] = ()
    # Up to so many tries, a full budget refuses wrong tries only.
    checked_until: int = 0
    # A local run allows more, except where the limit belongs to the code itself.
    scales: bool = True

    @property
    def allowed(self) -> int:
        """The limit of this deployment."""
        return self._scaled(getattr(config().limits, self.setting) if self.setting else self.limit)

    @property
    def checked(self) -> int:
        """Up to how many tries this deployment checks a first try, although the budget is full."""
        return self._scaled(self.checked_until)

    def _scaled(self, limit: int) -> int:
        return limit * config().limits.times if self.scales else limit

    def of(self, whom: str, *, locks: bool = False, refuses: bool = True) -> Limit:
        """Return the sliding limit of one account, number or principal."""
        shorter = tuple((self._scaled(limit), window) for limit, window in self.shorter)
        return Limit(
            self.name, whom, self.allowed, self.window, locks, tried=self.tried, shorter=shorter, refuses=refuses
        )

    def take(self, whom: str, *, until_decided: bool = False) -> CountedTry:
        """Count one try in a fixed window. Raises RateLimited at the limit."""
        return throttle.take(
            self.name, whom, limit=self.allowed, window=self.window, tried=self.tried, until_decided=until_decided
        )


WRONG_PASSWORDS = Budget(
    "wrong password", "account and address", 10, _QUARTER, "wrong passwords for this account from your address"
)
WRONG_PASSWORDS_LOGGED_IN = Budget(
    "wrong password of a session", "account", 10, _QUARTER, "wrong passwords for this account"
)
WRONG_PASSWORDS_FROM_ADDRESS = Budget(
    "wrong password from address", "address", 100, _QUARTER, "wrong passwords from your address", checked_until=1_000
)
WRONG_PASSWORDS_FROM_BLOCK = Budget(
    "wrong password from block", "IPv4 /24", 1_000, _QUARTER, "wrong passwords from your network", checked_until=10_000
)
# Campuses and halls with one address for everybody (contract).
WRONG_PASSWORDS_FROM_CAMPUS = Budget(
    "wrong password from campus", "address", 1_000, _QUARTER, "wrong passwords from your address", checked_until=2_000
)
WRONG_PASSWORDS_FROM_CAMPUS_BLOCK = Budget(
    "wrong password from campus block",
    "IPv4 /24",
    10_000,
    _QUARTER,
    "wrong passwords from your network",
    checked_until=20_000,
)
WRONG_SECOND_FACTORS = Budget(
    "totp", "account and address", 5, timedelta(minutes=5), "wrong six-digit codes for this account from your address"
)
CODES_OF_PURPOSE = Budget("code to number", "number and purpose", 3, _QUARTER, "codes for this number")
CODES_ASKED_FOR = Budget("codes to number", "number", 20, _DAY, "codes for this number", shorter=((6, _QUARTER),))
CODES_OF_LOG_INS = Budget(
    "log-in codes to number",
    "number, after its right password",
    20,
    _DAY,
    "log-in codes for this number",
    shorter=((6, _QUARTER),),
)
CODES_FROM_ADDRESS = Budget(
    "code from address", "address", 300, _HOUR, "codes requested from your address", setting="codes_asked_per_address"
)
TRIES_OF_CODE = Budget("try of code", "code", 5, timedelta(minutes=5), "wrong codes", scales=False)
TRIES_BY_NUMBER = Budget(
    "try of code by number", "code and address", 5, timedelta(minutes=30), "wrong codes", scales=False
)
WRONG_CODES_FROM_ADDRESS = Budget(
    "code tried from address",
    "address, by number",
    30,
    _QUARTER,
    "wrong codes from your address",
    setting="codes_per_address",
)
# Resets of campuses and of Tix are named by e-mail address alone, behind the one address of a campus or a hall. Their
# codes have eight digits.
WRONG_RESETS_FROM_CAMPUS = Budget(
    "reset tried from campus", "address, by e-mail", 1_000, _QUARTER, "wrong codes from your address"
)
WRONG_CODES_IN_A_ROW = Budget(
    "wrong codes in a row", "number, purpose and way", 100, _DAY, "wrong codes in a row for this number"
)
WRONG_ENROLMENTS = Budget("device enrolment", "address", 30, _QUARTER, "wrong enrolment codes from your address")
REGISTRATIONS_OF_ORGANIZATIONS = Budget(
    "registration from address",
    "address",
    100,
    _HOUR,
    "registrations from your address",
    setting="registrations_per_address",
)
# A whole campus behind one address registers on its first day: 1,000 in ten minutes, and twice as much to spare. A
# budget of each campus or domain could be used up by a stranger, and would then refuse its students (D-CAMPUS-02).
REGISTRATIONS_AT_CAMPUS = Budget(
    "campus registration from address", "address", 3_000, _HOUR, "registrations from your address"
)
SOCKET_TICKETS = Budget(
    "socket ticket",
    "principal",
    20,
    timedelta(minutes=1),
    "tickets for live connections",
    setting="socket_tickets",
)
LOOK_UPS_BY_CUSTOMER = Budget("recipient look-up", "customer", 20, _HOUR, "look-ups of numbers")
LOOK_UPS_BY_MERCHANT = Budget("customer look-up", "merchant", 30, timedelta(minutes=1), "look-ups of customers")
LOOK_UPS_OF_DAY_BY_MERCHANT = Budget("customer look-up of a day", "merchant", 200, _DAY, "look-ups of customers")
HEALTH_BY_USHER = Budget("health look-up", "usher", 60, _HOUR, "look-ups of health data")
# A campus has one address for everybody, and a report may be shown to a whole hall.
REPORT_VERIFICATIONS = Budget(
    "report verification", "address", 600, timedelta(minutes=1), "verifications of reports from your address"
)
CAMPUS_REFRESHES = Budget("campus refresh", "principal", 6, timedelta(minutes=1), "refreshes of your dashboard")

BUDGETS = (
    WRONG_PASSWORDS,
    WRONG_PASSWORDS_LOGGED_IN,
    WRONG_PASSWORDS_FROM_ADDRESS,
    WRONG_PASSWORDS_FROM_BLOCK,
    WRONG_PASSWORDS_FROM_CAMPUS,
    WRONG_PASSWORDS_FROM_CAMPUS_BLOCK,
    WRONG_SECOND_FACTORS,
    CODES_OF_PURPOSE,
    CODES_ASKED_FOR,
    CODES_OF_LOG_INS,
    CODES_FROM_ADDRESS,
    TRIES_OF_CODE,
    TRIES_BY_NUMBER,
    WRONG_CODES_FROM_ADDRESS,
    WRONG_RESETS_FROM_CAMPUS,
    WRONG_CODES_IN_A_ROW,
    WRONG_ENROLMENTS,
    REGISTRATIONS_OF_ORGANIZATIONS,
    REGISTRATIONS_AT_CAMPUS,
    SOCKET_TICKETS,
    LOOK_UPS_BY_CUSTOMER,
    LOOK_UPS_BY_MERCHANT,
    LOOK_UPS_OF_DAY_BY_MERCHANT,
    HEALTH_BY_USHER,
    REPORT_VERIFICATIONS,
    CAMPUS_REFRESHES,
)

_MANY_AT_ONE_ADDRESS = (Portal.TIX, Portal.CAMPUS)
_RESETS_AT_ONE_ADDRESS = (OtpPurpose.TIX_RESET, OtpPurpose.CAMPUS_RESET)
# Only the owner of the password causes these codes.
LOG_INS = (OtpPurpose.LOGIN, OtpPurpose.MERCHANT_LOGIN, OtpPurpose.ORGANIZER_LOGIN)


def network(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _block(address: str) -> str | None:
    """Return the /24 of an IPv4 address."""
    try:
        parsed = ipaddress.IPv4Address(network(address))
    except ValueError:
        return None
    return str(ipaddress.ip_network((parsed, 24), strict=False))


class PasswordTry(Struct, frozen=True):
    """A password about to be checked, counted already for its account and address."""

    portal: Portal
    counted: LimitedTry
    shared: tuple[tuple[Budget, str], ...] = ()

    def succeeded(self) -> None:
        """Undo the count."""
        throttle.give_back(self.counted)

    def failed(self) -> None:
        """Count the failure for the address and its block. Raises RateLimited if one of them is full."""
        throttle.keep(self.counted)
        count("WrongPasswords", {self.portal: 1}, by="portal")
        refusal = None
        for budget, whom in self.shared:
            name, window = f"{budget.name} {self.portal}", budget.window
            if throttle.tally(name, whom, window) > budget.allowed:
                refusal = throttle.refusal(budget.tried, throttle.window_place(name, whom, window)[1])
        if refusal is not None:
            raise refusal


def failures(portal: Portal, login: str, address: str) -> Limit:
    """Return the limit of wrong passwords for an account from an address."""
    return WRONG_PASSWORDS.of(f"{portal}:{login.strip().casefold()}:{network(address)}", locks=True)


def take_password_try(portal: Portal, login: str, *, address: str) -> PasswordTry:
    """Count a try before its password is checked, so that parallel guesses cannot exceed the limit. Raises RateLimited.

    The counters of address and block are only read here, so that many log-ins at once do not fill them.
    """
    here = failures(portal, login, address)
    shared = _shared(portal, address)
    places = {
        budget.name: throttle.window_place(f"{budget.name} {portal}", whom, budget.window) for budget, whom in shared
    }
    read: Mapping[Key, Throttle] = operations.get_many([here.place, *(place for place, _ in places.values())])
    has_failed_here = throttle.has_failure(read.get(here.place))
    for budget, _ in shared:
        place, left = places[budget.name]
        tries = read[place].tries if place in read else 0
        is_checked = not has_failed_here and tries < budget.checked
        if tries >= budget.allowed and not is_checked:
            raise throttle.refusal(budget.tried, left)
    known: Mapping[Key, Throttle] = {place: item for place, item in read.items() if place == here.place}
    (counted,) = throttle.slide(here, read=known, until_decided=True)
    return PasswordTry(portal, counted, shared)


def take_session_password_try(portal: Portal, account_id: str) -> PasswordTry:
    """Count a try of the password by a logged-in caller. Raises RateLimited. No stranger's try counts here."""
    (counted,) = throttle.slide(WRONG_PASSWORDS_LOGGED_IN.of(account_id, locks=True), until_decided=True)
    return PasswordTry(portal, counted)


def forgetting_failures(portal: Portal, login: str, *, address: str) -> Write:
    """Return the write that clears the wrong passwords tried at an account from an address."""
    return throttle.forgetting(failures(portal, login, address))


def _shared(portal: Portal, address: str) -> tuple[tuple[Budget, str], ...]:
    is_campus = portal in _MANY_AT_ONE_ADDRESS
    of_address = WRONG_PASSWORDS_FROM_CAMPUS if is_campus else WRONG_PASSWORDS_FROM_ADDRESS
    of_block = WRONG_PASSWORDS_FROM_CAMPUS_BLOCK if is_campus else WRONG_PASSWORDS_FROM_BLOCK
    block = _block(address)
    return ((of_address, network(address)), *(((of_block, block),) if block else ()))


def take_send(purpose: OtpPurpose, number_mac: str, *, address: str | None) -> list[LimitedTry]:
    """Count a code to a number and, for an anonymous request, from its address; return the counts of the number.

    Raises RateLimited.

    A log-in's code counts against its number alone. Codes that anybody can cause do not use up those of log-ins.
    """
    # Some codes go out by e-mail: "codes for this address".
    where = "number" if code_texts.subject(purpose) is None else "address"
    of_purpose, all_asked_for = (
        replace(limit, tried=f"codes for this {where}")
        for limit in (CODES_OF_PURPOSE.of(f"{purpose}:{number_mac}"), CODES_ASKED_FOR.of(number_mac))
    )
    if purpose in LOG_INS:
        also = CODES_OF_LOG_INS.of(number_mac), CODES_ASKED_FOR.of(number_mac, refuses=False)
        return throttle.slide(of_purpose, *also)
    if address is not None:
        CODES_FROM_ADDRESS.take(network(address))
    return throttle.slide(of_purpose, all_asked_for)


def wrong_codes(purpose: OtpPurpose, number_mac: str, *, by_number: bool) -> Streak:
    """Return the row of wrong codes of a number; a right code ends it, a full one a day."""
    way = "number" if by_number else "challenge"
    budget = WRONG_CODES_IN_A_ROW
    return Streak(budget.name, f"{purpose}:{number_mac}:{way}", budget.allowed, budget.window, budget.tried)


def _wrong_codes_from_address(purpose: OtpPurpose) -> Budget:
    return WRONG_RESETS_FROM_CAMPUS if purpose in _RESETS_AT_ONE_ADDRESS else WRONG_CODES_FROM_ADDRESS


def require_codes_left(purpose: OtpPurpose, address: str) -> None:
    """Raise RateLimited after too many wrong codes by number from this address."""
    budget = _wrong_codes_from_address(purpose)
    place, left = throttle.window_place(budget.name, network(address), budget.window)
    counter = operations.get(place)
    if counter is not None and counter.tries >= budget.allowed:
        raise throttle.refusal(budget.tried, left)


def count_wrong_code(purpose: OtpPurpose, address: str) -> None:
    """Count a wrong code by number. Raises RateLimited above the limit."""
    budget, whom = _wrong_codes_from_address(purpose), network(address)
    if throttle.tally(budget.name, whom, budget.window) > budget.allowed:
        raise throttle.refusal(budget.tried, throttle.window_place(budget.name, whom, budget.window)[1])
