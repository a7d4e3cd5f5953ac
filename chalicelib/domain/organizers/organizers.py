"""Organizers: their profiles. Bank accounts are encrypted under a data key per organizer."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import reduce
from operator import and_
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain import bank_accounts, photos
from chalicelib.domain.access import accounts, notices, users
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.access.sessions import Tokens
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.bank_accounts import BankAccount
from chalicelib.domain.crypto import encryption
from chalicelib.domain.customers import registration
from chalicelib.domain.photos import PhotoUpload
from chalicelib.errors import Conflict, NotFound
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, DataKey, Event, OrganizerProfile
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.access import Portal

# Longest duration of an event: bounds the search for events that are not over.
_LONGEST = timedelta(days=366)
_PLAIN = ("email", "company_name", "address", "tax_number")


class Organizer(Struct, frozen=True):
    """An organizer as shown to themselves. `email` is empty if none is stored.

    `image_upload` is set if an upload form was requested.
    """

    id: str
    name: str
    contact_mobile: str
    email: str
    company_name: str | None
    address: str | None
    tax_number: str | None
    bank_account: BankAccount | None
    image_url: str | None
    status: str
    image_upload: PhotoUpload | None = None


class LoggedInOrganizer(Struct, frozen=True):
    """A logged-in organizer and the session's first tokens."""

    organizer: Organizer
    tokens: Tokens


def complete_log_in(
    *, code: str, challenge_id: str | None, mobile_number: str | None, visitor: Visitor
) -> LoggedInOrganizer:
    """Log an organizer in with the code. Raises as `registration.confirm_log_in` does."""
    log_in = registration.confirm_log_in(
        code=code,
        challenge_id=challenge_id,
        mobile_number=mobile_number,
        visitor=visitor,
        portal=Portal.ORGANIZER,
    )
    return LoggedInOrganizer(show(log_in.account.account_id), log_in.tokens)


def show(organizer_id: str) -> Organizer:
    """Return an organizer, with one read. Raises NotFound, Unavailable."""
    places = (
        keys.access.account(organizer_id),
        keys.organizers.profile(organizer_id),
        keys.access.data_key(organizer_id),
    )
    found = operations.get_many(places)
    account, profile, key = (found.get(place) for place in places)
    if not isinstance(account, Account):
        raise NotFound
    if not isinstance(profile, OrganizerProfile):
        profile = OrganizerProfile(*places[1], organizer_id=organizer_id)
    return Organizer(
        id=organizer_id,
        name=account.name,
        contact_mobile=account.mobile_number,
        email=profile.email or "",
        company_name=profile.company_name,
        address=profile.address,
        tax_number=profile.tax_number,
        bank_account=_bank_account(profile, key if isinstance(key, DataKey) else None),
        image_url=photos.link(profile.image_key) if profile.image_key else None,
        status=account.status,
    )


def change(organizer_id: str, changes: Mapping[str, Any], *, image: bytes | None = None) -> Organizer:
    """Update the given fields and return the whole organizer. None clears a field.

    `image` is the content of a picture. In `changes`, `image` requests an upload form and `image_key` accepts an
    upload. Raises ValidationFailed, Conflict (retries under contention exhausted), Unavailable.
    """
    kept = photos.keep(organizer_id, image, field="image") if image is not None else None
    for _ in retries.attempts():
        present = operations.get(keys.organizers.profile(organizer_id))
        try:
            replaced, account_fact = _write(organizer_id, changes, present, kept=kept)
        except operations.ConditionFailed:
            continue  # another image or bank account came first: it is replaced by the next attempt
        break
    else:
        if kept:
            photos.discard(kept)  # never referenced
        raise Conflict("This profile is being changed at this moment. Try again.")
    if account_fact:
        owner = notices.owner_with(accounts.get(organizer_id), present)
        notices.send(owner, Changed.BANK_ACCOUNT, fact_id=account_fact)
    if image is None and changes.get("image_key"):
        photos.discard(changes["image_key"])
    logger.info("profile changed", extra={"organizer_id": organizer_id, "fields": sorted(changes)})
    shown = show(organizer_id)
    if replaced is not None:
        photos.discard(replaced)
    asked = changes.get("image")
    if asked is None:
        return shown
    return replace(shown, image_upload=photos.offer(organizer_id, content_type=asked["content_type"]))


