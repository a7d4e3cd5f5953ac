"""PC/SC readers (`pcsc`, `pcsc:NAME`): ACR1252, ACR122U, OMNIKEY, uTrust and other CCID readers, through pcscd.

pyscard's low-level calls are used, since each of them has a result code and a timeout: a reader that is unplugged, or
a pcscd that is restarted, is a code like any other.
"""

import sys
import threading
import time
from typing import Any, ClassVar

from reader_agent.failures import BadSetup, ReaderUnavailable
from reader_agent.readers import ndef_files
from reader_agent.readers.base import Reader, nothing_raised
from reader_agent.readers.debounce import Visit
from reader_agent.readers.ndef_files import CardLeftError, StrangeCardError
from reader_agent.readers.reading import Card
from reader_agent.readers.secure import SecureCards

_POLL_MILLISECONDS = 200
_AGAIN_SECONDS = 0.1
_EVENTS_SHIFT = 16
# PC/SC part 3: the identifier from anti-collision.
_GET_UID = bytes.fromhex("FFCA000000")
_UID_LENGTHS = (4, 7, 8, 10)
# The second slot of many contactless readers, into which no card is tapped.
_NO_FIELD = " SAM"
_LONGEST_NAME = 100


class PcscReader(Reader):
    """A contactless reader behind pcscd; the first one, or the first whose name contains the given text."""

    kind: ClassVar[str] = "pcsc"

    def __init__(self, path: str, **common: Any) -> None:
        super().__init__(path, **common)
        self._wanted = path.partition(":")[2]
        self._context: Any = None
        self._name = ""
        self._secure = SecureCards(self._log)

    @property
    def is_open(self) -> bool:
        """Return whether pcscd has the reader."""
        return self._context is not None

    def check_library(self) -> None:
        """Raise BadSetup where pyscard is not installed."""
        load_pyscard()

    def open(self) -> None:
        """Find the reader. Raises ReaderUnavailable."""
        scard = load_pyscard()
        result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        if result != scard.SCARD_S_SUCCESS:
            raise ReaderUnavailable(f"{self.path}: {_advice(scard, result)}")
        result, names = scard.SCardListReaders(context, [])
        fitting = [name for name in names or () if self._fits(name)]
        if result != scard.SCARD_S_SUCCESS or not fitting:
            scard.SCardReleaseContext(context)
            others = f"; there are: {', '.join(names)[:300]}" if names else ""
            reason = _advice(scard, result) if not names else "no reader has this name"
            raise ReaderUnavailable(f"{self.path}: {reason}{others}")
        self._context, self._name = context, fitting[0]
        self.model = self._name[:_LONGEST_NAME]

    def _fits(self, name: str) -> bool:
        if self._wanted:
            # Paths are divided by commas, so `readers` shows a name without them.
            return self._wanted.casefold() in name.replace(",", " ").casefold()
        return _NO_FIELD not in name.upper()

    def close(self) -> None:
        """Leave the reader to pcscd."""
        context, self._context = self._context, None
        if context is not None:
            with nothing_raised(self._log, self.path):
                load_pyscard().SCardReleaseContext(context)

    def _watch(self, stop: threading.Event) -> None:
        scard = load_pyscard()
        known = scard.SCARD_STATE_UNAWARE
        present_uid: str | None = None
        # pcscd counts insertions and removals in the upper half of the state: a card is read once for each.
        done_with = failed_with = -1
        while not stop.is_set():
            self.alive_at = time.monotonic()
            result, states = scard.SCardGetStatusChange(self._context, _POLL_MILLISECONDS, [(self._name, known)])
            if result == scard.SCARD_E_TIMEOUT:
                continue
            if result != scard.SCARD_S_SUCCESS:
                self.last_error = f"{self.path}: {_advice(scard, result)}"
                return
            state = states[0][1]
            if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE):
                self.last_error = f"{self.path}: the reader is gone; check its cable"
                return
            known = state & ~scard.SCARD_STATE_CHANGED
            if not state & scard.SCARD_STATE_PRESENT:
                if present_uid:
                    self.debounce.released(present_uid)
                present_uid = None
            elif done_with != state >> _EVENTS_SHIFT:
                is_done, present_uid = self._on_card(scard, is_mute=bool(state & scard.SCARD_STATE_MUTE))
                if is_done:
                    done_with = state >> _EVENTS_SHIFT
                    continue
                self.tally["errors"] += failed_with != state >> _EVENTS_SHIFT
                failed_with = state >> _EVENTS_SHIFT
                # What is there is looked at again: it was held too shortly, or badly.
                stop.wait(_AGAIN_SECONDS)
                known = scard.SCARD_STATE_UNAWARE

    def _on_card(self, scard: Any, *, is_mute: bool) -> tuple[bool, str | None]:
        """Read and report the card in the field; return whether that is done, and its identifier."""
        uid = None
        try:
            _check_speaks(is_mute=is_mute)
            with _Connection(scard, self._context, self._name) as card:
                uid = self._identifier(card)
                visit = self.debounce.visit(uid)
                if visit is Visit.SAME:
                    return True, uid
                addresses, can_be_secure = self._addresses(card) if visit is Visit.NEW else ([], False)
        except CardLeftError:
            return False, uid
        except StrangeCardError as error:
            self.tally["hostile"] += 1
            self.last_error = f"card could not be read ({error})"
            self._log.warning("card could not be read", path=self.path, error=str(error))
            # A card that is held too shortly for its power is mute as well.
            self._ask_again(Card(uid=uid or "", kind="unknown", unreadable=str(error), is_torn=is_mute))
            return True, uid
        kind = "ISO 14443-4" if can_be_secure else "memory card"
        reading = self._secure.card(uid, kind, addresses, can_be_secure=can_be_secure)
        if visit is Visit.REPEATED:
            self._on_repeat(reading, self.debounce.seconds)
            return True, uid
        return self._report_card(reading), uid

    @staticmethod
    def _identifier(card: "_Connection") -> str:
        uid, status = card.send(_GET_UID)
        if status != ndef_files.DONE or len(uid) not in _UID_LENGTHS:
            raise StrangeCardError(f"no identifier (status {status.hex().upper()}, {len(uid)} bytes)")
        return uid.hex().upper()

    def _addresses(self, card: "_Connection") -> tuple[list[str] | None, bool]:
        """Return the addresses on a card (None where it left), and whether it is of the kind that can be secure."""
        can_be_secure = not ndef_files.is_memory_card(card.answer_to_reset)
        try:
            return ndef_files.addresses(card.send, can_be_secure=can_be_secure), can_be_secure
        except CardLeftError:
            return None, can_be_secure
        except StrangeCardError as error:
            self._count(error)
            return (None if can_be_secure else []), can_be_secure


