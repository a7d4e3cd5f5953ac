"""From a reader's path to the reader."""

from typing import Any

from reader_agent.failures import BadSetup
from reader_agent.readers.base import Reader
from reader_agent.readers.hid import HidReader
from reader_agent.readers.nfc import NfcReader
from reader_agent.readers.pcsc import PcscReader
from reader_agent.readers.serial_line import SerialReader

FORMS = (
    "usb, usb:054c:06c3, tty:USB0:pn532, udp:127.0.0.1:54321, pcsc, pcsc:NAME, hid:/dev/input/by-id/…, "
    "serial:/dev/ttyACM0"
)
_KINDS: dict[str, type[Reader]] = {
    "usb": NfcReader, "tty": NfcReader, "udp": NfcReader, "pcsc": PcscReader, "hid": HidReader, "serial": SerialReader,
}  # fmt: skip
MOST_READERS = 8


def split(paths: str) -> list[str]:
    """Return the paths of a setting, which commas divide. Raises BadSetup."""
    found = [path.strip() for path in paths.split(",") if path.strip()]
    if not found or len(found) > MOST_READERS or len(set(found)) != len(found):
        raise BadSetup(f"name one to {MOST_READERS} different readers, divided by commas; such as: {FORMS}")
    return found


def make_reader(path: str, *, air_seconds: float, **common: Any) -> Reader:
    """Return the reader at a path; it is not opened yet. Raises BadSetup."""
    kind = _KINDS.get(path.partition(":")[0])
    if kind is None:
        raise BadSetup(f"{path!r} is no reader; write one of: {FORMS}")
    return NfcReader(path, air_seconds=air_seconds, **common) if kind is NfcReader else kind(path, **common)
