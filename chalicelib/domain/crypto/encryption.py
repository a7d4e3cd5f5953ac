"""Envelope encryption of personal data, readable by its owner and the roles that the contract names (D-SEC-01).

Each owner has a data key, wrapped by KMS and stored in a separate item. Erasing the key makes every copy unreadable,
backups included. AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. Owner and field are the associated
data, so a ciphertext cannot be decrypted for another owner or field.
"""

import secrets
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from chalicelib import clock
from chalicelib.clients import data_keys
from chalicelib.table import keys, operations
from chalicelib.table.items import DataKey
from chalicelib.table.operations import Write

# The first byte identifies the format of the rest.
_VERSION = b"\x01"
_NONCE_BYTES = 12
# The owner in the associated data of what belongs to no person.
_PLATFORM = "platform"


class UndecryptableData(Exception):
    """A ciphertext of another owner or field, or with an erased key. A server fault, not a client error."""


class Envelope(Struct, frozen=True):
    """One owner's decrypted data key. Must not outlive the request and must never be logged."""

    owner_id: str
    _cipher: AESGCM

    def seal(self, field: str, text: str) -> bytes:
        """Encrypt a text for this field."""
        return self.seal_bytes(field, text.encode())

    def open(self, field: str, sealed: bytes) -> str:
        """Decrypt the text of this field. Raises UndecryptableData."""
        return self.open_bytes(field, sealed).decode()

    def seal_bytes(self, field: str, content: bytes) -> bytes:
        """Encrypt bytes for this field."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, content, self._place(field))

    def open_bytes(self, field: str, sealed: bytes) -> bytes:
        """Decrypt the bytes of this field. Raises UndecryptableData."""
        from cryptography.exceptions import InvalidTag

        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] != _VERSION:
            raise UndecryptableData("sealed by an unknown version")
        try:
            return self._cipher.decrypt(nonce, ciphertext, self._place(field))
        except InvalidTag as error:
            raise UndecryptableData("sealed for another owner or field, or changed since") from error

    def _place(self, field: str) -> bytes:
        return f"{self.owner_id}\x00{field}".encode()


def envelope(owner_id: str) -> Envelope:
    """Decrypt an owner's data key, created at the first use (race-safe).

    Raises UndecryptableData if it was erased, Unavailable.
    """
    return _with_key(owner_id, operations.get(keys.access.data_key(owner_id)), _first_key)


def platform_envelope(key: bytes) -> Envelope:
    """Return the envelope of data that belongs to no person, under a key derived from one of the platform's secrets."""
    return Envelope(_PLATFORM, AESGCM(key))


def existing_envelope(owner_id: str, key: DataKey | None) -> Envelope:
    """Decrypt an owner's data key that was read already. Raises UndecryptableData if it was erased, Unavailable."""
    return _with_key(owner_id, key, _erased)


def _with_key(owner_id: str, key: DataKey | None, otherwise: Callable[[str], bytes]) -> Envelope:
    plain = otherwise(owner_id) if key is None else _unwrapped(key)
    return Envelope(owner_id, AESGCM(plain))


def _unwrapped(key: DataKey) -> bytes:
    if key.wrapped is None:
        return _erased(key.owner_id)
    return data_keys.unwrap(key.owner_id, bytes(key.wrapped))


def erasing(owner_id: str) -> Write:
    """Return the write that destroys an owner's data key, if there is one, and keeps any further key from existing."""
    actions = [
        DataKey.kind.set(DataKey),
        DataKey.owner_id.set(owner_id),
        DataKey.created_at.set(DataKey.created_at | clock.now()),
        DataKey.erased_at.set(DataKey.erased_at | clock.now()),
        DataKey.wrapped.remove(),
    ]
    return operations.change(keys.access.data_key(owner_id), actions)


def is_erased(owner_id: str) -> bool:
    """Whether an owner's data key was destroyed."""
    key = operations.get(keys.access.data_key(owner_id))
    return key is not None and key.wrapped is None


def _erased(_: str) -> bytes:
    raise UndecryptableData("the owner's key was erased")


def _first_key(owner_id: str) -> bytes:
    plain, wrapped = data_keys.generate(owner_id)
    item = DataKey(*keys.access.data_key(owner_id), owner_id=owner_id, wrapped=wrapped, created_at=clock.now())
    try:
        operations.record(operations.put(item, DataKey.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        # A concurrent first use, or an earlier try of this one, stored a key: use that one.
        found = failure.found(DataKey)
        if found is None:
            return _erased(owner_id)
        return _unwrapped(found)
    return plain


def seal(owner_id: str, field: str, text: str) -> bytes:
    """Encrypt a text for a field of this owner. Raises Unavailable."""
    return envelope(owner_id).seal(field, text)


def open_sealed(owner_id: str, field: str, sealed: bytes) -> str:
    """Decrypt a field of this owner. Raises UndecryptableData, Unavailable."""
    return existing_envelope(owner_id, operations.get(keys.access.data_key(owner_id))).open(field, sealed)