class _Connection:
    """A connection to the card in the field."""

    def __init__(self, scard: Any, context: Any, name: str) -> None:
        self._scard, self._context, self._name = scard, context, name
        self.answer_to_reset = b""

    def __enter__(self) -> "_Connection":
        scard = self._scard
        result, self._card, self._protocol = scard.SCardConnect(
            self._context, self._name, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        self._check(result)
        result, _, _, _, answer = scard.SCardStatus(self._card)
        self.answer_to_reset = bytes(answer or ())
        return self

    def __exit__(self, *_: object) -> None:
        # The field's power is not cut: some readers would report the same card as a new one.
        self._scard.SCardDisconnect(self._card, self._scard.SCARD_LEAVE_CARD)

    def send(self, command: bytes) -> tuple[bytes, bytes]:
        """Return the answer to a command and its status. Raises CardLeftError."""
        scard = self._scard
        protocol = scard.SCARD_PCI_T1 if self._protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
        result, answer = scard.SCardTransmit(self._card, protocol, list(command))
        self._check(result)
        if not answer:
            raise CardLeftError("no answer")
        if len(answer) < 2:
            raise StrangeCardError("an answer without a status")
        return bytes(answer[:-2]), bytes(answer[-2:])

    def _check(self, result: int) -> None:
        if result != self._scard.SCARD_S_SUCCESS:
            raise CardLeftError(self._scard.SCardGetErrorMessage(result))


def names() -> tuple[list[str], str | None]:
    """Return the names of pcscd's readers, and why there are none."""
    scard = load_pyscard()
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if result != scard.SCARD_S_SUCCESS:
        return [], _advice(scard, result)
    try:
        result, found = scard.SCardListReaders(context, [])
    finally:
        scard.SCardReleaseContext(context)
    return list(found or ()), None if found else _advice(scard, result)


def _check_speaks(*, is_mute: bool) -> None:
    if is_mute:
        raise StrangeCardError("it does not answer to reset")


def load_pyscard() -> Any:
    """Return pyscard's low-level module. Raises BadSetup, which says how to install it."""
    try:
        import ndef  # noqa: F401  # decodes what cards carry
        import smartcard.scard as scard
    except ImportError as error:
        raise BadSetup(
            f"the library for PC/SC readers is not installed ({error}); install pcscd, libpcsclite-dev, swig and a C "
            f"compiler, then in the folder of the agent run: {sys.executable} -m pip install '.[pcsc]'"
        ) from None
    return scard


def _advice(scard: Any, result: int) -> str:
    if result in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED):
        return "pcscd does not run, or this user may not use it; run: systemctl enable --now pcscd.socket"
    if result == scard.SCARD_E_NO_READERS_AVAILABLE:
        return "pcscd has no reader; check the cable, and that pn533_usb is blacklisted (see README)"
    if result in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE):
        return "the reader is gone; check its cable"
    return str(scard.SCardGetErrorMessage(result))
