"""Requests to the merchants' routes that their right caller gets through with, one file per part."""

from tests.contract.merchant import accounts, assignments, cards

REQUESTS = {name: request for part in (accounts, cards, assignments) for name, request in part.REQUESTS.items()}
