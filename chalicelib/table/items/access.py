"""Items of accounts, sessions, lock-outs, one-time codes, devices and data keys."""

from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary.access import AccountStatus, OtpPurpose, Portal
from chalicelib.vocabulary.devices import DeviceKind, DeviceStatus, NfcMode


class Login(Item, discriminator="login"):
    """The login name of one account of a portal."""

    account_id = UnicodeAttribute()


class Account(Item, discriminator="account"):
    """A person with a login; `claims` are the fields of it in the portal's tokens."""

    account_id = UnicodeAttribute()
    portal = EnumAttribute(Portal)
    login = UnicodeAttribute()
    name = UnicodeAttribute()
    status = EnumAttribute(AccountStatus)
    password_hash = UnicodeAttribute()
    # The sealed secret of the second factor, and one that waits for its first code.
    totp_sealed = BinaryAttribute(legacy_encoding=False, null=True)
    totp_pending = BinaryAttribute(legacy_encoding=False, null=True)
    totp_pending_until = MomentAttribute(null=True)
    # The time step (RFC 6238) of the last accepted code.
    totp_step = IntegerAttribute(null=True)
    # The MACs of the recovery codes that are not used yet, and the sealed key of these MACs.
    recovery_key = BinaryAttribute(legacy_encoding=False, null=True)
    recovery_macs = UnicodeSetAttribute(null=True)
    # E.164; only in portals whose accounts have a phone number.
    mobile_number = UnicodeAttribute(null=True)
    labels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    # Of an usher, where they gave one; of a customer as in the profile, for lists. Other portals have it elsewhere.
    email = UnicodeAttribute(null=True)
    role = UnicodeAttribute(null=True)
    roles: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    event_ids: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    organization_id = UnicodeAttribute(null=True)
    # When a code proved the e-mail address; only in Tix.
    address_proven_at = MomentAttribute(null=True)
    sessions_end_before = MomentAttribute(null=True)
    # The session that changed the password; it remains valid.
    kept_session_id = UnicodeAttribute(null=True)
    # Marks of the devices that it has logged in from.
    known_devices = UnicodeSetAttribute(null=True)
    created_at = MomentAttribute()
    # What the platform's totals count it as.
    tallied = UnicodeAttribute(null=True)
    # Counts the changes by staff and of what staff see, for their optimistic lock.
    version = IntegerAttribute(default=0)
    # When staff checked an organizer or a merchant, and who did.
    verified_at = MomentAttribute(null=True)
    verified_by = UnicodeAttribute(null=True)
    # The hash of the one-time link that sets the password, and until when it works.
    link_hash = UnicodeAttribute(null=True)
    link_until = MomentAttribute(null=True)


class StaffOwners(Item, discriminator="staff_owners"):
    """The active members of staff with every permission: one of them always remains."""

    owner_ids = UnicodeSetAttribute(null=True)


class Session(Item, discriminator="session"):
    """One log-in; its refresh token is stored only as a hash and rotates at each use."""

    session_id = UnicodeAttribute()
    portal = EnumAttribute(Portal)
    account_id = UnicodeAttribute()
    event_id = UnicodeAttribute(null=True)
    # The phone of an usher's log-in.
    phone_id = UnicodeAttribute(null=True)
    generation = IntegerAttribute()
    token_hash = UnicodeAttribute()
    rotated_at = MomentAttribute()
    started_at = MomentAttribute()
    expires_at = MomentAttribute()
    ended_at = MomentAttribute(null=True)
    in_cookie = BooleanAttribute(default=False)
    # Where it was last refreshed from, coarsely: the family of the client, and the network.
    device = UnicodeAttribute(null=True)
    address_hint = UnicodeAttribute(null=True)


class StaffRevocation(Item, discriminator="staff_revocation"):
    """A member of staff or a session, locked out less than an access token's lifetime ago."""

    principal_id = UnicodeAttribute()
    revoked_at = MomentAttribute()


class LockOut(Item, discriminator="lock_out"):
    """A principal or one of its sessions, locked out less than an access token's lifetime ago."""

    principal_id = UnicodeAttribute()
    revoked_at = MomentAttribute()
    # The one session of the principal that was not locked out.
    kept_session_id = UnicodeAttribute(null=True)


class EventRevocation(Item, discriminator="event_revocation"):
    """A principal or session that lost access to an event less than an access token's lifetime ago."""

    principal_id = UnicodeAttribute()
    revoked_at = MomentAttribute()


class Throttle(Item, discriminator="throttle"):
    """The number of attempts in one time window, or the marked times of the last attempts."""

    tries = IntegerAttribute(default=0)
    moments: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    # Counts the writes of `moments`, for the optimistic lock.
    version = IntegerAttribute(null=True)
    # Those of `moments`, or of the writes that counted in `tries`, that may still turn out to be right.
    undecided = UnicodeSetAttribute(null=True)
    # The newest writes that counted in `tries`, by random names (table/counters.py).
    counted_by = UnicodeSetAttribute(null=True)


class SentMessage(Item, discriminator="sent_message"):
    """A message by its id: a worker that sends it now, or when it was sent. So each is sent once (D-NOTE-01)."""

    claimed_until = MomentAttribute(null=True)
    # Random: which try holds it, so that a retry of its write finds it its own.
    claim_id = UnicodeAttribute(null=True)
    sent_at = MomentAttribute(null=True)


