"""Merchant settings: shop profile, notification choices and log-in number."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib.domain import money
from chalicelib.domain.access import accounts, notices, otp, users
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.access.otp import SentCode
from chalicelib.domain.access.sessions import Tokens
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.customers import registration
from chalicelib.domain.money import Money
from chalicelib.errors import AccountSuspended, AlreadyExists, Conflict, NotFound, ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Login, MerchantSettings
from chalicelib.vocabulary.access import AccountStatus, OtpPurpose, Portal

_PLAIN = ("email", "address", "city", "low_stock_threshold")


class NotificationChoices(Struct, frozen=True):
    """The channels by which a merchant receives notices about the shop."""

    sms: bool
    email: bool


class Shop(Struct, frozen=True):
    """A merchant as shown to themselves. `card_fee` is what a customer pays for a card."""

    id: str
    name: str
    mobile_number: str
    email: str | None
    address: str
    city: str
    status: str
    card_fee: Money
    notifications: NotificationChoices
    low_stock_threshold: int


class LoggedInShop(Struct, frozen=True):
    """A logged-in merchant and the session's first tokens."""

    shop: Shop
    tokens: Tokens


def complete_log_in(
    *, code: str, challenge_id: str | None, mobile_number: str | None, visitor: Visitor
) -> LoggedInShop:
    """Log a merchant in with the code. Raises as `registration.confirm_log_in` does."""
    log_in = registration.confirm_log_in(
        code=code,
        challenge_id=challenge_id,
        mobile_number=mobile_number,
        visitor=visitor,
        portal=Portal.MERCHANT,
    )
    return LoggedInShop(show(log_in.account.account_id), log_in.tokens)


def show(merchant_id: str) -> Shop:
    """Return a merchant, with one read. Raises NotFound."""
    places = keys.access.account(merchant_id), keys.merchants.settings(merchant_id)
    found = operations.get_many(places)
    account, settings = found.get(places[0]), found.get(places[1])
    if not isinstance(account, Account):
        raise NotFound
    if not isinstance(settings, MerchantSettings):
        settings = MerchantSettings(*places[1], merchant_id=merchant_id)
    return Shop(
        id=merchant_id,
        name=account.name,
        mobile_number=account.mobile_number,
        email=settings.email,
        address=settings.address or "",
        city=settings.city or "",
        status=account.status,
        card_fee=money.card_fee(),
        notifications=NotificationChoices(sms=settings.by_sms, email=settings.by_email),
        low_stock_threshold=settings.low_stock_threshold,
    )


def change(merchant_id: str, changes: Mapping[str, Any]) -> Shop:
    """Update the given fields and return the whole shop. None clears a field."""
    writes = users.own_changes(merchant_id, changes)
    actions = _actions(changes)
    if actions:
        actions += [MerchantSettings.kind.set(MerchantSettings), MerchantSettings.merchant_id.set(merchant_id)]
        writes.append(operations.change(keys.merchants.settings(merchant_id), actions))
    if writes:
        operations.commit(*writes)
        logger.info("settings changed", extra={"merchant_id": merchant_id, "fields": sorted(changes)})
    return show(merchant_id)


def _actions(changes: Mapping[str, Any]) -> list[Action]:
    asked = changes.get("notifications", {})
    if asked is None:
        asked = {"sms": None, "email": None}
    values = {name: changes[name] for name in _PLAIN if name in changes}
    values |= {f"by_{way}": asked[way] for way in ("sms", "email") if way in asked}
    attributes = {name: getattr(MerchantSettings, name) for name in values}
    return [
        attributes[name].remove() if value is None else attributes[name].set(value) for name, value in values.items()
    ]


def begin_number_change(merchant_id: str, *, new_mobile: str, password: str, address: str) -> SentCode:
    """Send a code to a merchant's new log-in number, without disclosing whether the number is taken.

    Raises InvalidCredentials, RateLimited, AccountSuspended, ValidationFailed if it is the current number.
    """
    account = accounts.get(merchant_id)
    accounts.require_password(account, password, otherwise="The password is wrong.")
    if new_mobile == account.mobile_number:
        message = "is the number that you log in with already"
        raise ValidationFailed(details=[{"field": "new_mobile", "message": message}])
    otp.take_send(OtpPurpose.MOBILE_CHANGE, new_mobile, address=address)
    return otp.send(OtpPurpose.MOBILE_CHANGE, new_mobile, account=account, pending={"mobile_number": new_mobile})


def confirm_number_change(merchant_id: str, *, challenge_id: str, code: str, address: str) -> Shop:
    """Move the log-in to the number that the code proves, and notify the old number. Sessions stay valid.

    Raises OtpInvalid, OtpExpired, OtpExhausted, RateLimited, AccountSuspended, AlreadyExists if the number is another
    merchant's. In that case the code is not spent.
    """
    proof = otp.verify(
        OtpPurpose.MOBILE_CHANGE,
        code,
        challenge_id=challenge_id,
        mobile_number=None,
        address=address,
        account_id=merchant_id,
    )
    new_mobile = str((proof.challenge.pending or {}).get("mobile_number"))
    for _ in retries.attempts():
        account = accounts.get(merchant_id)
        if account.status != AccountStatus.ACTIVE:
            raise AccountSuspended
        registration.require_password_since(proof, account)
        # A concurrent code may have set the same number. Then this code is only spent.
        is_done = account.mobile_number == new_mobile
        owner = notices.owner(account)
        effects = [accounts.unchanged(account)] if is_done else accounts.renumbered(account, new_mobile)
        try:
            proof.commit(*effects)
        except operations.ConditionFailed as failure:
            if not is_done and 0 in failure.failures and _is_anothers(failure, merchant_id):
                raise AlreadyExists("This number is another shop's log-in.") from failure
            continue  # the account was changed between the read and the write
        if not is_done:
            accounts.log_security_event("number changed", account_id=merchant_id)
            notices.send(owner, Changed.NUMBER)
        return show(merchant_id)
    raise Conflict("The account is being changed by others. Try again.")


def _is_anothers(failure: operations.ConditionFailed, merchant_id: str) -> bool:
    """Whether the new log-in exists already and belongs to another merchant."""
    login = failure.found(Login)
    return login is None or login.account_id != merchant_id
