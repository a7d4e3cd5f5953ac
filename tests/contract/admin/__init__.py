"""Requests to the staff's routes that are accepted from their right caller, one file per part."""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {
    name: request
    for module in pkgutil.iter_modules(__path__, f"{__name__}.")
    for name, request in import_module(module.name).REQUESTS.items()
}
