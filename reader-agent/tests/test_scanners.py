"""Code scanners on a serial line (a pseudo terminal) and as a keyboard (recorded events)."""

import errno
import fcntl
import os
import struct
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog
from conftest import Work, wait_until
from platform_double import Platform
from running_reader import RunningReader

from reader_agent.failures import BadSetup, ReaderUnavailable
from reader_agent.readers import Reader, make_reader, split
from reader_agent.readers.hid import HidReader
from reader_agent.readers.keys import Typist
from reader_agent.readers.lines import LONGEST_CODE, Lines
from reader_agent.readers.serial_line import SerialReader

CODE = "GHQ1.tkt_01JDEM0T1CKET0000000000001.1a-_"


class Line:
    """A serial line that can be unplugged; the device is its path while it is plugged in."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._ends = (-1, -1)

    @property
    def path(self) -> str:
        return f"serial:{self.link}"

    def plug(self) -> None:
        self._ends = os.openpty()
        tty.setraw(self._ends[1])
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._ends[1]))

    def unplug(self) -> None:
        self.link.unlink(missing_ok=True)
        ends, self._ends = self._ends, (-1, -1)
        for end in ends:
            if end >= 0:
                os.close(end)

    def send(self, sent: bytes) -> None:
        os.write(self._ends[0], sent)


@pytest.fixture
def line() -> Iterator[Line]:
    if not os.access("/dev", os.W_OK):
        pytest.skip("only root may name a pseudo terminal in /dev")
    plugged = Line(Path(f"/dev/gatehouse-scanner-{os.getpid()}"))
    yield plugged
    plugged.unplug()


def serial(line: Line, *, debounce: float = 0.0) -> RunningReader:
    return RunningReader(
        SerialReader(line.path, log=structlog.get_logger(), debounce_seconds=debounce, longest_pause=0.1)
    )


def test_a_scanner_on_a_serial_line_sends_each_code_whole_however_its_bytes_arrive(line: Line) -> None:
    line.plug()
    with serial(line) as scanner:
        wait_until(lambda: scanner.reader.is_open)
        line.send(b"\x02" + CODE.encode() + b"\x03\r\n")
        assert scanner.code().text == CODE
        for part in (b"]Q1\xc3", b"\xa9\x1d", b"A\r"):
            line.send(part)
        assert scanner.code().text == "]Q1é\x1dA"  # what it means is the platform's to say
        line.send(b"\r\n\r\none\rtwo\r")
        assert [scanner.code().text, scanner.code().text] == ["one", "two"]
        assert scanner.is_quiet(0.3)


def test_a_scanner_that_is_unplugged_in_the_middle_of_a_code_goes_on_by_itself(line: Line) -> None:
    with serial(line) as scanner:
        wait_until(lambda: "there is no /dev/gatehouse-scanner" in str(scanner.reader.last_error))
        line.plug()
        wait_until(lambda: scanner.reader.is_open)
        line.send(b"GHQ1.half")
        line.unplug()
        wait_until(lambda: not scanner.reader.is_open)
        line.plug()
        wait_until(lambda: scanner.reader.is_open)
        line.send(b"whole\r")
        assert scanner.code().text == "whole"
        assert scanner.reader.facts()["reconnects"] == 1


def test_garbage_on_a_line_is_bounded_counted_and_refused(line: Line) -> None:
    line.plug()
    with serial(line) as scanner:
        wait_until(lambda: scanner.reader.is_open)
        for _ in range(20):
            line.send(b"x" * 1000)
        line.send(b"\r\xff\xfe\xff\rgood\r")
        assert "20000 characters" in str(scanner.code().unreadable)
        assert "UTF-8" in str(scanner.code().unreadable)
        assert scanner.code().text == "good"
        assert scanner.reader.facts()["hostile"] == 2


def test_a_code_that_stays_before_the_scanner_is_one_tap_and_a_later_one_shows_its_verdict_again(line: Line) -> None:
    line.plug()
    with serial(line, debounce=60.0) as scanner:
        wait_until(lambda: scanner.reader.is_open)
        for _ in range(5):
            line.send(CODE.encode() + b"\r")
            threading.Event().wait(0.05)
        assert scanner.code().text == CODE
        threading.Event().wait(0.5)
        line.send(CODE.encode() + b"\r")
        assert scanner.repeated.get(timeout=60).key == CODE
        assert scanner.is_quiet(0.1)


def test_a_gate_with_two_readers_decides_cards_and_codes_and_says_which_reader_is_lost(
    work: Work, platform: Platform, line: Line
) -> None:
    line.plug()
    with work(more_readers=line.path) as gate:
        wait_until(lambda: gate.agent.readers.is_open)
        line.send(b"no-such-\x1b[2J-code\r")
        reading, outcome = gate.outcomes.get(timeout=60)
        assert reading.key == "no-such-\x1b[2J-code"
        assert outcome is not None
        line.unplug()
        wait_until(lambda: "READER LOST: serial:" in gate.screen.getvalue())
        facts = gate.agent.snapshot()
        assert [reader["open"] for reader in facts["readers"]] == [True, False]
        assert any(line.path in reason for reason in facts["why_not_ready"])
        line.plug()
        wait_until(lambda: "is back" in gate.screen.getvalue())
    assert platform.received[0]["qr"] == "no-such-\x1b[2J-code"
    assert "uid" not in platform.received[0]
    assert "\x1b[2J" not in gate.screen.getvalue()
    assert "no-such" not in gate.log.getvalue()


class Event(NamedTuple):
    """An event as the kernel reports it, without its time."""

    type: int
    code: int
    value: int


class Keyboard:
    """What evdev opens, on a pipe that carries the kernel's records."""

    _RECORD = struct.Struct("@llHHi")
    name = "Honeywell HID scanner"

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self.is_grabbed = False
        self.is_busy = False
        self.is_gone = False

    def fileno(self) -> int:
        return self._read_end

    def grab(self) -> None:
        if self.is_busy:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self.is_grabbed = True

    def read(self) -> list[Event]:
        if self.is_gone:
            raise OSError(errno.ENODEV, "No such device")
        return [Event(*record[2:]) for record in self._RECORD.iter_unpack(os.read(self._read_end, 24 * 64))]

    def close(self) -> None:
        self.is_grabbed = False

    def type(self, *strokes: tuple[int, int]) -> None:
        """Send key codes with 1 (pressed) or 0 (released), each with the kernel's two other records."""
        for code, value in strokes:
            for record in ((4, 4, 0x70000 + code), (1, code, value), (0, 0, 0)):
                os.write(self._write_end, self._RECORD.pack(1, 2, *record))

    def drop(self) -> None:
        """Say that records were thrown away, as the kernel does where they are not read in time."""
        os.write(self._write_end, self._RECORD.pack(1, 2, 0, 3, 0))

    def unread(self) -> int:
        """Return how many bytes wait to be read."""
        return int.from_bytes(fcntl.ioctl(self._read_end, termios.FIONREAD, bytes(4)), sys.byteorder)

    def unplug(self) -> None:
        self.is_gone = True
        os.write(self._write_end, bytes(24))


