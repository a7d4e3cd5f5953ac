"""Keys of accounts, sessions, lock-outs, one-time codes, devices and data keys."""

from chalicelib.table.items.access import (
    Account,
    Challenge,
    DataKey,
    Device,
    Enrolment,
    EventRevocation,
    FirstAdmin,
    LockOut,
    Login,
    NewestChallenge,
    SentMessage,
    Session,
    StaffOwners,
    StaffRevocation,
    Throttle,
    UsedAssertion,
    UsherPhones,
)
from chalicelib.table.places import Key, Place, joined


def event_revoked(event_id: str, principal_id: str) -> Place[EventRevocation]:
    """Question 1: the revoked access of a principal or session to this event's gates."""
    return Place(EventRevocation, joined("EVENT", event_id), joined("EVENT_REVOKED", principal_id))


def login(portal: str, name: str) -> Place[Login]:
    """Question 9; names are case-insensitive."""
    return Place(Login, joined("LOGIN", portal, name.strip().casefold()), "LOGIN")


def account(account_id: str) -> Place[Account]:
    """Question 10."""
    return Place(Account, joined("ACCOUNT", account_id), "ACCOUNT")


def session(session_id: str) -> Place[Session]:
    """Question 11."""
    return Place(Session, joined("SESSION", session_id), "SESSION")


def account_sessions(account_id: str, session_id: str = "") -> Key:
    """Question 87."""
    return Key(joined("SESSIONS", account_id), session_id)


def staff_revoked(principal_id: str = "") -> Place[StaffRevocation]:
    """Question 12."""
    return Place(StaffRevocation, "STAFF", joined("REVOKED", principal_id))


def staff_owners() -> Place[StaffOwners]:
    """Question 120."""
    return Place(StaffOwners, "STAFF", "OWNERS")


def device(device_id: str) -> Place[Device]:
    """Question 13: a reader agent, or an usher's phone."""
    return Place(Device, joined("DEVICE", device_id), "DEVICE")


def all_devices(device_id: str = "") -> Key:
    """Question 14."""
    return Key("DEVICES", device_id)


def usher_phones(usher_id: str, event_id: str) -> Place[UsherPhones]:
    """Question 206."""
    return Place(UsherPhones, account(usher_id).pk, joined("PHONES", event_id))


def event_devices(event_id: str, device_id: str = "") -> Key:
    """Question 15; `dev_` begins the reader agents, in the order of their creation, and `phn_` the phones."""
    return Key(joined("EVENT_DEVICES", event_id), device_id)


def enrolment(mac: str) -> Place[Enrolment]:
    """Question 16."""
    return Place(Enrolment, joined("ENROLMENT", mac), "ENROLMENT")


def used_assertion(device_id: str, name: str) -> Place[UsedAssertion]:
    """Question 88; `name` is the hash of its `jti`, or of what was signed."""
    return Place(UsedAssertion, joined("ASSERTION", device_id, name), "ASSERTION")


def first_admin() -> Place[FirstAdmin]:
    """Question 90."""
    return Place(FirstAdmin, "FIRST_ADMIN", "FIRST_ADMIN")


def throttle(what: str, whom: str, window: int) -> Place[Throttle]:
    """Question 17."""
    return Place(Throttle, joined("THROTTLE", what, whom), joined("THROTTLE", str(window)))


def sent_message(message_id: str) -> Place[SentMessage]:
    """Question 92."""
    return Place(SentMessage, joined("SENT", message_id), "SENT")


def locked_out(principal_id: str, name: str = "") -> Place[LockOut]:
    """Question 19; `name` is the principal or one of their sessions."""
    return Place(LockOut, joined("LOCKED_OUT", principal_id), joined("REVOKED", name))


def data_key(owner_id: str) -> Place[DataKey]:
    """Question 20: the data key of an account's sealed attributes."""
    return Place(DataKey, account(owner_id).pk, "DATA_KEY")


def challenge(challenge_id: str) -> Place[Challenge]:
    """Question 21."""
    return Place(Challenge, joined("CHALLENGE", challenge_id), "CHALLENGE")


def newest_challenge(purpose: str, mac: str, shop_id: str | None = None) -> Place[NewestChallenge]:
    """Question 22; one for each shop that sends codes."""
    return Place(NewestChallenge, joined("OTP", purpose, mac), joined("OTP", shop_id) if shop_id else "OTP")


def newest_of_shops(purpose: str, mac: str) -> Key:
    """Question 22: where the newest codes that shops sent begin."""
    return Key(joined("OTP", purpose, mac), joined("OTP", ""))
