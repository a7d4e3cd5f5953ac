"""The door of the schedules."""

from chalicelib.domain import devices
from chalicelib.observability import logger


def watch_devices() -> None:
    """Tell staff of readers that fell silent while their gates are open."""
    count = devices.watch()
    if count:
        logger.warning("readers fell silent", extra={"count": count})
