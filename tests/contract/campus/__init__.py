"""Requests to the routes of campus that are accepted from their right caller, one file per part."""

from tests.contract.campus import accounts, analytics, attendance, events, records, reports, users

REQUESTS = {
    name: request
    for part in (accounts, users, events, attendance, records, analytics, reports)
    for name, request in part.REQUESTS.items()
}
