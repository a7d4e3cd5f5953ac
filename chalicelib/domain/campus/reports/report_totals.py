"""The totals of a report, counted from its own rows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.vocabulary.campus import AppealStatus, AttendanceMethod, AttendanceStatus, VerificationStatus


def of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the totals of some rows; each word of an enumeration is there, also with 0."""
    statuses: Counter[str] = Counter()
    verifications: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    people: set[str] = set()
    events: set[str] = set()
    for row in rows:
        counts["records"] += 1
        statuses[row["status"]] += 1
        verifications[row["verification_status"]] += 1
        methods[row["method"]] += 1
        people.add(row["student"]["id"])
        events.add(row["event"]["id"])
        counts["flagged"] += bool(row["flags"])
        counts["corrected"] += bool(row["corrected"])
        appeal = row["appeal"]
        counts["open_appeals"] += appeal is not None and appeal["status"] == AppealStatus.OPEN
    return {
        "records": counts["records"],
        "people": len(people),
        "events": len(events),
        "by_status": {word.value: statuses[word] for word in AttendanceStatus},
        "by_verification": {word.value: verifications[word] for word in VerificationStatus},
        "by_method": {word.value: methods[word] for word in AttendanceMethod},
        "flagged": counts["flagged"],
        "corrected": counts["corrected"],
        "open_appeals": counts["open_appeals"],
    }
