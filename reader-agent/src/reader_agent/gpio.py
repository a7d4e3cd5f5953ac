"""Lines of a GPIO chip, through libgpiod's Python binding. `gpiochip0:17`, or `gpiochip0:17:low` where low is on."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reader_agent.failures import BadSetup

_FORM = re.compile(r"(gpiochip[0-9]{1,3}):([0-9]{1,4})(:low)?")
_CONSUMER = "gatehouse-reader"


@dataclass(frozen=True)
class Pin:
    """A line of a chip."""

    chip: str
    line: int
    is_low_on: bool


class GpioOutput:
    """A requested line. The kernel gives it back when it is closed, and when the process ends."""

    def __init__(self, pin: Pin) -> None:
        gpiod = load_gpiod()
        value = gpiod.line.Value
        self._line = pin.line
        self._on, self._off = value.ACTIVE, value.INACTIVE
        settings = gpiod.LineSettings(
            direction=gpiod.line.Direction.OUTPUT, active_low=pin.is_low_on, output_value=self._off
        )
        self._request = gpiod.request_lines(f"/dev/{pin.chip}", consumer=_CONSUMER, config={pin.line: settings})

    def set(self, on: bool) -> None:  # noqa: FBT001  # what is set
        """Switch the line. Raises OSError where the chip is gone."""
        self._request.set_value(self._line, self._on if on else self._off)

    def close(self) -> None:
        """Switch the line off, and give it back."""
        try:
            self.set(False)
        finally:
            self._request.release()


def parse(name: str, text: str) -> Pin:
    """Return the line of a setting. Raises BadSetup."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise BadSetup(f"{name} {text!r} is no line; write gpiochip0:17, or gpiochip0:17:low where low is on")
    return Pin(chip=found[1], line=int(found[2]), is_low_on=bool(found[3]))


def opener(pin: Pin) -> Callable[[], GpioOutput]:
    """Return what opens the line."""
    return lambda: GpioOutput(pin)


def load_gpiod() -> Any:
    """Return the library. Raises BadSetup, which says how to install it."""
    try:
        import gpiod
    except ImportError as error:
        raise BadSetup(
            f"the library for relays and lamps is not installed ({error}); in the folder of the agent run: "
            f"{sys.executable} -m pip install '.[gpio]'"
        ) from None
    return gpiod
