"""Requests to the routes of campus that are accepted from their right caller, one file per part.

A part may also name ROWS: what makes rows of its lists, for the tests of all lists.
"""

from collections.abc import Callable
from typing import Any

from tests.contract.campus import accounts, analytics, attendance, events, evidence, records, reports, users

_PARTS = (accounts, users, events, attendance, evidence, records, analytics, reports)
REQUESTS = {name: request for part in _PARTS for name, request in part.REQUESTS.items()}
ROWS: list[Callable[[Any], object]] = [make for part in _PARTS for make in getattr(part, "ROWS", ())]
