"""The door of the schedules."""

from chalicelib.domain import devices
from chalicelib.domain import sweep as due
from chalicelib.observability import logger


def watch_devices() -> None:
    """Tell staff of readers that fell silent while their gates are open."""
    count = devices.watch()
    if count:
        logger.warning("readers fell silent", extra={"count": count})


def sweep() -> None:
    """End what has run out of time: reservations, and payments that nobody confirmed."""
    swept = due.run()
    if swept.handled or swept.put_off:
        logger.info("swept", extra={"handled": swept.handled, "put_off": swept.put_off})
