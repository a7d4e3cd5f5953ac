"""Encrypted data is decrypted only for its owner, in its field, with its owner's key."""

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.clients import data_keys
from chalicelib.domain.crypto import encryption
from chalicelib.domain.crypto.encryption import Envelope, UndecryptableData
from chalicelib.table import keys, operations
from chalicelib.table.items import DataKey
from tests.support.encodings import stands_in_both
from tests.support.meanwhile import before

pytestmark = pytest.mark.usefixtures("moto_cloud")


def key_of(owner_id: str) -> DataKey:
    key = operations.get(keys.access.data_key(owner_id))
    assert key is not None
    return key


def test_what_was_sealed_opens_again_and_its_bytes_tell_nothing() -> None:
    sealed = encryption.seal("cus_1", "blood_type", "AB-")
    assert encryption.open_sealed("cus_1", "blood_type", sealed) == "AB-"
    again = encryption.seal("cus_1", "blood_type", "AB-")
    assert again != sealed
    assert not stands_in_both("AB-", sealed, again)


def test_sealed_bytes_open_in_no_other_field() -> None:
    sealed = encryption.seal("cus_1", "blood_type", "AB-")
    with pytest.raises(UndecryptableData):
        encryption.open_sealed("cus_1", "bank_account", sealed)


def test_sealed_bytes_open_for_no_other_owner_even_with_the_key() -> None:
    sealed = encryption.seal("cus_1", "blood_type", "AB-")
    encryption.seal("cus_2", "blood_type", "0")
    with pytest.raises(UndecryptableData):
        encryption.open_sealed("cus_2", "blood_type", sealed)
    # The key itself, moved to the other owner's item, is refused by KMS.
    operations.record(
        operations.change(keys.access.data_key("cus_2"), [DataKey.wrapped.set(bytes(key_of("cus_1").wrapped))])
    )
    with pytest.raises(ClientError):
        encryption.open_sealed("cus_2", "blood_type", sealed)


def test_sealed_bytes_are_bound_to_their_owner_whatever_key_opens_them() -> None:
    cipher = AESGCM(AESGCM.generate_key(bit_length=256))
    sealed = Envelope("cus_1", cipher).seal("blood_type", "AB-")
    assert Envelope("cus_1", cipher).open("blood_type", sealed) == "AB-"
    with pytest.raises(UndecryptableData):
        Envelope("cus_2", cipher).open("blood_type", sealed)


@pytest.mark.parametrize("place", [0, 1, 12, 13, -1])
def test_one_changed_bit_is_noticed(place: int) -> None:
    sealed = bytearray(encryption.seal("cus_1", "blood_type", "AB-"))
    sealed[place] ^= 1
    with pytest.raises(UndecryptableData):
        encryption.open_sealed("cus_1", "blood_type", bytes(sealed))


def test_without_its_key_every_copy_is_noise() -> None:
    sealed = encryption.seal("cus_1", "blood_type", "AB-")
    operations.record(operations.remove(keys.access.data_key("cus_1")))
    with pytest.raises(UndecryptableData):
        encryption.open_sealed("cus_1", "blood_type", sealed)


def test_two_first_writers_end_with_one_key() -> None:
    sealed: list[bytes] = []
    with before("PutItem", lambda: sealed.append(encryption.seal("cus_1", "blood_type", "AB-"))):
        sealed.append(encryption.seal("cus_1", "blood_type", "0+"))
    assert [encryption.open_sealed("cus_1", "blood_type", each) for each in sealed] == ["AB-", "0+"]


def test_the_table_keeps_the_key_only_wrapped() -> None:
    encryption.seal("cus_1", "blood_type", "AB-")
    wrapped = bytes(key_of("cus_1").wrapped)
    assert data_keys.unwrap("cus_1", wrapped) not in wrapped
