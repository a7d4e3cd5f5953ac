"""The door of campus attendance, one file per part of it."""

from chalicelib.portals.campus import (
    accounts,
    analytics,
    appeals,
    attendance,
    codes,
    events,
    evidence,
    histograms,
    live,
    records,
    reports,
    users,
)

DOORS = (
    accounts,
    users,
    events,
    codes,
    attendance,
    evidence,
    records,
    appeals,
    analytics,
    histograms,
    live,
    reports,
)
