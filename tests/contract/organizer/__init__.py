"""Requests to the organizers' routes that are accepted from their right caller, one file per part."""

from tests.contract.organizer import accounts, events, payouts

REQUESTS = {name: request for part in (accounts, events, payouts) for name, request in part.REQUESTS.items()}
