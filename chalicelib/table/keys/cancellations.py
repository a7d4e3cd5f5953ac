"""Keys of cancelled events."""

from chalicelib.table.items.cancellations import Cancellation, CancellationPreview, CancellationRun
from chalicelib.table.keys import events, jobs
from chalicelib.table.places import Place, joined


def cancellation(event_id: str) -> Place[Cancellation]:
    """Question 131. It sorts before what gates and organizers read of the event."""
    return Place(Cancellation, events.event(event_id).pk, "CANCELLATION")


def preview(event_id: str, admin_id: str) -> Place[CancellationPreview]:
    """Question 132."""
    return Place(CancellationPreview, events.event(event_id).pk, joined("CANCEL_PREVIEW", admin_id))


def run(job_id: str) -> Place[CancellationRun]:
    """Question 69, of a job that gives a cancelled event's money back."""
    return Place(CancellationRun, *jobs.job(job_id))
