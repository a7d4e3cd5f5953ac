import ndef
import pytest

from reader_agent import sun
from reader_agent.simulator import Ntag424
from reader_agent.wire import Sun

PUBLISHED = Sun(picc_data="EF963FF7828658A599F3041510671E88", cmac="94EED9EE65337086")
ZERO = bytes(16)


def test_the_published_message_reads_as_published() -> None:
    reading = sun.check(PUBLISHED, meta_read_key=ZERO, file_read_key=ZERO)
    assert reading == sun.Reading(uid="04DE5F1EACC040", counter=61)


@pytest.mark.parametrize("bit", range(0, 64, 7))
def test_a_flipped_bit_of_the_cmac_is_refused(bit: int) -> None:
    forged = bytearray.fromhex(PUBLISHED.cmac)
    forged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(sun.UnusableMessageError):
        sun.check(PUBLISHED.model_copy(update={"cmac": forged.hex()}), meta_read_key=ZERO, file_read_key=ZERO)


@pytest.mark.parametrize("bit", range(0, 128, 11))
def test_a_flipped_bit_of_the_encrypted_identity_is_refused(bit: int) -> None:
    forged = bytearray.fromhex(PUBLISHED.picc_data)
    forged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(sun.UnusableMessageError):
        sun.check(PUBLISHED.model_copy(update={"picc_data": forged.hex()}), meta_read_key=ZERO, file_read_key=ZERO)


def test_another_cards_key_is_refused() -> None:
    with pytest.raises(sun.UnusableMessageError):
        sun.check(PUBLISHED, meta_read_key=ZERO, file_read_key=bytes(15) + b"\x01")


def test_the_address_survives_the_ndef_record_by_its_iri() -> None:
    address = f"https://t.gatehouse.example/t?p={PUBLISHED.picc_data}&m={PUBLISHED.cmac}"
    record = next(ndef.message_decoder(b"".join(ndef.message_encoder([ndef.UriRecord(address)]))))
    assert sun.from_address(record.iri) == PUBLISHED
    assert sun.from_address(record.uri) is None  # why the reader never uses it


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://t.gatehouse.example/c",
        "tel:+4412345",
        "https://t.example/?p=00",
        "http://[::1",
        "https://x/?m=11&p=",
    ],
)
def test_an_address_without_a_message_is_none(address: str) -> None:
    assert sun.from_address(address) is None


@pytest.mark.parametrize(
    "address",
    [
        f"https://t.example/t?p={'0' * 48}&m={'0' * 16}",
        f"https://t.example/t?p={'0' * 30}&m={'0' * 16}",
        f"https://t.example/t?p={'0' * 32}&m={'0' * 14}",
        f"https://t.example/t?p={'x' * 32}&m={'0' * 16}",
        f"https://t.example/t?p={'0' * 30}++&m={'0' * 16}",
        f"https://t.example/t?p={'0' * 32}&m=%20{'0' * 14}%20",
    ],
    ids=["lrp", "short identity", "short cmac", "no hex", "spaces in the identity", "spaces in the cmac"],
)
def test_a_message_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(sun.UnusableMessageError):
        sun.from_address(address)


def test_a_chip_repeats_itself_without_counting_when_a_block_is_asked_for_again() -> None:
    card = Ntag424(bytes.fromhex("04DE5F1EACC040"))
    _activate(card)
    for number, apdu in enumerate(["00A4040007D276000085010100", "00A4000C02E104", "00B0000002"]):
        answer = card.answer(bytes([0x02 | number % 2]) + bytes.fromhex(apdu))
        assert answer is not None
        assert answer[-2:] == b"\x90\x00"
    again = card.answer(b"\xb2")
    assert (again, card.counter) == (answer, 1)


def test_a_chip_that_ran_out_of_counter_values_says_nothing_more() -> None:
    card = Ntag424(bytes.fromhex("04DE5F1EACC040"), counter=0xFFFFFF)
    _activate(card)
    for number, apdu in enumerate(["00A4040007D276000085010100", "00A4000C02E104", "00B0000002"]):
        answer = card.answer(bytes([0x02 | number % 2]) + bytes.fromhex(apdu))
    assert answer is not None
    assert answer[-2:] == bytes.fromhex("6985")


def _activate(card: Ntag424) -> None:
    for frame in ("26", "9320", "9370" + card._levels[0].hex(), "9520"):
        assert card.answer(bytes.fromhex(frame))
    assert card.answer(b"\x95\x70" + card._levels[1]) == b"\x20"
    assert card.answer(b"\xe0\x80")
