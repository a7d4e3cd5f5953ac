"""What is unusual in the attendance of some days, by named rules, each with its numbers and a sentence in words.

Rules of flags group the flagged records of an event. `rate_outlier` compares rates with robust statistics: a modified
z-score above 3.5 in size, from the median and the median absolute deviation (MAD; Iglewicz and Hoaglin 1993). Outliers
barely move these two, as they would move mean and standard deviation. An anomaly is a reason to look, and no proof.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import fmean, median

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import figures, viewers
from chalicelib.domain.campus.analytics.figures import FigureRow, Numbers
from chalicelib.domain.campus.analytics.viewers import AskedFigures
from chalicelib.domain.timezones import local
from chalicelib.table import keys, operations
from chalicelib.table.items import FlaggedAttendance
from chalicelib.vocabulary.campus import AnomalyType, EvidenceFlag, Severity

# Modified z-scores of more are outliers (Iglewicz and Hoaglin 1993).
CUT = 3.5
# The MAD of a normal distribution is 0.6745 of its standard deviation, the mean deviation 1/1.253314 of it.
_OF_MAD, _OF_MEAN_DEVIATION = 0.6745, 1.253314
# Fewer have no distribution, and a rate of fewer people is mostly chance.
FEWEST_COMPARED, FEWEST_EXPECTED = 5, 5
# What is read at most: the newest of each.
MOST_FLAGGED, MOST_EVENTS = 1_000, 1_000
_SUBJECTS_SHOWN = 20
# From so many records on the severity is medium, or high.
_MEDIUM, _HIGH = 3, 10


class AnomalySubject(Struct, frozen=True):
    """Whom or what an anomaly is about: `kind` is event, student or department."""

    kind: str
    id: str


class Anomaly(Struct, frozen=True):
    """Something unusual; `evidence` has its numbers, `message` says it in words."""

    type: AnomalyType
    severity: Severity
    subjects: Sequence[AnomalySubject]
    evidence: Mapping[str, float]
    detected_at: datetime
    message: str


class FoundAnomalies(Struct, frozen=True):
    """The anomalies of some days, the most severe first, and how much was looked through."""

    anomalies: Sequence[Anomaly]
    flagged_examined: int
    events_examined: int


class _Rule(Struct, frozen=True):
    """How records with a flag are grouped: from how many on, what is at least its severity, and the words."""

    type: AnomalyType
    fewest: int
    least: Severity
    words: str


RULES: Mapping[EvidenceFlag, _Rule] = {
    EvidenceFlag.IMPOSSIBLE_TRAVEL: _Rule(
        AnomalyType.IMPOSSIBLE_TRAVEL,
        1,
        Severity.MEDIUM,
        "came from another event faster than anybody can travel",
    ),
    EvidenceFlag.SHARED_DEVICE: _Rule(
        AnomalyType.SHARED_DEVICE, 2, Severity.LOW, "came from a device that another person of the event used"
    ),
    EvidenceFlag.BURST: _Rule(
        AnomalyType.BURST, 2, Severity.LOW, "came within a burst of submissions that is faster than a queue"
    ),
    EvidenceFlag.FROZEN_POSITION: _Rule(
        AnomalyType.LOCATION_CLUSTER, 2, Severity.LOW, "have exactly the same coordinates as another person's"
    ),
    EvidenceFlag.DUPLICATE_PHOTO: _Rule(
        AnomalyType.DUPLICATE_PHOTO, 1, Severity.MEDIUM, "have a photo that was sent before"
    ),
}
_ORDER = (Severity.HIGH, Severity.MEDIUM, Severity.LOW)


def find(caller: Principal, asked: AskedFigures) -> FoundAnomalies:
    """Return the anomalies of the days asked for; two queries, of all campuses three.

    Raises ValidationFailed for an unknown campus.
    """
    campus = asked.found_campus()
    scope = keys.campus_analytics.of_campus(campus.campus_id) if campus else keys.campus_analytics.ALL
    flagged = _flagged(scope, asked.days)
    read = viewers.figures_of(caller, asked, campus)
    events = [row for row in read.newest_events(MOST_EVENTS) if row.numbers["ev"] > 0]
    departments = read.of_departments()
    totals = {str(row.event_id): row.numbers["n"] for row in events}
    found = [
        *_of_flags(flagged, totals),
        *_of_rates("event", _rates_of_events(events), {str(row.event_id): row.title or "" for row in events}),
        *_of_rates("department", _rates(departments.items()), {name: name for name in departments}),
    ]
    found.sort(key=lambda each: (_ORDER.index(each.severity), -each.detected_at.timestamp(), each.type))
    return FoundAnomalies(found, len(flagged), len(events))


def modified_z(values: Mapping[str, float]) -> dict[str, float]:
    """Return the modified z-score of each value; where the MAD is 0, from the mean deviation."""
    middle = median(values.values())
    deviations = [abs(value - middle) for value in values.values()]
    spread, mean = median(deviations) / _OF_MAD, fmean(deviations) * _OF_MEAN_DEVIATION
    scale = spread or mean
    return {name: (value - middle) / scale if scale else 0.0 for name, value in values.items()}


def _flagged(scope: str, days: int) -> list[FlaggedAttendance]:
    """Return the newest flagged records of the last days, each in the time zone of its event; one query."""
    where = figures.around(days, keys.campus_analytics.flagged_days)
    partition = keys.campus_analytics.all_flagged(scope)
    raws = operations.query(partition, where, newest_first=True, limit=MOST_FLAGGED)
    return [each for each in map(FlaggedAttendance.from_raw_data, raws) if _is_within(each, days)]


def _is_within(flagged: FlaggedAttendance, days: int) -> bool:
    timezone = flagged.timezone or "UTC"
    return figures.dates_of(clock.now(), days, timezone).has(local(flagged.submitted_at, timezone).date())


def _of_flags(flagged: Iterable[FlaggedAttendance], totals: Mapping[str, int]) -> list[Anomaly]:
    groups: dict[tuple[EvidenceFlag, str], list[FlaggedAttendance]] = defaultdict(list)
    for each in flagged:
        for flag in each.flags:
            if flag in RULES:
                groups[EvidenceFlag(flag), each.event_id].append(each)
    return [
        _of_flag(flag, event_id, group, totals.get(event_id))
        for (flag, event_id), group in groups.items()
        if len(group) >= RULES[flag].fewest
    ]


def _of_flag(flag: EvidenceFlag, event_id: str, group: Sequence[FlaggedAttendance], submitted: int | None) -> Anomaly:
    rule, count = RULES[flag], len(group)
    evidence: dict[str, float] = {"records": count}
    if submitted:
        evidence |= {"submitted": submitted, "share": round(count / submitted, 4)}
    # The largest of each number that the flags carry, such as the speed of a journey.
    for each in group:
        for name, value in each.flags[flag].items():
            if isinstance(value, int | float):
                evidence[f"most_{name}"] = max(value, evidence.get(f"most_{name}", value))
    severity = Severity.HIGH if count >= _HIGH else Severity.MEDIUM if count >= _MEDIUM else rule.least
    of_all = f" of {submitted}" if submitted else ""
    people = list(dict.fromkeys(each.user_id for each in group))[:_SUBJECTS_SHOWN]
    return Anomaly(
        type=rule.type,
        severity=severity,
        subjects=[AnomalySubject("event", event_id), *(AnomalySubject("student", user_id) for user_id in people)],
        evidence=evidence,
        detected_at=max(each.submitted_at for each in group),
        message=f"{count}{of_all} records of one event {rule.words}.",
    )


def _rates_of_events(events: Sequence[FigureRow]) -> dict[str, float]:
    return _rates((str(row.event_id), row.numbers) for row in events if _is_over(row))


def _is_over(row: FigureRow) -> bool:
    ends_at = row.expects.get("ends_at")
    return ends_at is not None and datetime.fromisoformat(ends_at) < clock.now()


def _rates(named: Iterable[tuple[str, Numbers]]) -> dict[str, float]:
    """Return the rates of those with enough expected people."""
    found = {name: figures.rate(numbers) for name, numbers in named if numbers["ex"] >= FEWEST_EXPECTED}
    return {name: rate for name, rate in found.items() if rate is not None}


def _of_rates(kind: str, rates: Mapping[str, float], titles: Mapping[str, str]) -> list[Anomaly]:
    if len(rates) < FEWEST_COMPARED:
        return []
    middle, scores = median(rates.values()), modified_z(rates)
    now = clock.now()
    return [
        Anomaly(
            type=AnomalyType.RATE_OUTLIER,
            severity=Severity.HIGH if abs(score) > 2 * CUT else Severity.MEDIUM,
            subjects=[AnomalySubject(kind, name)],
            evidence={
                "rate": rates[name],
                "median": round(middle, 4),
                "modified_z": round(score, 2),
                "cut": CUT,
                "compared": len(rates),
            },
            detected_at=now,
            message=(
                f"The attendance rate of {titles[name]} is {rates[name]:.0%}, far {'above' if score > 0 else 'below'} "
                f"the median of {middle:.0%} over {len(rates)} {kind}s (modified z-score {score:.1f}, cut {CUT})."
            ),
        )
        for name, score in scores.items()
        if abs(score) > CUT
    ]
