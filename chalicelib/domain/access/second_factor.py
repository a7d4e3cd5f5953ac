"""The second factor of staff: time-based codes (RFC 6238), whose secret is sealed under the account's data key.

A secret counts once its owner has shown a code of it. Wrong codes count per account and address, so that nobody locks
the owner out. Wrong codes of one account over all addresses are counted too: a caller who sends them knows the
password.
"""

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib import clock
from chalicelib.domain import encryption, throttle
from chalicelib.domain.access import accounts, limits, notices, security_log
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.errors import InvalidCredentials, InvalidState
from chalicelib.observability import count, logger
from chalicelib.table import operations
from chalicelib.table.items import Account
from chalicelib.vocabulary import Factor

if TYPE_CHECKING:
    import pyotp

ISSUER = "Gatehouse"
# How long a secret waits for its first code.
PENDING_FOR = timedelta(minutes=10)
# The associated data of the sealed secret.
_FIELD = "totp_secret"
_COUNTED = "wrong second factors of an account"
_COUNTED_FOR = timedelta(hours=1)
# So many wrong codes of an account in an hour raise the alarm.
ALARMING = 20
# The text of its line in the log.
GUESSED = "second factor is being guessed"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The state of an account's second factor; `secret` and `uri` are shown once, before it is on."""

    enabled: bool
    secret: str | None = field(default=None, repr=False)
    uri: str | None = field(default=None, repr=False)


def set_up(account_id: str, *, code: str | None, address: str) -> SecondFactor:
    """Begin a second factor without a code, as `enrol` does, or switch it on with one, as `confirm` does."""
    return enrol(account_id) if code is None else confirm(account_id, code, address=address)


def enrol(account_id: str) -> SecondFactor:
    """Return a fresh secret, which `confirm` switches on. Raises InvalidState if a second factor is on, Unavailable."""
    import pyotp  # only second factors need it

    account = accounts.get(account_id)
    if account.totp_sealed is not None:
        raise _is_on()
    secret = pyotp.random_base32()
    pending = [
        Account.totp_pending.set(encryption.seal(account_id, _FIELD, secret)),
        Account.totp_pending_until.set(clock.now() + PENDING_FOR),
    ]
    try:
        acts.record(
            operations.change(account.place, pending, Account.totp_sealed.does_not_exist()),
            subject=_subject(account_id, before="off", after="pending"),
        )
    except operations.ConditionFailed as failure:
        raise _is_on() from failure
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.login, issuer_name=ISSUER)
    return SecondFactor(enabled=False, secret=secret, uri=uri)


def confirm(account_id: str, code: str, *, address: str) -> SecondFactor:
    """Switch the pending secret on with a code of it, and send the owner a notice.

    Raises InvalidState if none is pending, InvalidCredentials, RateLimited, Unavailable.
    """
    account = accounts.get(account_id)
    if account.totp_sealed is not None:
        raise _is_on()
    pending, until = account.totp_pending, account.totp_pending_until
    if pending is None or until is None or clock.now() >= until:
        raise InvalidState("No second factor waits for its code. Begin again without a code.")
    step = _step_of(account, bytes(pending), code, address=address)
    switched_on = [
        Account.totp_sealed.set(bytes(pending)),
        Account.totp_step.set(step),
        Account.totp_pending.remove(),
        Account.totp_pending_until.remove(),
    ]
    is_same = Account.totp_sealed.does_not_exist() & (Account.totp_pending == bytes(pending))
    owner = notices.owner(account)
    try:
        acts.record(
            operations.change(account.place, switched_on, is_same),
            subject=_subject(account_id, before="pending", after="on"),
        )
    except operations.ConditionFailed as failure:
        found = failure.found(Account)
        if found is None or found.totp_sealed != pending:
            raise InvalidState("The second factor was changed meanwhile. Begin again.") from failure
        # An earlier try of this call had switched it on.
    accounts.log_security_event("second factor switched on", account_id=account_id)
    notices.send(owner, Changed.SECOND_FACTOR)
    return SecondFactor(enabled=True)


def remove(account_id: str) -> None:
    """Switch the second factor off, and send the owner a notice if it was on. Idempotent."""
    account = accounts.get(account_id)
    if account.totp_sealed is None and account.totp_pending is None:
        return
    attributes = (Account.totp_sealed, Account.totp_step, Account.totp_pending, Account.totp_pending_until)
    owner = notices.owner(account)
    acts.record(
        operations.change(account.place, [attribute.remove() for attribute in attributes], Account.pk.exists()),
        subject=_subject(account_id, before="on" if account.totp_sealed is not None else "pending", after="off"),
    )
    if account.totp_sealed is not None:
        accounts.log_security_event("second factor switched off", account_id=account_id)
        notices.send(owner, Changed.SECOND_FACTOR)


def require(account: Account, code: str | None, *, address: str) -> None:
    """Check the code of a log-in, where the account has a second factor. Raises InvalidCredentials, RateLimited."""
    if account.totp_sealed is None:
        return
    if code is None:
        raise InvalidCredentials("This account needs its six-digit code in `totp`.")
    step = _step_of(account, bytes(account.totp_sealed), code, address=address)
    # RFC 6238, 5.2: a code is accepted once, so that an observed code is worthless.
    is_unused = Account.totp_step.does_not_exist() | (Account.totp_step < step)
    try:
        operations.record(operations.change(account.place, [Account.totp_step.set(step)], is_unused))
    except operations.ConditionFailed as failure:
        raise InvalidCredentials("This code was used. Wait for the next one.") from failure
    security_log.note_factors(Factor.TOTP)


def _step_of(account: Account, sealed: bytes, code: str, *, address: str) -> int:
    """Return the time step of a right code. Raises InvalidCredentials, RateLimited."""
    # RFC 6238 codes have a million values: five guesses per five minutes are negligible.
    limits.WRONG_SECOND_FACTORS.take(f"{account.account_id}:{limits.network(address)}")
    totp = _totp(encryption.open_sealed(account.account_id, _FIELD, sealed))
    now = totp.timecode(clock.now())
    # One step of drift each way.
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            return step
    _count_wrong(account)
    raise InvalidCredentials("The six-digit code is wrong.")


def _subject(account_id: str, *, before: str, after: str) -> AuditSubject:
    return AuditSubject("account", account_id, {"second_factor": before}, {"second_factor": after})


def _count_wrong(account: Account) -> None:
    if throttle.tally(_COUNTED, account.account_id, _COUNTED_FOR) == ALARMING:
        logger.error(GUESSED, extra={"security": True, "account_id": account.account_id})
        count("GuessedSecondFactors", {account.portal: 1}, by="portal")


def _totp(secret: str) -> "pyotp.TOTP":
    import pyotp  # as above

    return pyotp.TOTP(secret)


def _is_on() -> InvalidState:
    return InvalidState("A second factor is on already. Remove it first.")
