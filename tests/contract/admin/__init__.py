"""Requests to the staff's routes that are accepted from their right caller, one file per part.

A part may also name ROWS: what makes rows of its lists, for the tests of all lists.
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tests.contract.request import Request

_PARTS = [import_module(module.name) for module in pkgutil.iter_modules(__path__, f"{__name__}.")]
REQUESTS: dict[str, Callable[[Any], Request]] = {
    name: request for part in _PARTS for name, request in part.REQUESTS.items()
}
ROWS: list[Callable[[Any], object]] = [make for part in _PARTS for make in getattr(part, "ROWS", ())]
