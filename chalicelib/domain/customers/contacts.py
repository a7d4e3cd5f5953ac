"""How a customer is reached with notices: the channels that they chose, and their language (D-NOTE-02)."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import mail_addresses
from chalicelib.clients.messages import Channel
from chalicelib.errors import ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Profile
from chalicelib.vocabulary.customers import Language

_ATTRIBUTES = {"sms": "by_sms", "email": "by_email"}


class ContactChoices(Struct, frozen=True):
    """The channels by which a customer receives notices, chosen or by default."""

    sms: bool
    email: bool


class Contact(Struct, frozen=True):
    """A customer as the receiver of notices; `may_mail` is whether a mail may replace an SMS."""

    customer_id: str
    name: str
    ways: tuple[tuple[Channel, str], ...]
    language: Language
    may_mail_to: str | None


def choices(profile: Profile) -> ContactChoices:
    """Return a customer's channels: mail where there is an address, else SMS, unless they chose."""
    by_email = bool(profile.email) if profile.by_email is None else profile.by_email
    by_sms = not (by_email and profile.email) if profile.by_sms is None else profile.by_sms
    return ContactChoices(sms=by_sms, email=by_email)


def choosing(profile: Profile | None, asked: Mapping[str, Any] | None) -> list[Action]:
    """Return the actions that store chosen channels; None goes back to the default.

    Raises ValidationFailed where no channel would be left: a notice may say that an event is cancelled.
    """
    chosen = {"sms": None, "email": None} if asked is None else asked
    present = {name: getattr(profile, attribute) if profile else None for name, attribute in _ATTRIBUTES.items()}
    after = present | dict(chosen)
    if after["sms"] is False and after["email"] is False:
        message = "one of sms and email must stay on, for news such as a cancelled event"
        raise ValidationFailed(details=[{"field": "notifications", "message": message}])
    attributes = {name: getattr(Profile, _ATTRIBUTES[name]) for name in chosen}
    return [
        attributes[name].remove() if chosen[name] is None else attributes[name].set(chosen[name]) for name in chosen
    ]


def find_many(customer_ids: Iterable[str]) -> dict[str, Contact]:
    """Return how these customers are reached, with two reads for a hundred; without those whose account is gone."""
    wanted = list(customer_ids)
    accounts = operations.get_many([keys.access.account(customer_id) for customer_id in wanted])
    profiles = operations.get_many([keys.customers.profile(customer_id) for customer_id in wanted])
    found = {}
    for customer_id in wanted:
        account = accounts.get(keys.access.account(customer_id))
        if account is not None:
            found[customer_id] = _contact(account, profiles.get(keys.customers.profile(customer_id)))
    return found


def _contact(account: Account, profile: Profile | None) -> Contact:
    profile = profile or Profile(customer_id=account.account_id)
    chosen = choices(profile)
    number = account.mobile_number
    # Earlier releases took addresses that no mail reaches.
    email = profile.email if profile.email and mail_addresses.is_reachable(profile.email) else None
    ways = [(Channel.EMAIL, email)] if chosen.email and email else []
    # A chosen channel without an address reaches nobody, so the other one replaces it.
    if number and (chosen.sms or not ways):
        ways.append((Channel.SMS, number))
    elif email and not ways:
        ways.append((Channel.EMAIL, email))
    return Contact(
        customer_id=account.account_id,
        name=account.name,
        ways=tuple(ways),
        language=profile.language or Language.ENGLISH,
        may_mail_to=email if email and profile.by_email is not False else None,
    )
