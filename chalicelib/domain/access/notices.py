"""Notices to an account's owner that a way in, or a way to their money, was changed (OWASP ASVS 5, 6.3.7).

They go to the number and the e-mail address from before the change, without a secret and without a link. They are
sent after the change is committed, so a notice that fails is logged and fails no request.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from chalicelib import mail_addresses
from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.errors import Unavailable
from chalicelib.identifiers import id_of_fact, new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Item, MerchantSettings, OrganizerProfile, Profile
from chalicelib.vocabulary.access import Portal

_ADDRESSES = {
    Portal.WEBAPP: keys.customers.profile,
    Portal.MERCHANT: keys.merchants.settings,
    Portal.ORGANIZER: keys.organizers.profile,
}


class Changed(StrEnum):
    """What an owner hears of."""

    PASSWORD = "password"  # noqa: S105  # the kind of change
    NUMBER = "number"
    EMAIL = "email"
    BANK_ACCOUNT = "bank_account"
    CARD = "card"
    NEW_DEVICE = "new_device"
    SECOND_FACTOR = "second_factor"
    RECOVERY_CODE = "recovery_code"


TEXTS: Mapping[Changed, str] = {
    Changed.PASSWORD: "the password of your {portal} account was changed.",
    Changed.NUMBER: "the number of your {portal} account was changed.",
    Changed.EMAIL: "the email address of your {portal} account was changed.",
    Changed.BANK_ACCOUNT: "the bank account of your {portal} account was changed.",
    Changed.CARD: "card ...{card} was bound to your {portal} account by {shop}.",
    Changed.SECOND_FACTOR: "the second factor of your {portal} account was changed.",
    Changed.RECOVERY_CODE: "a recovery code of your {portal} account was used, or all were renewed.",
    Changed.NEW_DEVICE: "a new device or network ({device}) logged in to your {portal} account.",
}
_OTHERWISE = "If that was not you, tell us at once."
_NAMES = {Portal.WEBAPP: "customer", Portal.MERCHANT: "shop", Portal.ADMIN: "staff"}


class Owner(Struct, frozen=True):
    """Where the owner of an account is reached."""

    account_id: str
    portal: Portal
    number: str | None
    email: str | None


def owner(account: Account) -> Owner:
    """Return where an account's owner is reached now; read it before the change."""
    place = _ADDRESSES.get(account.portal)
    return owner_with(account, operations.get(place(account.account_id)) if place else None)


def owner_with(account: Account, details: Item | None) -> Owner:
    """Return where an account's owner is reached, by details that were read already."""
    email = details.email if isinstance(details, Profile | MerchantSettings | OrganizerProfile) else None
    if email is None:
        email = account.email or (account.login if "@" in account.login else None)
    # Earlier releases took addresses that no mail reaches.
    is_reachable = email is not None and mail_addresses.is_reachable(email)
    return Owner(account.account_id, account.portal, account.mobile_number, email if is_reachable else None)


def send(to: Owner, changed: Changed, *, card: str = "", shop: str = "", device: str = "", fact_id: str = "") -> None:
    """Queue the notice of a change on the owner's number and e-mail address. `shop` is quoted already.

    Notices of one `fact_id` are sent once, however often the change is asked for.
    """
    text = TEXTS[changed].format(portal=_NAMES.get(to.portal, to.portal), card=card, shop=shop, device=device)
    ways = [(Channel.SMS, to.number), (Channel.EMAIL, to.email)]
    for channel, address in ways:
        if address is None:
            continue
        subject = "[Gatehouse] Your account was changed" if channel is Channel.EMAIL else None
        body = f"Gatehouse: {text} {_OTHERWISE}"
        known_by = f"{to.account_id}/{changed}/{fact_id}/{channel}"
        message_id = id_of_fact("msg", known_by) if fact_id else new_id("msg")
        try:
            messages.enqueue(Message(message_id=message_id, channel=channel, to=address, subject=subject, body=body))
        except Unavailable:
            logger.warning("notice not sent", extra={"account_id": to.account_id, "changed": changed})