def pressed(*codes: int) -> list[tuple[int, int]]:
    return [(code, value) for code in codes for value in (1, 0)]


SHIFT, ENTER, CONTROL, ALT = 42, 28, 29, 56
# As a scanner types "tkt_01A-b!" and Enter on the US layout.
RECORDED = [
    *pressed(20, 37, 20), (SHIFT, 1), *pressed(12), (SHIFT, 0), *pressed(11, 2), (54, 1), *pressed(30), (54, 0),
    *pressed(12, 48), (SHIFT, 1), *pressed(2), (SHIFT, 0), *pressed(ENTER),
]  # fmt: skip


def test_a_keyboard_scanner_is_grabbed_and_its_keys_are_text() -> None:
    keyboard = Keyboard()
    reader = HidReader("hid:/dev/input/by-id/usb-x", open_device=lambda _path: keyboard, log=structlog.get_logger())
    with RunningReader(reader) as scanner:
        wait_until(lambda: keyboard.is_grabbed)
        keyboard.type(*RECORDED)
        assert scanner.code().text == "tkt_01A-b!"
        assert reader.model == "Honeywell HID scanner"
    assert not keyboard.is_grabbed


def test_a_keyboard_scanner_that_is_unplugged_or_taken_is_waited_for() -> None:
    boards: list[Keyboard] = []

    def opened(_path: str) -> Keyboard:
        boards.append(Keyboard())
        boards[-1].is_busy = len(boards) == 2
        return boards[-1]

    reader = HidReader("hid:/dev/input/by-id/usb-x", open_device=opened, log=structlog.get_logger(), longest_pause=0.1)
    with RunningReader(reader) as scanner:
        wait_until(lambda: reader.is_open)
        boards[0].type(*pressed(30, 31))
        boards[0].unplug()
        wait_until(lambda: len(boards) == 3 and boards[2].is_grabbed)
        boards[2].type(*RECORDED)
        assert scanner.code().text == "tkt_01A-b!"
        assert reader.facts()["reconnects"] == 1


