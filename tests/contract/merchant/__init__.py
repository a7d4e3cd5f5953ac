"""Requests to the merchants' routes that are accepted from their right caller, one file per part."""

from tests.contract.merchant import accounts, assignments, cards

REQUESTS = {name: request for part in (accounts, cards, assignments) for name, request in part.REQUESTS.items()}
