"""Campus: histograms."""

from chalice import Blueprint

from chalicelib.domain.campus.analytics import histograms
from chalicelib.domain.campus.analytics.viewers import AskedFigures
from chalicelib.portals.http.auth import CAMPUS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.campus import analytics as schema
from chalicelib.vocabulary.campus import HistogramType

bp = Blueprint(__name__)
_BASE = "/api/campus/analytics/histograms"


def _show(kind: HistogramType, call: Call[None, schema.HistogramIn]) -> schema.HistogramOut:
    found = histograms.show(kind, call.principal, AskedFigures(call.query.days, call.query.campus_id))
    return schema.HistogramOut(
        histogram_type=found.histogram_type,
        bins=list(found.bins),
        values=list(found.values),
        labels=list(found.labels),
        total_samples=found.total_samples,
        peak_hour=found.peak_hour,
        metadata=schema.HistogramMetadataOut(
            date_range=schema.DateRangeOut.read(found.dates),
            campus_filter=found.campus_filter,
            generated_at=found.generated_at,
        ),
    )


@door(
    bp,
    Route("GET", f"{_BASE}/attendance-hourly", guard=CAMPUS, query=schema.HistogramIn, reply=schema.HistogramOut),
)
def campus_histogram_hourly(call: Call[None, schema.HistogramIn]) -> schema.HistogramOut:
    """Show records by hour in the event's time zone: one's own, or of the events that one is staff of."""
    return _show(HistogramType.ATTENDANCE_HOURLY, call)


@door(
    bp,
    Route("GET", f"{_BASE}/verification-time", guard=CAMPUS, query=schema.HistogramIn, reply=schema.HistogramOut),
)
def campus_histogram_verification_time(call: Call[None, schema.HistogramIn]) -> schema.HistogramOut:
    """Show records by the seconds from the verified code to the submission; records by hand have none."""
    return _show(HistogramType.VERIFICATION_TIME, call)


@door(
    bp,
    Route("GET", f"{_BASE}/department-comparison", guard=CAMPUS, query=schema.HistogramIn, reply=schema.HistogramOut),
)
def campus_histogram_departments(call: Call[None, schema.HistogramIn]) -> schema.HistogramOut:
    """Show records by department, the largest 50; students see their own."""
    return _show(HistogramType.DEPARTMENT_COMPARISON, call)


@door(
    bp,
    Route("GET", f"{_BASE}/weekly-pattern", guard=CAMPUS, query=schema.HistogramIn, reply=schema.HistogramOut),
)
def campus_histogram_weekly(call: Call[None, schema.HistogramIn]) -> schema.HistogramOut:
    """Show records by weekday in the event's time zone, Monday first."""
    return _show(HistogramType.WEEKLY_PATTERN, call)
