"""`readers`: which readers this machine has, and why one of them cannot be opened."""

import grp
import os
import pwd
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from reader_agent.failures import AgentError
from reader_agent.readers import make_reader
from reader_agent.readers.hid import load_evdev
from reader_agent.readers.pcsc import load_pyscard, names
from reader_agent.readers.serial_line import load_pyserial

# USB readers that nfcpy opens, by vendor and product, with their names.
_NFCPY_USB = {
    "04cc:0531": "NXP PN531",
    "04cc:2533": "NXP PN533",
    "04e6:5591": "SCM SCL3711",
    "04e6:5593": "SCM SCL3712",
    "054c:0193": "Sony PN531",
    "054c:02e1": "Sony RC-S330/360/370",
    "054c:06c1": "Sony RC-S380/S",
    "054c:06c3": "Sony RC-S380/P",
}
_CCID = {"072f": "ACS", "076b": "HID OMNIKEY", "04e6": "Identiv", "08e6": "Thales"}
# The kernel's own drivers that take an NFC reader away.
_TAKING_MODULES = ("pn533_usb", "pn533", "port100", "nfc")


@dataclass(frozen=True)
class Found:
    """A reader that may be used. `path` is for `--reader`; `problem` says why it cannot be opened, and what to do."""

    path: str
    description: str
    problem: str | None = None


def find(system: Path = Path("/")) -> list[Found]:
    """Return what this machine has, without opening a reader that another program may use. `system` is for tests."""
    return [*_usb(system), *_lines(system), *_keyboards(system), *_pcsc()]


def hints(system: Path = Path("/")) -> list[str]:
    """Return what on this machine keeps readers from being opened."""
    found = []
    modules = _text(system / "proc/modules")
    taken = [name for name in _TAKING_MODULES if any(line.split(" ")[0] == name for line in modules.splitlines())]
    if taken:
        found.append(
            f"the kernel's driver {taken[0]} is loaded and takes NFC readers away: install "
            f"systemd/gatehouse-reader-modprobe.conf, then run: modprobe -r {taken[0]}"
        )
    return found


def check(path: str, *, air_seconds: float = 0.25) -> Found:
    """Open and close a reader. A running agent holds its own readers, so they are busy then."""
    reader = make_reader(path, air_seconds=air_seconds, log=structlog.get_logger())
    try:
        reader.open()
    except AgentError as error:
        return Found(path, reader.kind, problem=str(error))
    model = reader.model
    reader.close()
    return Found(path, str(model))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()[:65_536]
    except OSError:
        return ""


def _usb(system: Path) -> Iterator[Found]:
    for device in sorted((system / "sys/bus/usb/devices").glob("*")):
        vendor, product = _text(device / "idVendor"), _text(device / "idProduct")
        name = f"{_text(device / 'manufacturer')} {_text(device / 'product')}".strip()
        ids = f"{vendor}:{product}"
        if ids in _NFCPY_USB:
            bus, number = _text(device / "busnum"), _text(device / "devnum")
            node = system / f"dev/bus/usb/{int(bus or 0):03d}/{int(number or 0):03d}"
            yield Found(f"usb:{ids}", f"{_NFCPY_USB[ids]} ({name or 'USB'})", _access(node, "dialout"))
        elif vendor in _CCID and _is_ccid(device):
            yield Found("pcsc", f"{_CCID[vendor]} CCID reader ({name or ids}); nfcpy does not support it")


def _is_ccid(device: Path) -> bool:
    # Class 0B of USB: smart card readers.
    return any(_text(interface) == "0b" for interface in device.glob("*/bInterfaceClass"))


def _lines(system: Path) -> Iterator[Found]:
    by_id = {os.path.realpath(link): link for link in sorted((system / "dev/serial/by-id").glob("*"))}
    for pattern in ("ttyUSB*", "ttyACM*", "ttyAMA*", "gatehouse-reader*"):
        for line in sorted((system / "dev").glob(pattern)):
            link = by_id.get(os.path.realpath(line))
            name = link.name if link else "serial line"
            problem = _library(load_pyserial) or _access(line, "dialout")
            nfc_name = line.name.removeprefix("tty") if line.name.startswith("tty") else line.name
            yield Found(f"tty:{nfc_name}:pn532", f"a PN532, if one is there ({name})", problem)
            yield Found(f"serial:/{line.relative_to(system)}", f"a code scanner, if one is there ({name})", problem)


def _keyboards(system: Path) -> Iterator[Found]:
    for link in sorted((system / "dev/input/by-id").glob("*-event-kbd")):
        problem = _library(load_evdev) or _access(link, "input")
        yield Found(f"hid:/{link.relative_to(system)}", "a code scanner, or a person's keyboard", problem)


def _pcsc() -> Iterator[Found]:
    problem = _library(load_pyscard)
    if problem is None:
        found, problem = names()
        for name in found:
            yield Found(f"pcsc:{name.replace(',', ' ')}", "behind pcscd")
        if found:
            return
    yield Found("pcsc", "CCID readers behind pcscd", problem)


def _library(load: Callable[[], Any]) -> str | None:
    try:
        load()
    except AgentError as error:
        return str(error)
    return None


def _access(path: Path, usual_group: str) -> str | None:
    """Return why this user may not open a device."""
    try:
        state = path.stat()
    except OSError as error:
        return f"it cannot be looked at ({error.strerror}); check the cable"
    if os.access(path, os.R_OK | os.W_OK):
        return None
    try:
        group = grp.getgrgid(state.st_gid).gr_name
    except KeyError:
        group = usual_group
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # in a container
        user = f"user {os.geteuid()}"
    return (
        f"{user} may not open it (group {group}, mode {state.st_mode & 0o777:o}); "
        f"run: usermod -aG {usual_group} {user} and log in again, "
        "or add the udev rule of systemd/70-gatehouse-reader.rules"
    )
