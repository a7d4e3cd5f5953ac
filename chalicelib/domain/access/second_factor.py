"""The second factor of staff: time-based codes (RFC 6238), whose secret is sealed under the account's data key.

A secret counts once its owner has shown a code of it. Then ten recovery codes are shown, each good once in place of a
code. Wrong codes count per account and address, so that nobody locks the owner out. Wrong codes of one account over all
addresses are counted too: a caller who sends them knows the password.

A role may require a second factor (`SECOND_FACTOR_ROLES`). A member without one then gets sessions whose tokens carry
no role (`accounts.claims`): guards admit these to enrolling and log-out alone.
"""

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import accounts, limits, notices, recovery_codes, security_log, throttle
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.access.throttle import LimitedTry
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.crypto import encryption
from chalicelib.errors import InvalidCredentials, InvalidState
from chalicelib.observability import count, logger
from chalicelib.table import operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Factor

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
_ATTRIBUTES = (
    Account.totp_sealed,
    Account.totp_step,
    Account.totp_pending,
    Account.totp_pending_until,
    Account.recovery_key,
    Account.recovery_macs,
)
# The text of its line in the log.
GUESSED = "second factor is being guessed"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The state of an account's second factor. `secret`, `uri` and `recovery_codes` are shown once."""

    enabled: bool
    secret: str | None = field(default=None, repr=False)
    uri: str | None = field(default=None, repr=False)
    recovery_codes: list[str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Proof:
    """A right code: the condition that it was not used yet, and the change of the account that spends it."""

    is_unused: Condition
    spending: Action
    factor: Factor


def set_up(account_id: str, *, code: str | None, current: str | None, address: str) -> SecondFactor:
    """Take one step of setting up a second factor.

    Without `code` a fresh secret is returned; where a factor is on, `current` must prove it. With a code of that secret
    it is switched on, in place of a former one. With a code of a factor that is on, and no secret waiting, its recovery
    codes are renewed. Raises InvalidState, InvalidCredentials, RateLimited, Unavailable.
    """
    account = accounts.get(account_id)
    if code is None:
        return _enrol(account, current, address=address)
    if account.totp_sealed is not None and not _waits(account):
        return _renew(account, code, address=address)
    return _confirm(account, code, address=address)


def _enrol(account: Account, current: str | None, *, address: str) -> SecondFactor:
    import pyotp  # only second factors need it

    actions, condition = [], Account.totp_sealed.does_not_exist()
    if account.totp_sealed is not None:
        if current is None:
            raise _is_on()
        proof = _prove(account, current, address=address)
        actions, condition = [proof.spending], (Account.totp_sealed == bytes(account.totp_sealed)) & proof.is_unused
    secret = pyotp.random_base32()
    actions += [
        Account.totp_pending.set(encryption.seal(account.account_id, _FIELD, secret)),
        Account.totp_pending_until.set(clock.now() + PENDING_FOR),
    ]
    try:
        acts.record(
            operations.change(account.place, actions, condition),
            subject=_subject(account, before=_state(account), after="pending"),
        )
    except operations.ConditionFailed as failure:
        raise (_is_on() if account.totp_sealed is None else _was_used()) from failure
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.login, issuer_name=ISSUER)
    return SecondFactor(enabled=account.totp_sealed is not None, secret=secret, uri=uri)


def _confirm(account: Account, code: str, *, address: str) -> SecondFactor:
    pending, former = account.totp_pending, account.totp_sealed
    if pending is None or not _waits(account):
        raise InvalidState("No second factor waits for its code. Begin again without a code.")
    step = _step_of(account, bytes(pending), code, address=address)
    fresh = recovery_codes.make(account.account_id)
    switched_on = [
        Account.totp_sealed.set(bytes(pending)),
        Account.totp_step.set(step),
        Account.totp_pending.remove(),
        Account.totp_pending_until.remove(),
        *fresh.changes,
    ]
    as_before = Account.totp_sealed.does_not_exist() if former is None else Account.totp_sealed == bytes(former)
    owner = notices.owner(account)
    try:
        acts.record(
            operations.change(account.place, switched_on, as_before & (Account.totp_pending == bytes(pending))),
            subject=_subject(account, before="pending", after="on"),
        )
    except operations.ConditionFailed as failure:
        found = failure.found(Account)
        if found is None or found.recovery_macs != fresh.macs:
            raise InvalidState("The second factor was changed meanwhile. Begin again.") from failure
        # An earlier try of this call had switched it on.
    accounts.log_security_event("second factor switched on", account_id=account.account_id)
    notices.send(owner, Changed.SECOND_FACTOR)
    return SecondFactor(enabled=True, recovery_codes=fresh.codes)


def _renew(account: Account, code: str, *, address: str) -> SecondFactor:
    """Replace the recovery codes of a factor that is on, after a code of it."""
    proof = _prove(account, code, address=address)
    if proof.factor is not Factor.TOTP:
        raise InvalidCredentials(
            "Recovery codes are renewed with a six-digit code. To replace the app, send `current`."
        )
    fresh = recovery_codes.make(account.account_id)
    owner = notices.owner(account)
    same = Account.totp_sealed == bytes(account.totp_sealed or b"")
    try:
        acts.record(
            operations.change(account.place, [proof.spending, *fresh.changes], same & proof.is_unused),
            subject=AuditSubject("account", account.account_id, after={"recovery_codes": "renewed"}),
        )
    except operations.ConditionFailed as failure:
        found = failure.found(Account)
        if found is None or found.recovery_macs != fresh.macs:
            raise _was_used() from failure
    accounts.log_security_event("recovery codes renewed", account_id=account.account_id)
    notices.send(owner, Changed.RECOVERY_CODE)
    return SecondFactor(enabled=True, recovery_codes=fresh.codes)


