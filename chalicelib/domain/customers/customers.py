"""Customers: their profiles.

Health and bank data are encrypted under a data key per customer. All other fields are stored in plain text.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import and_
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain import bank_accounts, photos
from chalicelib.domain.access import accounts, limits, notices
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.bank_accounts import BankAccount
from chalicelib.domain.crypto import encryption
from chalicelib.domain.customers import contacts
from chalicelib.domain.customers.contacts import ContactChoices
from chalicelib.domain.photos import PhotoUpload
from chalicelib.errors import Conflict
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, DataKey, Profile
from chalicelib.table.operations import Write
from chalicelib.vocabulary.customers import Language

_PLAIN = ("email", "date_of_birth", "language")
_HEALTH = ("emergency_contact", "blood_type")
_SEALED = (*_HEALTH, "bank_account")
# The fields that staff can change too.
SEEN_BY_STAFF = frozenset({"name", "email", "date_of_birth"})


class EmergencyContact(Struct, frozen=True):
    """A person to call in an emergency."""

    name: str
    mobile_number: str


class HelperInfo(Struct, frozen=True):
    """Customer data that helpers at an event may need."""

    photo_url: str | None = None
    emergency_contact: EmergencyContact | None = None
    blood_type: str | None = None
    labels: tuple[str, ...] = ()


UNKNOWN = HelperInfo()


class HealthLookUp(Struct, frozen=True):
    """An usher's look-up at an event; `is_allowed` says whether the customer's card was presented there."""

    usher_id: str
    event_id: str
    is_allowed: Callable[[], bool]


class Customer(Struct, frozen=True):
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


def helpful(customer_id: str, asked: HealthLookUp) -> HelperInfo:
    """Return the customer data that an usher may need. Each disclosure of health data is counted and logged.

    Raises RateLimited where this usher has seen too many.
    """
    profile, key = _read(customer_id)
    account = operations.get(keys.access.account(customer_id), consistent=False)
    opened: dict[str, str] = {}
    if any(getattr(profile, name) is not None for name in _HEALTH) and asked.is_allowed():
        limits.HEALTH_BY_USHER.take(asked.usher_id)
        opened = _opened(profile, key, _HEALTH)
        ids = {"customer_id": customer_id, "caller_id": asked.usher_id, "event_id": asked.event_id}
        accounts.log_security_event("health data shown", **ids)
    return HelperInfo(
        photo_url=_photo_url(profile),
        emergency_contact=_contact(opened),
        blood_type=opened.get("blood_type"),
        labels=tuple(str(label) for label in account.labels or ()) if account is not None else (),
    )


def change(customer_id: str, changes: Mapping[str, Any], *, photo: bytes | None = None) -> Customer:
    """Update the given fields and return the whole customer. None clears a field.

    `photo` is the content of a picture. In `changes`, `photo` requests an upload form, `photo_key` accepts an upload.
    Raises ValidationFailed, Conflict (changed by many at this moment), Unavailable.
    """
    kept = photos.keep(customer_id, photo, field="photo") if photo is not None else None
    for _ in retries.attempts():
        present = operations.get(keys.customers.profile(customer_id))
        try:
            replaced, account_fact = _write(customer_id, changes, present, kept=kept)
        except operations.ConditionFailed:
            continue  # another photo or bank account came first: it is replaced by the next attempt
        break
    else:
        if kept:
            photos.discard(kept)  # never referenced
        raise Conflict("This profile is being changed at this moment. Try again.")
    if account_fact:
        owner = notices.owner_with(accounts.get(customer_id), present)
        notices.send(owner, Changed.BANK_ACCOUNT, fact_id=account_fact)
    if photo is None and changes.get("photo_key"):
        photos.discard(changes["photo_key"])
    if replaced:
        photos.discard(replaced)
    shown = show(accounts.get(customer_id))
    if changes.get("photo") is None:
        return shown
    return replace(shown, photo_upload=photos.offer(customer_id, content_type=changes["photo"]["content_type"]))


def _write(
    customer_id: str, changes: Mapping[str, Any], present: Profile | None, *, kept: str | None
) -> tuple[str | None, str | None]:
    """Write the changes of a profile as it was read. Return the key of the replaced photo, and the notice's fact.

    `kept` is the key of a photo that came with the request. Raises ConditionFailed where the photo or the bank account
    changed meanwhile.
    """
    shown = present.photo_key if present else None
    chosen = kept or shown
    if kept is None and "photo_key" in changes:
        upload_key = changes["photo_key"]
        chosen = photos.take(customer_id, upload_key, present=shown) if upload_key else None
    stored = _stored(customer_id, present, changes)
    writes, actions = _account_changes(customer_id, changes), _profile_actions(present, changes, stored)
    unchanged: list[Condition] = []
    if chosen != shown:
        actions.append(Profile.photo_key.set(chosen) if chosen else Profile.photo_key.remove())
        unchanged.append(Profile.photo_key == shown if shown else Profile.photo_key.does_not_exist())
    account_fact = None
    if "bank_account" in stored:
        before = present.bank_account if present else None
        account_fact = bank_accounts.fact_of(before, stored["bank_account"])
        unchanged.append(Profile.bank_account == before if before else Profile.bank_account.does_not_exist())
    if actions:
        actions += [Profile.kind.set(Profile), Profile.customer_id.set(customer_id)]
        both = reduce(and_, unchanged) if unchanged else None
        writes.append(operations.change(keys.customers.profile(customer_id), actions, both))
    if writes:
        operations.commit(*writes)
        logger.info("profile changed", extra={"customer_id": customer_id, "fields": sorted(changes)})
    return shown if shown != chosen else None, account_fact


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


def _stored(customer_id: str, present: Profile | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields to write, health and bank data sealed."""
    stored: dict[str, Any] = {name: changes[name] for name in (*_PLAIN, *_SEALED) if name in changes}
    to_seal = [name for name in _SEALED if stored.get(name) is not None]
    if to_seal:
        envelope = encryption.envelope(customer_id)
        stored |= {name: envelope.seal(name, json.dumps(changes[name])) for name in to_seal if name in _HEALTH}
        if "bank_account" in to_seal:
            before = present.bank_account if present else None
            stored["bank_account"] = bank_accounts.sealed(envelope, changes["bank_account"], stored=before)
    return stored


def _profile_actions(present: Profile | None, changes: Mapping[str, Any], stored: Mapping[str, Any]) -> list[Action]:
    attributes = {name: getattr(Profile, name) for name in stored}
    chosen = contacts.choosing(present, changes["notifications"]) if "notifications" in changes else []
    return [
        *chosen,
        *(attributes[n].remove() if value is None else attributes[n].set(value) for n, value in stored.items()),
    ]


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
