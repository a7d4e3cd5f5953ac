"""NTAG 424 DNA: a type 4 tag whose NDEF file has fresh, encrypted and signed content at each reading."""

from reader_agent import sun
from reader_agent.simulator.iso_dep import IsoDep
from reader_agent.simulator.ndef import address_message
from reader_agent.simulator.type_a import TypeACard

_ATS = bytes.fromhex("067777710280")
_RATS = 0xE0
_APPLICATION = bytes.fromhex("D2760000850101")
_CAPABILITY_FILE, _NDEF_FILE = bytes.fromhex("E103"), bytes.fromhex("E104")
_CAPABILITIES = bytes.fromhex("001720010000FF0406E104010000000506E10500808283")
_SELECT, _READ_BINARY = 0xA4, 0xB0
_DONE, _NOT_FOUND, _NOT_ALLOWED = bytes.fromhex("9000"), bytes.fromhex("6A82"), bytes.fromhex("6985")
_UNKNOWN_COMMAND, _WRONG_OFFSET, _WRONG_LENGTH = bytes.fromhex("6D00"), bytes.fromhex("6B00"), bytes.fromhex("6700")
_LARGEST_COUNTER = 0xFFFFFF


class Ntag424(TypeACard):
    """An NTAG 424 DNA provisioned for a gate. Its counter rises at each reading of the NDEF file."""

    def __init__(
        self,
        uid: bytes,
        *,
        meta_read_key: bytes = bytes(16),
        file_read_key: bytes = bytes(16),
        counter: int = 0,
        address: str = "https://t.gatehouse.example/t",
        random_identifier: bytes | None = None,
    ) -> None:
        if len(uid) != 7:
            raise ValueError("an NTAG 424 DNA has an identifier of 7 bytes (14 hex digits)")
        shown = random_identifier or uid
        request = "0403" if random_identifier else "4403"
        super().__init__(shown, answer_to_request=bytes.fromhex(request), select_acknowledge=0x20)
        self.counter = counter
        self._real_uid = uid
        self._meta_read_key = meta_read_key
        self._file_read_key = file_read_key
        self._address = address
        self._deactivate()

    def power_off(self) -> None:
        """Forget the activation; the counter stays."""
        super().power_off()
        self._deactivate()

    def _deactivate(self) -> None:
        self._protocol: IsoDep | None = None
        self._application = False
        self._file = b""
        self._fresh = False

    def command(self, frame: bytes) -> bytes | None:
        """Answer a request for activation, or a block of it."""
        if frame[0] == _RATS and len(frame) == 2:
            self._deactivate()
            self._protocol = IsoDep(self._answer_apdu, frame_size_index=frame[1] >> 4)
            return _ATS
        return self._protocol.answer(frame) if self._protocol else None

    def _answer_apdu(self, apdu: bytes) -> bytes:
        if len(apdu) < 4:
            return _WRONG_LENGTH
        if apdu[1] == _SELECT:
            return self._select_file(apdu)
        if apdu[1] == _READ_BINARY:
            return self._read(apdu)
        return _UNKNOWN_COMMAND

    def _select_file(self, apdu: bytes) -> bytes:
        name = apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b""
        if apdu[2] == 0x04:
            self._application, self._file = name == _APPLICATION, b""
            return _DONE if self._application else _NOT_FOUND
        if not self._application or name not in (_CAPABILITY_FILE, _NDEF_FILE):
            return _NOT_FOUND
        self._file = _CAPABILITIES if name == _CAPABILITY_FILE else b""
        self._fresh = name == _NDEF_FILE
        return _DONE

    def _read(self, apdu: bytes) -> bytes:
        if self._fresh:
            # The first read after selecting the file counts; the reads that fetch the rest of it do not.
            self._fresh = False
            if self.counter >= _LARGEST_COUNTER:
                return _NOT_ALLOWED
            self.counter += 1
            message = address_message(self._say())
            self._file = len(message).to_bytes(2) + message
        if not self._file:
            return _NOT_ALLOWED
        offset, size = int.from_bytes(apdu[2:4]), (apdu[4] or 256) if len(apdu) > 4 else 0
        if offset >= len(self._file):
            return _WRONG_OFFSET
        return self._file[offset : offset + size] + _DONE

    def _say(self) -> str:
        message = sun.make(
            uid=self._real_uid,
            counter=self.counter,
            meta_read_key=self._meta_read_key,
            file_read_key=self._file_read_key,
        )
        return f"{self._address}?p={message.picc_data}&m={message.cmac}"