def remove(account_id: str, *, code: str, address: str) -> None:
    """Switch the second factor off with a code of it, and send the owner a notice. Idempotent.

    Raises InvalidState where the role requires one, InvalidCredentials, RateLimited, Unavailable.
    """
    account = accounts.get(account_id)
    if account.totp_sealed is None and account.totp_pending is None:
        return
    condition: Condition = Account.totp_sealed.does_not_exist()
    if account.totp_sealed is not None:
        if accounts.requires_second_factor(account):
            raise InvalidState("Your role requires a second factor. Replace it: begin another with `current`.")
        proof = _prove(account, code, address=address)
        condition = (Account.totp_sealed == bytes(account.totp_sealed)) & proof.is_unused
    owner = notices.owner(account)
    try:
        acts.record(
            operations.change(account.place, removal(), condition),
            subject=_subject(account, before=_state(account), after="off"),
        )
    except operations.ConditionFailed as failure:
        found = failure.found(Account)
        if found is not None and found.totp_sealed is None and found.totp_pending is None:
            return  # an earlier try of this call, or another call
        raise _was_used() from failure
    if account.totp_sealed is not None:
        accounts.log_security_event("second factor switched off", account_id=account_id)
        notices.send(owner, Changed.SECOND_FACTOR)


def removal() -> list[Action]:
    """Return the changes of an account that leave it without a second factor and without recovery codes."""
    return [attribute.remove() for attribute in _ATTRIBUTES]


def require(account: Account, code: str | None, *, address: str) -> None:
    """Check the code of a log-in, where the account has a second factor. Raises InvalidCredentials, RateLimited."""
    if account.totp_sealed is None:
        return
    if code is None:
        raise InvalidCredentials("This account needs its six-digit code in `totp`.")
    proof = _prove(account, code, address=address)
    try:
        # A transaction: its token makes a retry of the SDK, after a lost answer, no second use.
        operations.commit(operations.change(account.place, [proof.spending], proof.is_unused))
    except operations.ConditionFailed as failure:
        raise _was_used() from failure
    security_log.note_factors(proof.factor)
    if proof.factor is Factor.RECOVERY_CODE:
        accounts.log_security_event("recovery code used", account_id=account.account_id)
        notices.send(notices.owner(account), Changed.RECOVERY_CODE)


def _prove(account: Account, code: str, *, address: str) -> _Proof:
    """Return the proof of a right code, not yet spent. Raises InvalidCredentials, RateLimited."""
    if code.isdecimal():
        step = _step_of(account, bytes(account.totp_sealed or b""), code, address=address)
        # RFC 6238, 5.2: a code is accepted once, so that an observed code is worthless.
        is_unused = Account.totp_step.does_not_exist() | (Account.totp_step < step)
        return _Proof(is_unused, Account.totp_step.set(step), Factor.TOTP)
    tried = _take_try(account, address)
    mac = recovery_codes.find(account, code)
    if mac is None:
        _count_wrong(account, tried)
        raise InvalidCredentials("The recovery code is wrong, or was used.")
    throttle.give_back(tried)
    is_unused = Account.recovery_macs.contains(mac)
    return _Proof(is_unused, Account.recovery_macs.delete({mac}), Factor.RECOVERY_CODE)


def _take_try(account: Account, address: str) -> LimitedTry:
    """Count a try before its code is compared. Beside five that are being compared it waits. Raises RateLimited."""
    # RFC 6238 codes have a million values: five guesses per five minutes are negligible.
    limit = limits.WRONG_SECOND_FACTORS.of(f"{account.account_id}:{limits.network(address)}")
    (tried,) = throttle.slide(limit, until_decided=True)
    return tried


def _step_of(account: Account, sealed: bytes, code: str, *, address: str) -> int:
    """Return the time step of a right code. Raises InvalidCredentials, RateLimited."""
    tried = _take_try(account, address)
    totp = _totp(encryption.open_sealed(account.account_id, _FIELD, sealed))
    now = totp.timecode(clock.now())
    # One step of drift each way.
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            throttle.give_back(tried)
            return step
    _count_wrong(account, tried)
    raise InvalidCredentials("The six-digit code is wrong.")


def _waits(account: Account) -> bool:
    """Whether a secret waits for its first code; one that was given up waits no longer."""
    until = account.totp_pending_until
    return account.totp_pending is not None and until is not None and clock.now() < until


def _state(account: Account) -> str:
    if account.totp_sealed is not None:
        return "on"
    return "off" if account.totp_pending is None else "pending"


def _was_used() -> InvalidCredentials:
    return InvalidCredentials("This code was used. Wait for the next one.")


def _subject(account: Account, *, before: str, after: str) -> AuditSubject:
    return AuditSubject("account", account.account_id, {"second_factor": before}, {"second_factor": after})


def _count_wrong(account: Account, tried: LimitedTry) -> None:
    throttle.keep(tried)
    if throttle.tally(_COUNTED, account.account_id, _COUNTED_FOR) == ALARMING:
        logger.error(GUESSED, extra={"security": True, "account_id": account.account_id})
        count("GuessedSecondFactors", {account.portal: 1}, by="portal")


def _totp(secret: str) -> "pyotp.TOTP":
    import pyotp  # as above

    return pyotp.TOTP(secret)


def _is_on() -> InvalidState:
    return InvalidState("A second factor is on already. To replace it, send a code of it as `current`.")
