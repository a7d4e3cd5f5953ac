"""The items of who logs in, sessions, lock-outs, codes, devices and data keys."""

from typing import Any

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, JSONAttribute, ListAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary import AccountStatus, DeviceStatus, OtpPurpose, Portal


class Login(Item, discriminator="login"):
    """A name that one account of a portal logs in with."""

    account_id = UnicodeAttribute()


class Account(Item, discriminator="account"):
    """A person who logs in; `claims` are what the portal's tokens carry of it."""

    account_id = UnicodeAttribute()
    portal = EnumAttribute(Portal)
    login = UnicodeAttribute()
    name = UnicodeAttribute()
    status = EnumAttribute(AccountStatus)
    password_hash = UnicodeAttribute()
    totp_secret = UnicodeAttribute(null=True)
    # The time step (RFC 6238) of the last code that was taken.
    totp_step = IntegerAttribute(null=True)
    # The phone number, where the portal's people have one (E.164).
    mobile_number = UnicodeAttribute(null=True)
    labels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    role = UnicodeAttribute(null=True)
    roles: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    event_ids: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    organization_id = UnicodeAttribute(null=True)
    sessions_end_before = MomentAttribute(null=True)
    # The session that changed the password, which goes on.
    kept_session_id = UnicodeAttribute(null=True)
    created_at = MomentAttribute()


class Session(Item, discriminator="session"):
    """One log-in; its refresh token is kept only as a hash and changes at each use."""

    session_id = UnicodeAttribute()
    portal = EnumAttribute(Portal)
    account_id = UnicodeAttribute()
    event_id = UnicodeAttribute(null=True)
    generation = IntegerAttribute()
    token_hash = UnicodeAttribute()
    rotated_at = MomentAttribute()
    started_at = MomentAttribute()
    expires_at = MomentAttribute()
    ended_at = MomentAttribute(null=True)
    in_cookie = BooleanAttribute(default=False)


class StaffRevocation(Item, discriminator="staff_revocation"):
    """A member of staff or session that was locked out less than a token's life ago."""

    principal_id = UnicodeAttribute()
    revoked_at = MomentAttribute()


class LockOut(Item, discriminator="lock_out"):
    """A principal or one session of theirs that was locked out less than a token's life ago."""

    principal_id = UnicodeAttribute()
    revoked_at = MomentAttribute()
    # The one session of the principal that was not.
    kept_session_id = UnicodeAttribute(null=True)


class EventRevocation(Item, discriminator="event_revocation"):
    """A principal or session that lost its access to an event less than a token's life ago."""

    principal_id = UnicodeAttribute()
    revoked_at = MomentAttribute()


class Throttle(Item, discriminator="throttle"):
    """How often something was tried in one window of time, or the moments of the last tries, each marked."""

    tries = IntegerAttribute(default=0)
    moments: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    # How often the moments were written.
    version = IntegerAttribute(null=True)


class Challenge(Item, discriminator="challenge"):
    """A one-time code that was sent, as a keyed hash, and how often it was tried."""

    challenge_id = UnicodeAttribute()
    purpose = EnumAttribute(OtpPurpose)
    mac = UnicodeAttribute()
    # What stands for the number that the code was sent to, as it does in the key of the newest code.
    number_mac = UnicodeAttribute()
    tries = IntegerAttribute(default=0)
    started_at = MomentAttribute()
    expires_at = MomentAttribute()
    used_at = MomentAttribute(null=True)
    # Names the one verification that took the code.
    used_by = UnicodeAttribute(null=True)
    account_id = UnicodeAttribute(null=True)
    # A registration that waits for its code: who it will be, once the number is proven.
    pending: JSONAttribute = JSONAttribute(null=True)


class NewestChallenge(Item, discriminator="newest_challenge"):
    """Which code of a number is the newest of its purpose: the only one that counts."""

    challenge_id = UnicodeAttribute()


class Device(Item, discriminator="device"):
    """A reader agent at a gate."""

    device_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    gate = UnicodeAttribute()
    name = UnicodeAttribute()
    status = EnumAttribute(DeviceStatus)
    public_key = UnicodeAttribute(null=True)
    created_at = MomentAttribute()
    created_by = UnicodeAttribute()
    enrolled_at = MomentAttribute(null=True)
    revoked_at = MomentAttribute(null=True)
    last_seen_at = MomentAttribute(null=True)
    silent_since = MomentAttribute(null=True)
    queue_depth = IntegerAttribute(null=True)
    clock_offset_ms = IntegerAttribute(null=True)
    reader_path = UnicodeAttribute(null=True)
    reader_model = UnicodeAttribute(null=True)
    app_version = UnicodeAttribute(null=True)
    last_error = UnicodeAttribute(null=True)


class Enrolment(Item, discriminator="enrolment"):
    """A one-time code, by its MAC, that makes a program into a device."""

    device_id = UnicodeAttribute()
    expires_at = MomentAttribute()
    used_by_key = UnicodeAttribute(null=True)


class DataKey(Item, discriminator="data_key"):
    """A customer's own data key, itself encrypted by KMS; without it every sealed copy is noise."""

    owner_id = UnicodeAttribute()
    wrapped = BinaryAttribute(legacy_encoding=False)
    created_at = MomentAttribute()
