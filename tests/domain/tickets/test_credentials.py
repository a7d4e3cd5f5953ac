"""Codes on tickets, messages of secure cards, and ids that contain what they identify."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.gate import sun
from chalicelib.domain.tickets import credentials
from chalicelib.identifiers import UID_LENGTHS, card_id_of, new_id, parse_uid, uid_of_card_id
from tests.support import secure_cards

SOME = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EVENT_ID = "evt_concert"


@pytest.mark.usefixtures("moto_cloud")
class TestCodes:
    """The text in a ticket's QR."""

    @SOME
    @given(number=st.integers(0, 65535))
    def test_a_code_says_what_it_was_made_of(self, number: int) -> None:
        ticket_id = new_id("tkt")
        code = credentials.encode(ticket_id, event_id=EVENT_ID, credential=number)
        read = credentials.decode(code)
        assert read is not None
        assert (read.ticket_id, read.credential) == (ticket_id, number)
        assert read.event_tag == credentials.event_tag(EVENT_ID)
        assert read.event_tag != credentials.event_tag("evt_other")

    def test_a_code_fits_a_qrs_alphanumeric_mode_and_stays_short(self) -> None:
        code = credentials.encode(new_id("tkt"), event_id=EVENT_ID, credential=1)
        assert set(code) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
        assert len(code) == 147

    @SOME
    @given(place=st.integers(0, 142), character=st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"))
    def test_a_code_changed_anywhere_is_refused(self, place: int, character: str) -> None:
        code = credentials.encode("tkt_01JDEM00000000000000000001", event_id=EVENT_ID, credential=1)
        body = code.removeprefix("GH1:")
        if body[place] != character:
            assert credentials.decode(f"GH1:{body[:place]}{character}{body[place + 1 :]}") is None

    @SOME
    @given(text=st.text(max_size=300))
    def test_any_other_text_is_refused_without_a_fault(self, text: str) -> None:
        assert credentials.decode(text) is None
        assert credentials.decode(f"GH1:{text}") is None


class TestSecureMessages:
    """Secure Unique NFC, against what NXP published."""

    def test_the_vector_of_an12196_is_opened(self) -> None:
        # NXP AN12196, "SUN message": zero keys.
        tap = sun.decrypt_picc_data("EF963FF7828658A599F3041510671E88", bytes(16))
        assert tap == sun.GenuineTap("04DE5F1EACC040", 61)
        assert sun.is_authentic(tap, "94EED9EE65337086", bytes(16))
        assert not sun.is_authentic(tap, "94EED9EE65337087", bytes(16))

    def test_the_vector_of_an10922_is_derived(self) -> None:
        # NXP AN10922, section 2.2.1: the input is 01, the UID, the application's id and the system's name.
        master = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
        message = bytes.fromhex("01" + "04782E21801D80" + "3042F5") + b"NXP Abu"
        assert sun.aes_cmac(master, message).hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"

    @pytest.mark.parametrize("picc_data", ["", "00", "zz" * 16, "00" * 16, "00" * 24])
    def test_what_is_no_picc_data_is_refused(self, picc_data: str) -> None:
        assert sun.decrypt_picc_data(picc_data, bytes(16)) is None

    @pytest.mark.usefixtures("moto_cloud")
    @SOME
    @given(uid=st.binary(min_size=7, max_size=7), counter=st.integers(0, 2**24 - 1), bit=st.integers(0, 63))
    def test_a_cards_message_is_opened_and_with_a_flipped_bit_is_not(self, uid: bytes, counter: int, bit: int) -> None:
        tap = sun.GenuineTap(uid.hex().upper(), counter)
        message = secure_cards.message(tap.uid, counter)
        picc_data, cmac = message.picc_data, message.cmac
        assert sun.open_message(picc_data, cmac) == sun.OpenedMessage(tap, key_version=1)
        assert sun.open_message(picc_data, f"{int(cmac, 16) ^ 1 << bit:016X}") is None
        assert sun.open_message(f"{int(picc_data, 16) ^ 1 << bit:032X}", cmac) is None


@SOME
@given(uid=st.sampled_from(UID_LENGTHS).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_a_cards_id_carries_its_uid_of_any_length(uid: bytes) -> None:
    text = uid.hex().upper()
    assert uid_of_card_id(card_id_of(text, created_at=datetime(2026, 11, 21, tzinfo=UTC))) == text


def test_cards_ids_sort_by_creation() -> None:
    ids = [card_id_of("04A1B2C3D4E5F6", created_at=datetime(2026, 11, day, tzinfo=UTC)) for day in (1, 2, 3)]
    assert ids == sorted(ids)


@pytest.mark.parametrize("text", ["04a1b2c3d4e5f6", "04:A1:B2:C3:D4:E5:F6", "04-a1-b2-c3-d4-e5-f6"])
def test_a_uid_is_read_in_every_spelling(text: str) -> None:
    assert parse_uid(text) == "04A1B2C3D4E5F6"


@pytest.mark.parametrize("text", ["", "04", "04A1B2C3D4", "04A1B2C3D4E5F", "G4A1B2C3", "04 A1 B2 C3"])
def test_what_is_no_uid_is_none(text: str) -> None:
    assert parse_uid(text) is None
