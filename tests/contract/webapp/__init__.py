"""Requests to the customers' routes that are accepted from their right caller, one file per part."""

from tests.contract.webapp import accounts, cards, claims, family, history, payments, public, sale, tickets

REQUESTS = {
    name: request
    for part in (accounts, public, sale, payments, tickets, cards, claims, family, history)
    for name, request in part.REQUESTS.items()
}