class Challenge(Item, discriminator="challenge"):
    """A one-time code that was sent, as a keyed hash, with its number of attempts."""

    challenge_id = UnicodeAttribute()
    purpose = EnumAttribute(OtpPurpose)
    mac = UnicodeAttribute()
    # The MAC of the number the code was sent to, as in the key of the newest code.
    number_mac = UnicodeAttribute()
    # Of the number, ISO 3166; a repeated code counts for it, with an account or without.
    country = UnicodeAttribute(null=True)
    tries = IntegerAttribute(default=0)
    # The writes that counted in `tries`, by random names.
    tried_by = UnicodeSetAttribute(null=True)
    # Those of them that are being compared.
    undecided = UnicodeSetAttribute(null=True)
    started_at = MomentAttribute()
    expires_at = MomentAttribute()
    used_at = MomentAttribute(null=True)
    # The one verification that used the code.
    used_by = UnicodeAttribute(null=True)
    account_id = UnicodeAttribute(null=True)
    # The account to create once the number is verified.
    pending: JSONAttribute = JSONAttribute(null=True)


class NewestChallenge(Item, discriminator="newest_challenge"):
    """The newest code of a number and purpose, and of the shop that sent it; only this one is valid."""

    challenge_id = UnicodeAttribute()


class Device(Item, discriminator="device"):
    """A reader agent at a gate, or the phone of an usher of the event.

    A phone has no name of a person: `usher_id` says whose log-in it came with last.
    """

    device_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    gate = UnicodeAttribute()
    # When staff moved it there last, and from where: what it scanned until then was at that gate.
    moved_at = MomentAttribute(null=True)
    moved_from = UnicodeAttribute(null=True)
    name = UnicodeAttribute()
    status = EnumAttribute(DeviceStatus)
    public_key = UnicodeAttribute(null=True)
    created_at = MomentAttribute()
    created_by = UnicodeAttribute()
    enrolled_at = MomentAttribute(null=True)
    revoked_at = MomentAttribute(null=True)
    # Its key from before the revocation, for one upload of what it has not sent yet, and when that began.
    retired_key = UnicodeAttribute(null=True)
    late_upload_at = MomentAttribute(null=True)
    last_seen_at = MomentAttribute(null=True)
    silent_since = MomentAttribute(null=True)
    queue_depth = IntegerAttribute(null=True)
    clock_offset_ms = IntegerAttribute(null=True)
    reader_path = UnicodeAttribute(null=True)
    reader_model = UnicodeAttribute(null=True)
    app_version = UnicodeAttribute(null=True)
    last_error = UnicodeAttribute(null=True)
    # Where other devices of the event reach it, if it runs a hub.
    hub_address = UnicodeAttribute(null=True)
    # When staff asked it to delete what it keeps of attendees and cards; the heartbeat's answer says so.
    wipe_before = MomentAttribute(null=True)
    # Absent: a reader agent.
    device_kind = EnumAttribute(DeviceKind, null=True)
    usher_id = UnicodeAttribute(null=True)
    nfc = EnumAttribute(NfcMode, null=True)
    # In percent.
    battery = IntegerAttribute(null=True)
    snapshot_cursor = UnicodeAttribute(null=True)
    snapshot_generated_at = MomentAttribute(null=True)
    # The number of the last record that it made, the one in the heartbeat before, and the hub that decides for it.
    seq = IntegerAttribute(null=True)
    earlier_seq = IntegerAttribute(null=True)
    hub = UnicodeAttribute(null=True)
    # A round trip through its heartbeat: what it is asked to repeat, and what it repeated last.
    test_nonce = UnicodeAttribute(null=True)
    test_asked_at = MomentAttribute(null=True)
    test_echo = UnicodeAttribute(null=True)
    test_echoed_at = MomentAttribute(null=True)

    @property
    def is_phone(self) -> bool:
        """Whether it is an usher's phone."""
        return self.device_kind is DeviceKind.PHONE


class UsherPhones(Item, discriminator="usher_phones"):
    """The phones that an usher logged in with at an event, the latest last."""

    phone_ids: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute)


class Enrolment(Item, discriminator="enrolment"):
    """A one-time code, by its MAC, that enrols a reader agent as a device."""

    device_id = UnicodeAttribute()
    expires_at = MomentAttribute()
    used_by_key = UnicodeAttribute(null=True)


class UsedAssertion(Item, discriminator="used_assertion"):
    """A log-in that a device signed, and the one call that exchanged it for a token."""

    used_at = MomentAttribute()
    used_by = UnicodeAttribute()


class FirstAdmin(Item, discriminator="first_admin"):
    """The invitation of the first administrator; with their account it is closed."""

    token_hash = UnicodeAttribute()
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    expires_at = MomentAttribute()
    account_id = UnicodeAttribute(null=True)


class DataKey(Item, discriminator="data_key"):
    """An owner's data key, encrypted by KMS. Without it no sealed attribute can be decrypted.

    An erased key leaves its item without the key, so that no new one takes its place.
    """

    owner_id = UnicodeAttribute()
    wrapped = BinaryAttribute(legacy_encoding=False, null=True)
    created_at = MomentAttribute()
    erased_at = MomentAttribute(null=True)
