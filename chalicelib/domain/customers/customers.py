"""Customers: their profiles.

Health and bank data are encrypted under a data key per customer. All other fields are stored in plain text.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.domain import bank_accounts, photos
from chalicelib.domain.access import accounts, limits, notices
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.bank_accounts import BankAccount
from chalicelib.domain.crypto import encryption
from chalicelib.domain.customers import contacts
from chalicelib.domain.customers.contacts import ContactChoices
from chalicelib.domain.photos import PhotoUpload
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, DataKey, Profile
from chalicelib.table.operations import Write
from chalicelib.vocabulary.customers import Language

_PLAIN = ("email", "date_of_birth", "language")
_HEALTH = ("emergency_contact", "blood_type")
_SEALED = (*_HEALTH, "bank_account")
# The fields that staff can change too.
SEEN_BY_STAFF = frozenset({"name", "email", "date_of_birth"})


@dataclass(frozen=True, slots=True)
class EmergencyContact:
    """A person to call in an emergency."""

    name: str
    mobile_number: str


@dataclass(frozen=True, slots=True)
class HelperInfo:
    """Customer data that helpers at an event may need."""

    photo_url: str | None = None
    emergency_contact: EmergencyContact | None = None
    blood_type: str | None = None


UNKNOWN = HelperInfo()


@dataclass(frozen=True, slots=True)
class HealthLookUp:
    """An usher's look-up at an event; `is_allowed` says whether the customer's card was presented there."""

    usher_id: str
    event_id: str
    is_allowed: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as shown to themselves. `photo_upload` is set if an upload form was requested."""

    id: str
    mobile_number: str
    name: str
    email: str | None
    photo_url: str | None
    date_of_birth: str | None
    emergency_contact: EmergencyContact | None
    blood_type: str | None
    bank_account: BankAccount | None
    labels: list[str]
    status: str
    fee_paid: bool
    created_at: datetime
    notifications: ContactChoices
    language: Language
    photo_upload: PhotoUpload | None = None


def show(account: Account) -> Customer:
    """Return a customer as shown to themselves. Raises Unavailable."""
    profile, key = _read(account.account_id)
    opened = _opened(profile, key, _SEALED)
    return Customer(
        id=account.account_id,
        mobile_number=account.mobile_number,
        name=account.name,
        email=profile.email,
        photo_url=_photo_url(profile),
        date_of_birth=profile.date_of_birth,
        emergency_contact=_contact(opened),
        blood_type=opened.get("blood_type"),
        bank_account=_bank_account(opened),
        labels=[str(label) for label in account.labels or []],
        status=account.status,
        fee_paid=profile.fee_paid,
        created_at=account.created_at,
        notifications=contacts.choices(profile),
        language=profile.language or Language.ENGLISH,
    )


def own(customer_id: str) -> Customer:
    """Return a customer by id, as shown to themselves. Raises NotFound, Unavailable."""
    return show(accounts.get(customer_id))


def photo_url(customer_id: str) -> str | None:
    """Return the URL of a customer's photo, valid for an hour."""
    return _photo_url(_read(customer_id)[0])


def helpful(customer_id: str, asked: HealthLookUp) -> HelperInfo:
    """Return the customer data that an usher may need. Each disclosure of health data is counted and logged.

    Raises RateLimited where this usher has seen too many.
    """
    profile, key = _read(customer_id)
    opened: dict[str, str] = {}
    if any(getattr(profile, name) is not None for name in _HEALTH) and asked.is_allowed():
        limits.HEALTH_BY_USHER.take(asked.usher_id)
        opened = _opened(profile, key, _HEALTH)
        ids = {"customer_id": customer_id, "caller_id": asked.usher_id, "event_id": asked.event_id}
        accounts.log_security_event("health data shown", **ids)
    return HelperInfo(
        photo_url=_photo_url(profile), emergency_contact=_contact(opened), blood_type=opened.get("blood_type")
    )


