"""Requests to the routes of Tix that are accepted from their right caller, one file per part."""

from tests.contract.tix import accounts, batches, members, print_runs, reports, settings, tickets

REQUESTS = {
    name: request
    for part in (accounts, batches, members, tickets, print_runs, reports, settings)
    for name, request in part.REQUESTS.items()
}
