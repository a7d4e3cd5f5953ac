"""The e-mail addresses of Tix users: proven by a code, and the way back in after a forgotten password.

A code that resets a password came by mail, so it proves the address as well.
"""

from collections.abc import Sequence

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import accounts, otp, resets
from chalicelib.errors import Conflict, OtpInvalid, RateLimited, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Organization
from chalicelib.vocabulary.access import OtpPurpose, Portal


def send_proof(account: Account, *, address: str | None) -> None:
    """Mail the code that proves an account's address, unless it is proven.

    Where too many were sent, nothing is: registration and log-in succeed without it. `address` is the caller's, where
    anybody could ask.
    """
    if account.address_proven_at is not None:
        return
    try:
        otp.take_send(OtpPurpose.TIX_ADDRESS, account.login, address=address)
        otp.send(OtpPurpose.TIX_ADDRESS, account.login, account=account)
    except (RateLimited, Unavailable):
        logger.warning("proof of address not sent", extra={"account_id": account.account_id})


def prove(account_id: str, *, email: str, code: str, address: str) -> None:
    """Note that the code has proven the caller's address.

    Raises OtpInvalid, also for the address of another account, OtpExpired, OtpExhausted, RateLimited, Conflict.
    """
    account = accounts.get(account_id)
    if email.strip().casefold() != account.login:
        raise OtpInvalid
    if account.address_proven_at is not None:
        return
    proof = otp.verify(OtpPurpose.TIX_ADDRESS, code, challenge_id=None, mobile_number=account.login, address=address)
    if proof.challenge.account_id != account_id:
        raise OtpInvalid
    try:
        proof.commit(accounts.unchanged(account, changes=_proven()))
    except operations.ConditionFailed as failure:
        raise Conflict("The account is being changed by others. Try again.") from failure
    accounts.log_security_event("address proven", account_id=account_id)


def forget_password(email: str, *, address: str) -> None:
    """Mail the code for a password reset if the address has an account. Raises RateLimited."""
    resets.forget(Portal.TIX, email.casefold(), address=address)


def reset_password(email: str, *, code: str, new_password: str, address: str) -> None:
    """Set a new password with the code and end every session.

    Raises OtpInvalid, OtpExpired, OtpExhausted, RateLimited, ValidationFailed for a weak password, Conflict.
    """
    resets.reset(
        Portal.TIX,
        email.casefold(),
        code=code,
        new_password=new_password,
        address=address,
        also_known=lambda account: known_to_members(account.organization_id),
        also=_proven(),
    )


def known_to_members(organization_id: str | None) -> list[str]:
    """Return what a guesser knows of an organization's members: its name."""
    organization = operations.get(keys.organizations.organization(organization_id or ""))
    return [organization.name] if isinstance(organization, Organization) else []


def _proven() -> Sequence[Action]:
    return [Account.address_proven_at.set(clock.now())]