def change(customer_id: str, changes: Mapping[str, Any], *, photo: bytes | None = None) -> Customer:
    """Update the given fields and return the whole customer. None clears a field.

    `photo` is the content of a picture. In `changes`, `photo` requests an upload form, `photo_key` accepts an upload.
    Raises ValidationFailed, Unavailable.
    """
    present = operations.get(keys.customers.profile(customer_id))
    present_photo = present.photo_key if present else None
    new_photo = present_photo
    if photo is not None:
        new_photo = photos.keep(customer_id, photo, field="photo")
    elif "photo_key" in changes:
        upload_key = changes["photo_key"]
        new_photo = photos.take(customer_id, upload_key, present=present_photo) if upload_key else None
    writes = _account_changes(customer_id, changes)
    actions = _profile_actions(customer_id, present, changes)
    if new_photo != present_photo:
        actions.append(Profile.photo_key.set(new_photo) if new_photo else Profile.photo_key.remove())
    if actions:
        actions += [Profile.kind.set(Profile), Profile.customer_id.set(customer_id)]
        writes.append(operations.change(keys.customers.profile(customer_id), actions))
    owner = notices.owner_with(accounts.get(customer_id), present) if "bank_account" in changes else None
    if writes:
        operations.commit(*writes)
        logger.info("profile changed", extra={"customer_id": customer_id, "fields": sorted(changes)})
    if owner is not None:
        notices.send(owner, Changed.BANK_ACCOUNT)
    if photo is None and changes.get("photo_key"):
        photos.discard(changes["photo_key"])
    if present_photo and present_photo != new_photo:
        photos.discard(present_photo)
    shown = show(accounts.get(customer_id))
    if changes.get("photo") is None:
        return shown
    return replace(shown, photo_upload=photos.offer(customer_id, content_type=changes["photo"]["content_type"]))


def _account_changes(customer_id: str, changes: Mapping[str, Any]) -> list[Write]:
    """Return the change of the account: staff who loaded the record before it must load it again."""
    if not changes.keys() & SEEN_BY_STAFF:
        return []
    actions: list[Action] = [Account.version.add(1)]
    if "name" in changes:
        actions.append(Account.name.set(changes["name"]))
    if "email" in changes:
        actions.append(Account.email.set(changes["email"]) if changes["email"] else Account.email.remove())
    return [operations.change(keys.access.account(customer_id), actions, Account.pk.exists())]


def _profile_actions(customer_id: str, present: Profile | None, changes: Mapping[str, Any]) -> list[Action]:
    named = [name for name in (*_PLAIN, *_SEALED) if name in changes]
    stored: dict[str, Any] = {name: changes[name] for name in named}
    to_seal = [name for name in named if name in _SEALED and changes[name] is not None]
    if to_seal:
        envelope = encryption.envelope(customer_id)
        stored |= {name: envelope.seal(name, json.dumps(changes[name])) for name in to_seal}
    attributes = {name: getattr(Profile, name) for name in named}
    chosen = contacts.choosing(present, changes["notifications"]) if "notifications" in changes else []
    return [*chosen, *(attributes[n].remove() if stored[n] is None else attributes[n].set(stored[n]) for n in named)]


def _read(customer_id: str) -> tuple[Profile, DataKey | None]:
    """Return a customer's profile (empty if none is stored) and data key, with one read."""
    places = keys.customers.profile(customer_id), keys.access.data_key(customer_id)
    found = operations.get_many(places)
    profile, key = found.get(places[0]), found.get(places[1])
    return (
        profile if isinstance(profile, Profile) else Profile(*places[0], customer_id=customer_id),
        key if isinstance(key, DataKey) else None,
    )


def _opened(profile: Profile, key: DataKey | None, fields: Sequence[str]) -> dict[str, Any]:
    """Return the decrypted values of the fields that are set. If none is set, KMS is not called."""
    sealed = {name: getattr(profile, name) for name in fields if getattr(profile, name) is not None}
    if not sealed:
        return {}
    envelope = encryption.existing_envelope(profile.customer_id, key)
    return {name: json.loads(envelope.open(name, bytes(content))) for name, content in sealed.items()}


def _photo_url(profile: Profile) -> str | None:
    return photos.link(profile.photo_key) if profile.photo_key else None


def _contact(opened: Mapping[str, Any]) -> EmergencyContact | None:
    contact = opened.get("emergency_contact")
    return EmergencyContact(**contact) if contact else None


def _bank_account(opened: Mapping[str, Any]) -> BankAccount | None:
    account = opened.get("bank_account")
    return bank_accounts.masked(account) if account else None