@pytest.mark.parametrize(
    ("strokes", "text", "unknown"),
    [
        ([*pressed(58), *pressed(30, 12), (SHIFT, 1), *pressed(30), (SHIFT, 0)], "A-a", 0),
        ([(30, 1), (30, 2), (30, 2), (30, 0)], "a", 0),
        ([(CONTROL, 1), *pressed(46), (CONTROL, 0), *pressed(30)], "a", 1),
        (pressed(79, 80, 81, 96, 57, 59), "123\n ", 1),
        ([(0, 1), (-1, 1), (99999, 1)], "", 3),
        # 071, 72, 13 and 8364, then Alt alone and Alt with a letter
        (
            [
                (ALT, 1),
                *pressed(82, 71, 79),
                (ALT, 0),
                (ALT, 1),
                *pressed(71, 80),
                (ALT, 0),
                (ALT, 1),
                *pressed(79, 81),
                (ALT, 0),
                (ALT, 1),
                *pressed(72, 81, 77, 75),
                (ALT, 0),
                *pressed(ALT),
                (ALT, 1),
                *pressed(30),
                (ALT, 0),
            ],
            "GH\r",
            2,
        ),
    ],
    ids=["capitals lock", "a key that is held", "a combination", "keypad, Enter, space, F1", "no keys", "numbers"],
)
def test_keys_to_text(strokes: list[tuple[int, int]], text: str, unknown: int) -> None:
    typist = Typist()
    assert "".join(character for code, value in strokes for character in typist.text(1, code, value)) == text
    assert typist.unknown == unknown
    assert list(typist.text(4, 30, 1)) == []


def test_half_a_code_is_forgotten_after_two_seconds_and_a_long_one_is_cut() -> None:
    now = [10.0]
    lines = Lines(clock=lambda: now[0])
    assert list(lines.feed("stray")) == []
    now[0] += 2.1
    assert [code.text for code in lines.feed("code\n")] == ["code"]
    assert lines.unfinished == 1
    for _ in range(100):
        list(lines.feed("x" * 1_000))
    assert len(lines._text) == LONGEST_CODE
    assert [code.unreadable is None for code in lines.feed("\nnext\n")] == [False, True]


def test_a_code_that_is_scanned_while_one_is_decided_is_read_whole() -> None:
    """The kernel keeps 64 records or a few more of a keyboard, and throws all away where others come."""
    keyboard = Keyboard()
    reader = HidReader("hid:/dev/input/by-id/usb-x", open_device=lambda _path: keyboard, log=structlog.get_logger())
    with RunningReader(reader) as scanner:
        scanner.hold()
        wait_until(lambda: keyboard.is_grabbed)
        keyboard.type(*RECORDED)
        assert scanner.code().text == "tkt_01A-b!"
        for _ in range(12):
            keyboard.type(*pressed(30, 48, 46, 32, 18))
            wait_until(lambda: not keyboard.unread(), timeout=10)
        keyboard.type(*pressed(ENTER))
        scanner.release()
        assert scanner.code().text == "abcde" * 12


