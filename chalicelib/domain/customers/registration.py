"""Registration and log-in by mobile number, each confirmed by a code to the number.

Customers, merchants and organizers share this flow, with separate codes: one number may have all three accounts. A
pending registration is stored only in its challenge, so that an unproven number is never reserved. Responses and
table reads are the same whether or not a number is registered.
"""

from dataclasses import dataclass, field

from chalicelib.domain.access import accounts, known_devices, new_accounts, numbers, otp, passwords, sessions
from chalicelib.domain.access.otp import SentCode, VerifiedCode
from chalicelib.domain.access.sessions import Tokens
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.customers import customers
from chalicelib.domain.customers.customers import Customer
from chalicelib.domain.tickets import gifts
from chalicelib.errors import AccountSuspended, AlreadyExists, OtpInvalid, Unavailable
from chalicelib.observability import logger
from chalicelib.table import operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AccountStatus, OtpPurpose, Portal

_LOG_IN = {
    Portal.WEBAPP: OtpPurpose.LOGIN,
    Portal.MERCHANT: OtpPurpose.MERCHANT_LOGIN,
    Portal.ORGANIZER: OtpPurpose.ORGANIZER_LOGIN,
}
_CHANGED = "The password or the number was changed since. Log in again."


@dataclass(frozen=True, slots=True)
class CustomerLogIn:
    """A logged-in account and the session's first tokens."""

    account: Account
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class LoggedInCustomer:
    """A logged-in customer and the session's first tokens."""

    customer: Customer
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class RegistrationNamed:
    """A registration named by its challenge, or by the number and the password that began it."""

    challenge_id: str | None = None
    mobile_number: str | None = None
    password: str | None = field(default=None, repr=False)

    def find(self) -> str:
        """Return the id of its challenge, or a placeholder, so that the same reads follow."""
        return self.challenge_id or otp.registration_of(self.mobile_number or "", self.password or "")


def register(
    *, mobile_number: str, password: str, name: str, email: str | None, date_of_birth: str | None, address: str
) -> SentCode:
    """Start a registration and send its code. A registered number receives a text that says so instead.

    Raises ValidationFailed for a weak password, RateLimited.
    """
    about = (name, mobile_number, email)
    passwords.require_acceptable(password, Portal.WEBAPP, about=about)
    otp.take_send(OtpPurpose.REGISTER, mobile_number, address=address)
    pending = {
        "found_by": otp.registration_macs(mobile_number, password),
        "mobile_number": mobile_number,
        "password_hash": passwords.hash_password(password, Portal.WEBAPP, about=about),
        "name": name,
        "email": email,
        "date_of_birth": date_of_birth,
    }
    account = numbers.find_by_number(mobile_number)
    return otp.send(OtpPurpose.REGISTER, mobile_number, account=account, pending=pending)


def confirm(*, code: str, registered: RegistrationNamed, visitor: Visitor) -> CustomerLogIn:
    """Create the customer after the code has proven the number.

    A registration belongs to the caller who began it: its challenge or its password names it.
    Raises OtpInvalid, OtpExpired, OtpExhausted, RateLimited, AlreadyExists.
    """
    proof = otp.verify(
        OtpPurpose.REGISTER, code, challenge_id=registered.find(), mobile_number=None, address=visitor.address
    )
    pending = {name: value for name, value in (proof.challenge.pending or {}).items() if name != "found_by"}
    account, creation = new_accounts.customer(**pending, known_device=visitor.mark)
    session, tokens = sessions.begin(account, visitor=visitor)
    try:
        proof.commit(*creation, session)
    except operations.ConditionFailed as failure:
        raise AlreadyExists("This number is registered already. Log in.") from failure
    accounts.log_security_event("customer registered", account_id=account.account_id)
    _claim_gifts(account)
    return CustomerLogIn(account, tokens)


def log_in(*, mobile_number: str, password: str, address: str, portal: Portal = Portal.WEBAPP) -> SentCode:
    """Send the code that completes a log-in. Raises InvalidCredentials, RateLimited, AccountSuspended."""
    account = accounts.verify_password(portal, mobile_number, password, address=address)
    otp.take_send(_LOG_IN[portal], mobile_number, address=address)
    return otp.send(_LOG_IN[portal], mobile_number, account=account)


def confirm_log_in(
    *, code: str, challenge_id: str | None, mobile_number: str | None, visitor: Visitor, portal: Portal = Portal.WEBAPP
) -> CustomerLogIn:
    """Start the session of the account that the code was sent for.

    Raises OtpInvalid, OtpExpired, OtpExhausted, RateLimited, AccountSuspended.
    """
    proof = otp.verify(
        _LOG_IN[portal], code, challenge_id=challenge_id, mobile_number=mobile_number, address=visitor.address
    )
    account = accounts.get(proof.challenge.account_id)
    if account.status != AccountStatus.ACTIVE:
        raise AccountSuspended
    require_password_since(proof, account)
    _require_number_still(proof, account)
    session, tokens = sessions.begin(account, visitor=visitor)
    try:
        proof.commit(session, accounts.unchanged(account, changes=known_devices.remembering(account, visitor)))
    except operations.ConditionFailed as failure:
        raise OtpInvalid(_CHANGED) from failure
    known_devices.notify(account, visitor)
    if portal is Portal.WEBAPP:
        _claim_gifts(account)
    return CustomerLogIn(account, tokens)


def complete(*, code: str, registered: RegistrationNamed, visitor: Visitor) -> LoggedInCustomer:
    """Create a customer as `confirm` does and return them with their profile."""
    log_in = confirm(code=code, registered=registered, visitor=visitor)
    return LoggedInCustomer(customers.show(log_in.account), log_in.tokens)


def complete_log_in(
    *, code: str, challenge_id: str | None, mobile_number: str | None, visitor: Visitor
) -> LoggedInCustomer:
    """Log a customer in as `confirm_log_in` does and return them with their profile."""
    log_in = confirm_log_in(code=code, challenge_id=challenge_id, mobile_number=mobile_number, visitor=visitor)
    return LoggedInCustomer(customers.show(log_in.account), log_in.tokens)


def require_password_since(proof: VerifiedCode, account: Account) -> None:
    """Raise OtpInvalid if the password has changed since the code was first sent."""
    if account.sessions_end_before and proof.challenge.started_at <= account.sessions_end_before:
        raise OtpInvalid(_CHANGED)


def _require_number_still(proof: VerifiedCode, account: Account) -> None:
    """Raise OtpInvalid if the code was sent to a number that is no longer the account's."""
    if not otp.was_sent_to(proof.challenge, account.mobile_number):
        raise OtpInvalid(_CHANGED)


def _claim_gifts(customer: Account) -> None:
    try:
        gifts.claim_all(customer)
    except Unavailable:
        # The code is spent and the log-in valid, so pending gifts are claimed at the next log-in.
        logger.warning("gifts not claimed now", extra={"customer_id": customer.account_id})
