"""Registration and log-in of the campus portal: by user name or e-mail address, each tried log-in noted."""

from msgspec import Struct

from chalicelib.domain.access import accounts, limits, resets, sessions
from chalicelib.domain.access.security_log import note_factors
from chalicelib.domain.access.sessions import Tokens
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.campus.people import campus_accounts, campus_profiles, campuses, log_in_audit
from chalicelib.domain.campus.people.campus_accounts import CampusPerson
from chalicelib.domain.campus.people.campus_profiles import CampusProfileView
from chalicelib.errors import AccountSuspended, InvalidCredentials
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, CampusProfile
from chalicelib.vocabulary.access import Factor, Portal
from chalicelib.vocabulary.campus import LogInResult


class CampusLogInAnswer(Struct, frozen=True):
    """The tokens of a fresh session, and the profile of its account."""

    tokens: Tokens
    user: CampusProfileView


def register(person: CampusPerson, *, visitor: Visitor) -> CampusLogInAnswer:
    """Create a student's account and log in. `campus_id` is the id or the name of a campus.

    Raises AlreadyExists, which names the field, ValidationFailed, RateLimited.
    """
    limits.REGISTRATIONS_AT_CAMPUS.take(limits.network(visitor.address))
    campus = campuses.named(person.campus_id)
    account, profile = campus_accounts.create(person.at(campus))
    accounts.log_security_event("campus account registered", account_id=account.account_id)
    note_factors(Factor.REGISTRATION)
    noted = log_in_audit.noting(account.account_id, LogInResult.REGISTERED, visitor)
    tokens = sessions.start(account, visitor=visitor, beside=[noted])
    return CampusLogInAnswer(tokens, campus_profiles.shown(profile, {campus.campus_id: campus}))


def log_in(login: str, password: str, *, visitor: Visitor) -> CampusLogInAnswer:
    """Start a session by user name or e-mail address.

    Raises InvalidCredentials, RateLimited, AccountSuspended.
    """
    try:
        account = accounts.verify_password(Portal.CAMPUS, login, password, address=visitor.address)
    except InvalidCredentials:
        _note_failure(accounts.find(Portal.CAMPUS, login), LogInResult.WRONG_PASSWORD, visitor)
        raise
    except AccountSuspended:
        _note_failure(accounts.find(Portal.CAMPUS, login), LogInResult.SUSPENDED, visitor)
        raise
    profile = _profile(account)
    noted = log_in_audit.noting(account.account_id, LogInResult.SUCCESS, visitor)
    return CampusLogInAnswer(sessions.start(account, visitor=visitor, beside=[noted]), profile)


def _note_failure(account: Account | None, result: LogInResult, visitor: Visitor) -> None:
    if account is not None:
        operations.record(log_in_audit.noting(account.account_id, result, visitor))


def _profile(account: Account) -> CampusProfileView:
    profile = operations.get(keys.campus_people.profile(account.account_id))
    if not isinstance(profile, CampusProfile):
        raise AccountSuspended  # erased while it logged in
    campus = operations.get(keys.campus_people.campus(profile.campus_id))
    return campus_profiles.shown(profile, {campus.campus_id: campus} if campus else {})


def forget_password(email: str, *, address: str) -> None:
    """Mail the code for a password reset if the address has an account. Raises RateLimited."""
    resets.forget(Portal.CAMPUS, email.casefold(), address=address)


def reset_password(email: str, *, code: str, new_password: str, address: str) -> None:
    """Set a new password with the code and end every session.

    Raises OtpInvalid, OtpExpired, OtpExhausted, RateLimited, ValidationFailed for a weak password, Conflict.
    """
    resets.reset(
        Portal.CAMPUS,
        email.casefold(),
        code=code,
        new_password=new_password,
        address=address,
        also_known=lambda account: known_of(account.account_id),
    )


def known_of(user_id: str) -> list[str]:
    """Return what a guesser knows of a person beside the account: student number and campus."""
    profile = campus_profiles.view(user_id)
    return [profile.student_id or "", profile.campus]
