"""Forgotten passwords: a code to the number or address of the account, then a fresh password and no session left.

Requests about unknown accounts cause the same reads and writes, and their responses are the same.
"""

from collections.abc import Callable, Iterable, Sequence

from pynamodb.expressions.update import Action

from chalicelib.domain.access import accounts, lock_outs, notices, otp, passwords
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.access.otp import SentCode
from chalicelib.errors import Conflict, OtpInvalid
from chalicelib.table import operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import OtpPurpose, Portal

_ATTEMPTS = 3
_PURPOSES = {
    Portal.WEBAPP: OtpPurpose.RESET,
    Portal.ORGANIZER: OtpPurpose.ORGANIZER_RESET,
    Portal.TIX: OtpPurpose.TIX_RESET,
    Portal.CAMPUS: OtpPurpose.CAMPUS_RESET,
}


def _nothing(_: Account) -> Iterable[str]:
    return ()


def _reached_at(account: Account) -> str | None:
    """Return where the code of an account is sent: to what it logs in by, in the campus portal to its address."""
    return account.email if account.portal is Portal.CAMPUS else account.login


def forget(portal: Portal, login: str, *, address: str) -> SentCode:
    """Send the code for a reset, if the number or e-mail address has an account. Raises RateLimited."""
    otp.take_send(_PURPOSES[portal], login, address=address)
    return otp.send(_PURPOSES[portal], login, account=accounts.find(portal, login))


def reset(  # noqa: PLR0913  # a request, and what its portal adds
    portal: Portal,
    login: str,
    *,
    code: str,
    new_password: str,
    address: str,
    challenge_id: str | None = None,
    also_known: Callable[[Account], Iterable[str]] = _nothing,
    also: Sequence[Action] = (),
) -> None:
    """Set a password with the code and end every session.

    With a `challenge_id` its tries count apart from those by number, which anybody can use up.

    `also_known` returns what a guesser knows beside the account, `also` are further changes of the account. Raises
    OtpInvalid, OtpExpired, OtpExhausted, RateLimited, ValidationFailed for a weak password, Conflict.
    """
    # Before the code, so that a weak password costs no try of it. What is known of the account is checked after it.
    passwords.require_acceptable(new_password, portal, about=(login,), field="new_password")
    proof = otp.verify(_PURPOSES[portal], code, challenge_id=challenge_id, mobile_number=login, address=address)
    if not otp.was_sent_to(proof.challenge, login):
        raise OtpInvalid
    password_hash = None
    for _ in range(_ATTEMPTS):
        account = accounts.get(proof.challenge.account_id)
        if not otp.was_sent_to(proof.challenge, _reached_at(account)):
            raise OtpInvalid("The number or address was changed since. Ask for another code.")
        owner = notices.owner(account)
        if password_hash is None:
            about = (*accounts.known_of(account, owner), *also_known(account))
            password_hash = passwords.hash_password(new_password, portal, about=about, field="new_password")
        try:
            proof.commit(*accounts.password_reset(account, password_hash, address=address, also=also))
        except operations.ConditionFailed:
            continue  # the account was changed between the read and the write
        lock_outs.forget()
        accounts.log_security_event("password reset", account_id=account.account_id)
        notices.send(owner, Changed.PASSWORD)
        return
    raise Conflict("The account is being changed by others. Try again.")
