"""Requests of the campus portal: attendance."""

from collections.abc import Callable
from typing import Any

from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {}
