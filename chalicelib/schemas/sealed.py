"""The fields whose values nobody reads in the table, the queues, the files or the log, and how each is kept.

`tests/security/test_sealed_stays_sealed.py` sends each of them and looks for it in everything that is stored. A field
with a telling name must be here or in `OPEN`, else that test fails.
"""

from enum import StrEnum


class Kept(StrEnum):
    """How the value of a field is kept."""

    SEALED = "encrypted under its owner's data key"
    HASHED = "a password, hashed with Argon2id"
    MAC = "a keyed hash, or nothing where it is derived from a secret"
    COMPARED = "compared and not kept"


# By the field's name in JSON, at any depth.
SEALED: dict[str, Kept] = {
    "blood_type": Kept.SEALED,
    "emergency_contact": Kept.SEALED,
    "iban": Kept.SEALED,
    "payment_token": Kept.SEALED,
    "client_secret": Kept.SEALED,
    # Of a second factor, shown once.
    "secret": Kept.SEALED,
    "recovery_codes": Kept.MAC,
    "current": Kept.COMPARED,
    "password": Kept.HASHED,
    "old_password": Kept.COMPARED,
    "new_password": Kept.HASHED,
    "otp": Kept.MAC,
    "totp": Kept.COMPARED,
    "access": Kept.MAC,
    "refresh": Kept.MAC,
    "token": Kept.MAC,
    # Derived from a secret and the time.
    "qr_token": Kept.MAC,
    "csrf_token": Kept.MAC,
    "enrollment_code": Kept.MAC,
    "invite_code": Kept.MAC,
    "assertion": Kept.COMPARED,
    "picc_data": Kept.COMPARED,
    "cmac": Kept.COMPARED,
}
# The same of one operation only, since others use the name for something open.
SEALED_IN: dict[tuple[str, str], Kept] = {
    ("customer_request_card", "address"): Kept.SEALED,
    ("device_enroll", "code"): Kept.MAC,
    ("campus_event_qr", "code"): Kept.MAC,
    ("campus_refresh_qr", "code"): Kept.MAC,
    ("realtime_ticket", "ticket"): Kept.MAC,
    ("customer_ticket_qr_code", "payload"): Kept.MAC,
}
# Fields with a telling name that hold nothing to seal.
OPEN: dict[str, str] = {
    "otp_required": "whether a code was sent",
    "token_type": "the word Bearer",
    "public_key": "a public key",
    "server_public_key": "a public key",
    "server_public_keys": "public keys",
    "tokens": "a pair of `access` and `refresh`, each sealed",
}
