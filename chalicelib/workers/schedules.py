"""Event door of the schedules."""

from chalicelib.domain import jobs
from chalicelib.domain import sweep as due
from chalicelib.domain.access import devices
from chalicelib.domain.events import background as events
from chalicelib.domain.merchants import background as merchants
from chalicelib.domain.payments import background as payments
from chalicelib.domain.sale import background as sale
from chalicelib.domain.sweep import SweepRun, SweepTaker
from chalicelib.observability import logger

# By the first four characters of the id of what is due.
TAKERS: dict[str, SweepTaker] = {
    "job_": jobs.revive,
    **events.SWEEP_TAKERS,
    **sale.SWEEP_TAKERS,
    **payments.SWEEP_TAKERS,
    **merchants.SWEEP_TAKERS,
}


def watch_devices() -> None:
    """Notify staff of readers that fell silent while their gates are open."""
    count = devices.watch()
    if count:
        logger.warning("readers fell silent", extra={"count": count})


def sweep() -> SweepRun:
    """Handle everything that is due: expired reservations and holds, open payments, ended events, stalled jobs."""
    swept = due.run(TAKERS)
    if swept.handled or swept.put_off:
        logger.info("swept", extra={"handled": swept.handled, "put_off": swept.put_off})
    return swept
