"""One-time links by which users of the portals set their password: for new accounts, and when staff send a reset.

The table has the hash of the newest link's token only. Setting the password, which changes the stored hash, spends the
link. Staff see neither the link nor the password.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.config import config
from chalicelib.domain.access import accounts, lock_outs, notices, passwords
from chalicelib.domain.access.notices import Changed, Owner
from chalicelib.domain.quotations import quote
from chalicelib.errors import InvalidCredentials, InvalidState, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AccountStatus

LIFETIME = timedelta(hours=24)
PAGE = "/api/auth/first-admin/"
_SECRET_LENGTH = 43  # of 32 bytes in base64url
_UNKNOWN = "This link was used, replaced or has expired. Ask for a new one."
_SUBJECT = "[Gatehouse] Set your password"
_LONGEST_NAME = 24


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A link before it is stored: its token, the hash to store, and until when it works."""

    token: str = field(repr=False)
    hash: str = field(repr=False)
    until: datetime

    @property
    def changes(self) -> tuple[Action, ...]:
        """The changes of the account that make the link valid, in place of an earlier one."""
        return Account.link_hash.set(self.hash), Account.link_until.set(self.until)


def make(account_id: str) -> PasswordLink:
    """Return a link of an account, which works once it is stored."""
    secret = secrets.token_urlsafe(32)
    return PasswordLink(f"{secret}{account_id}", _hash(secret), clock.now() + LIFETIME)


def page_of(url: str, link: PasswordLink) -> str:
    """Return the address of the page that takes a link; the token is in the fragment, which no server sees."""
    return urlsplit(f"{url.rstrip('/')}{PAGE}")._replace(fragment=f"set.{link.token}").geturl()


def require_reachable(owner: Owner) -> None:
    """Raise InvalidState if no link can be sent to this owner."""
    if owner.number is None and owner.email is None:
        raise InvalidState("This user has no e-mail address to send the link to. Set `email` first.")


def send(link: PasswordLink, account: Account, owner: Owner) -> None:
    """Queue a link to its owner: by e-mail where there is an address, else to the number."""
    address = page_of(config().public_url, link)
    name = quote(account.name, longest=_LONGEST_NAME)
    body = f"Gatehouse: set the password of {name} ({account.portal}) here, once, within 24 hours: {address}"
    by_mail = owner.email is not None
    message = Message(
        message_id=new_id("msg"),
        channel=Channel.EMAIL if by_mail else Channel.SMS,
        to=owner.email or owner.number or "",
        subject=_SUBJECT if by_mail else None,
        body=body,
        is_code=True,
    )
    try:
        messages.enqueue(message)
    except Unavailable:
        # The change is committed; staff can send another.
        logger.warning("password link not sent", extra={"account_id": account.account_id})


def accept(*, token: str, password: str) -> None:
    """Set the password of a link's account, end its sessions and spend the link.

    Raises InvalidCredentials for a link that opens nothing, ValidationFailed for a weak password.
    """
    secret, account_id = token[:_SECRET_LENGTH], token[_SECRET_LENGTH:]
    account = operations.get(keys.access.account(account_id or "none"))
    if (
        account is None
        or account.link_hash is None
        or account.link_until is None
        or not hmac.compare_digest(account.link_hash, _hash(secret))
        or clock.now() >= account.link_until
        or account.status != AccountStatus.ACTIVE
    ):
        raise InvalidCredentials(_UNKNOWN)
    owner = notices.owner(account)
    about = accounts.known_of(account, owner)
    password_hash = passwords.hash_password(password, account.portal, about=about)
    try:
        # Fails if the password has changed since: another use of this link, or the owner's own change.
        operations.commit(*accounts.password_set(account, password_hash))
    except operations.ConditionFailed as failure:
        raise InvalidCredentials(_UNKNOWN) from failure
    lock_outs.forget()
    accounts.log_security_event("password set by link", account_id=account.account_id)
    notices.send(owner, Changed.PASSWORD)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
