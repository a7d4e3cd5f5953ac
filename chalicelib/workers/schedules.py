"""Event door of the schedules."""

from chalicelib.domain.access import silences
from chalicelib.domain.audit import seals
from chalicelib.domain.background import jobs
from chalicelib.domain.background import sweep as due
from chalicelib.domain.background.sweep import SweepEnd, SweepRun, SweepTaker
from chalicelib.domain.campus import background as campus
from chalicelib.domain.campus.analytics import figures_of_all as campus_figures
from chalicelib.domain.card_office import background as card_office
from chalicelib.domain.events import background as events
from chalicelib.domain.merchants import background as merchants
from chalicelib.domain.organizations import background as organizations
from chalicelib.domain.payments import background as payments
from chalicelib.domain.payouts import background as payouts
from chalicelib.domain.sale import background as sale
from chalicelib.observability import logger

# By the first four characters of the id of what is due.
TAKERS: dict[str, SweepTaker] = {
    "job_": jobs.revive,
    **events.SWEEP_TAKERS,
    **sale.SWEEP_TAKERS,
    **payments.SWEEP_TAKERS,
    **payouts.SWEEP_TAKERS,
    **merchants.SWEEP_TAKERS,
    **organizations.SWEEP_TAKERS,
    **card_office.SWEEP_TAKERS,
    **campus.SWEEP_TAKERS,
}
ENDS: dict[str, SweepEnd] = {**payments.SWEEP_ENDS}


def watch_devices() -> None:
    """Notify staff of readers that fell silent while their gates are open."""
    count = silences.watch()
    if count:
        logger.warning("readers fell silent", extra={"count": count})


def seal_audit_log() -> None:
    """Seal what the audit log has so far."""
    seals.seal()


def sweep() -> SweepRun:
    """Handle what is due: expired reservations and holds, open payments, ended events, payouts, stalled jobs.

    Then the figures of all campuses are made.
    """
    swept = due.run(TAKERS, ENDS)
    counts = {"handled": swept.handled, "put_off": swept.put_off, "given_up": swept.given_up}
    if any(counts.values()):
        logger.info("swept", extra=counts)
    campus_figures.make()
    return swept