@follows(*every(Account))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Copy a changed organizer name to current and upcoming events. Idempotent, in whole or in part.

    Past events keep the name at their time.
    """
    for change in changes:
        before, after = change.before, change.after
        if not isinstance(before, Account) or not isinstance(after, Account) or before.name == after.name:
            continue
        if after.portal == Portal.ORGANIZER:
            _rename_events(after.account_id)
    return []


def _rename_events(organizer_id: str) -> None:
    account = operations.get(keys.access.account(organizer_id))
    if account is None:
        return
    now = clock.now()
    places = keys.organizers.organizer_events(organizer_id).pk, clock.to_text(now - _LONGEST)
    raws = operations.query(places[0], Between(places[1], "~"), index="gsi1")
    for event in operations.get_many(operations.places_of(Event, raws)).values():
        if event.ends_at <= now or event.organizer_name == account.name:
            continue
        try:
            operations.commit(
                operations.check(keys.access.account(organizer_id), Account.name == account.name),
                operations.change(
                    keys.events.event(event.event_id),
                    [Event.organizer_name.set(account.name)],
                    Event.organizer_id == organizer_id,
                ),
            )
        except operations.ConditionFailed as failure:
            if 0 in failure.failures:
                return  # renamed again, and the stream delivers that change too


def _write(
    organizer_id: str, changes: Mapping[str, Any], present: OrganizerProfile | None, *, kept: str | None
) -> tuple[str | None, str | None]:
    """Write the changes of a profile as it was read. Return the key of the replaced image, and the notice's fact.

    `kept` is the key of an image that came with the request. Raises ConditionFailed where the image or the bank
    account changed meanwhile.
    """
    stored: dict[str, Any] = {name: changes[name] for name in _PLAIN if name in changes}
    unchanged: list[Condition] = []
    account_fact = None
    if "bank_account" in changes:
        before, account = present.bank_account if present else None, changes["bank_account"]
        envelope = encryption.envelope(organizer_id) if account else None
        stored["bank_account"] = bank_accounts.sealed(envelope, account, stored=before) if envelope else None
        account_fact = bank_accounts.fact_of(before, stored["bank_account"])
        unchanged.append(_same(OrganizerProfile.bank_account, before))
    shown = present.image_key if present else None
    chosen = kept or shown
    if kept is None and "image_key" in changes:
        upload_key = changes["image_key"]
        chosen = photos.take(organizer_id, upload_key, present=shown, field="image_key") if upload_key else None
    if chosen != shown:
        stored["image_key"] = chosen
        unchanged.append(_same(OrganizerProfile.image_key, shown))
    _commit(organizer_id, changes, _actions(stored), reduce(and_, unchanged) if unchanged else None)
    return shown if shown != chosen else None, account_fact


def _same(attribute: Attribute[Any], seen: object) -> Condition:
    same: Condition = attribute.does_not_exist() if seen is None else attribute == seen
    return same


def _commit(
    organizer_id: str, changes: Mapping[str, Any], actions: list[Action], condition: Condition | None = None
) -> None:
    writes = users.own_changes(organizer_id, changes)
    if actions:
        own = [OrganizerProfile.kind.set(OrganizerProfile), OrganizerProfile.organizer_id.set(organizer_id)]
        writes.append(operations.change(keys.organizers.profile(organizer_id), [*actions, *own], condition))
    if writes:
        operations.commit(*writes)


def _actions(stored: Mapping[str, Any]) -> list[Action]:
    attributes = {name: getattr(OrganizerProfile, name) for name in stored}
    return [attributes[n].remove() if value is None else attributes[n].set(value) for n, value in stored.items()]


def _bank_account(profile: OrganizerProfile, key: DataKey | None) -> BankAccount | None:
    if profile.bank_account is None:
        return None
    envelope = encryption.existing_envelope(profile.organizer_id, key)
    return bank_accounts.from_text(envelope.open("bank_account", bytes(profile.bank_account)))
