"""The addresses that a card carries, read by PC/SC commands: NFC Forum type 4 (NTAG 424 DNA) and type 2 (NTAG21x)."""

from collections.abc import Callable

# Sends a command; returns the answer and its status.
Send = Callable[[bytes], tuple[bytes, bytes]]

DONE = bytes.fromhex("9000")
# PC/SC part 3, section 3.1.3.2.3: a memory card's answer to reset has the RID of the PC/SC workgroup.
_MEMORY_CARD = bytes.fromhex("804F0CA000000306")
_SELECT_NDEF_APPLICATION = bytes.fromhex("00A4040007D276000085010100")
_CAPABILITY_FILE = bytes.fromhex("E103")
_LONGEST_MESSAGE, _MOST_AT_ONCE = 1_024, 0x3B
_LAST_PAGE, _CAPABILITY_PAGE, _FIRST_PAGE = 0xE0, 3, 4
_NDEF_MAGIC = 0xE1
_TLV_NULL, _TLV_NDEF, _TLV_END = 0x00, 0x03, 0xFE


class CardLeftError(Exception):
    """The card left the field, or the reader lost it."""


class StrangeCardError(Exception):
    """The card answers what no card of its kind answers."""


def is_memory_card(answer_to_reset: bytes) -> bool:
    """Return whether a card has no files: type 2 tags, MIFARE Classic, FeliCa."""
    return _MEMORY_CARD in answer_to_reset


def addresses(send: Send, *, can_be_secure: bool) -> list[str]:
    """Return the addresses in a card's NDEF message; none where it has no such message.

    Raises CardLeftError, and StrangeCardError where the message cannot be read or decoded.
    """
    message = _of_type_4(send) if can_be_secure else _of_type_2(send)
    return decode(message) if message else []


def decode(message: bytes) -> list[str]:
    """Return the addresses of an NDEF message. Raises StrangeCardError."""
    import ndef

    try:
        # `iri`, not `uri`: the latter quotes "=" and "&" again and breaks the parameters.
        return [getattr(record, "iri", "") or "" for record in ndef.message_decoder(message)]
    except Exception as error:  # noqa: BLE001  # any error of the decoder is the card's
        raise StrangeCardError(f"the message on the card does not decode ({type(error).__name__})") from None


def _select(send: Send, file: bytes) -> bool:
    return send(bytes.fromhex("00A4000C02") + file)[1] == DONE


def _read(send: Send, offset: int, size: int) -> bytes:
    answer, status = send(b"\x00\xb0" + offset.to_bytes(2) + bytes([size]))
    if status != DONE or len(answer) != size:
        raise StrangeCardError(f"a file of the card could not be read (status {status.hex().upper()})")
    return answer


def _of_type_4(send: Send) -> bytes | None:
    if send(_SELECT_NDEF_APPLICATION)[1] != DONE or not _select(send, _CAPABILITY_FILE):
        return None  # a bank card, a passport: it has no such message
    capabilities = _read(send, 0, 15)
    if capabilities[7] != 0x04 or not _select(send, capabilities[9:11]):
        return None
    length = int.from_bytes(_read(send, 0, 2))
    if length > _LONGEST_MESSAGE:
        raise StrangeCardError(f"the message has {length} bytes; at most {_LONGEST_MESSAGE} are read")
    message = b""
    while len(message) < length:
        message += _read(send, 2 + len(message), min(_MOST_AT_ONCE, length - len(message)))
    return message


def _of_type_2(send: Send) -> bytes | None:
    def pages(first: int) -> bytes | None:
        answer, status = send(bytes([0xFF, 0xB0, 0x00, first, 0x10]))
        return answer if status == DONE and len(answer) == 16 else None

    head = pages(_CAPABILITY_PAGE)
    if head is None or head[0] != _NDEF_MAGIC:
        return None  # a MIFARE Classic, a FeliCa card, or a tag without a message
    size = head[2] * 8
    data, page = head[4:], _FIRST_PAGE + 3
    while len(data) < size and page < _LAST_PAGE and not _is_complete(data):
        more = pages(page)
        if more is None:
            break
        data, page = data + more, page + 4
    return _message_in(data[:size])


def _is_complete(data: bytes) -> bool:
    place = _place_of_message(data)
    return place is not None and len(data) >= place[0] + place[1]


def _message_in(data: bytes) -> bytes | None:
    place = _place_of_message(data)
    if place is None:
        return None
    begin, length = place
    if length > min(_LONGEST_MESSAGE, len(data) - begin):
        raise StrangeCardError("the message on the card is longer than its memory")
    return data[begin : begin + length]


def _place_of_message(data: bytes) -> tuple[int, int] | None:
    """Return where the NDEF message begins, and its length, from the blocks of a type 2 tag's memory."""
    at = 0
    while at + 1 < len(data) and data[at] != _TLV_END:
        if data[at] == _TLV_NULL:
            at += 1
            continue
        head, length = at + 2, data[at + 1]
        if length == 0xFF:
            head, length = at + 4, int.from_bytes(data[at + 2 : at + 4])
        if data[at] == _TLV_NDEF:
            return head, length
        at = head + length
    return None