def test_a_code_of_which_a_part_was_lost_is_never_taken_for_another_one() -> None:
    keyboard, now = Keyboard(), [0.0]
    reader = HidReader("hid:/dev/input/by-id/usb-x", open_device=lambda _path: keyboard, log=structlog.get_logger())
    with RunningReader(reader) as scanner:
        wait_until(lambda: keyboard.is_grabbed)
        keyboard.type(*pressed(30, 30), (SHIFT, 1))  # the shift's release is lost as well
        keyboard.drop()
        keyboard.type(*pressed(48, 48, ENTER), *RECORDED)
        assert "a part of it was lost" in str(scanner.code().unreadable)
        assert scanner.code().text == "tkt_01A-b!"
    lines = Lines(lambda: now[0])
    lines.lost()  # with its end
    now[0] = 2.1
    assert ["a part of it was lost" in str(code.unreadable) for code in lines.feed("")] == [True]
    assert [code.text for code in lines.feed("next\r")] == ["next"]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\t", "\t\r\n", "\x03", "\x03\r\n", "\n\n"], ids=repr)
@pytest.mark.parametrize("start", ["", "\x02", "\t", "\n", "]Q1"], ids=repr)
def test_each_suffix_and_prefix_that_scanners_are_set_to_makes_one_code(start: str, end: str) -> None:
    lines = Lines()
    found = [code.text for each in ("one", "two") for code in lines.feed(f"{start}{each}{end}")]
    bare = start.strip()
    assert found == [f"{bare}one".strip("\x02"), f"{bare}two".strip("\x02")]


def test_a_scanner_without_a_suffix_is_said_at_the_gate_and_a_touched_key_is_not() -> None:
    now = [10.0]
    lines = Lines(clock=lambda: now[0])
    for text, shown in (("GHQ1.tkt_01JDEM", [True]), ("x", []), ("y" * 3_000, [True])):
        assert list(lines.feed(text)) == []
        now[0] += 2.1
        assert ["set the scanner" in str(code.unreadable) for code in lines.feed("")] == shown
        assert list(lines.feed("")) == []
    assert [code.text for code in lines.feed("next\t")] == ["next"]


def test_a_code_without_its_end_is_shown_while_the_scanner_is_silent(line: Line) -> None:
    line.plug()
    keyboard = Keyboard()
    typed = HidReader("hid:/dev/input/by-id/usb-x", open_device=lambda _path: keyboard, log=structlog.get_logger())
    with serial(line) as wired, RunningReader(typed) as keys:
        wait_until(lambda: wired.reader.is_open and typed.is_open)
        line.send(CODE.encode())
        keyboard.type(*pressed(*[30] * 9))
        assert "set the scanner" in str(wired.code().unreadable)
        assert "set the scanner" in str(keys.code().unreadable)


@pytest.mark.parametrize(
    "paths",
    [
        "",
        "telnet:host",
        "hid:/etc/passwd",
        "serial:/etc/passwd",
        "serial:/dev/ttyS0@fast",
        "usb,usb",
        "usb," * 8 + "udp",
    ],
)
def test_a_path_that_is_no_reader_is_refused_with_the_forms_there_are(paths: str) -> None:
    def readers() -> list[Reader]:
        return [make_reader(path, air_seconds=0.25, log=structlog.get_logger()) for path in split(paths)]

    with pytest.raises(BadSetup, match=r"usb|serial:/dev|hid:/dev"):
        readers()


def test_a_device_that_may_not_be_opened_says_what_to_do() -> None:
    def refuse(number: int) -> Callable[[str], Keyboard]:
        def opened(_path: str) -> Keyboard:
            raise OSError(number, os.strerror(number))

        return opened

    for number, advice in ((errno.ENOENT, "there is no /dev/input/x"), (errno.EBUSY, "grabbed")):
        reader = HidReader("hid:/dev/input/x", open_device=refuse(number), log=structlog.get_logger())
        with pytest.raises(ReaderUnavailable, match=advice):
            reader.open()


def test_a_line_that_another_agent_reads_says_so(line: Line) -> None:
    """As a self-test beside a running agent finds it."""
    line.plug()
    holder = SerialReader(line.path, log=structlog.get_logger())
    holder.open()
    try:
        with pytest.raises(ReaderUnavailable, match="another program uses it"):
            SerialReader(line.path, log=structlog.get_logger()).open()
    finally:
        holder.close()
