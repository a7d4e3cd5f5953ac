"""Requests of the staff's portal: venues. Each takes the ground (tests/contract/ground.py)."""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.events import venues
from tests.contract.request import Request


def _venue_id() -> dict[str, str]:
    return {"venue_id": venues.add(name="Garden", city="Lahore").venue_id}


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_venues": lambda _: Request(query="city=lahore&page_size=5"),
    "admin_create_venue": lambda _: Request({"name": "Garden", "city": "Lahore", "gates": ["East", "West"]}),
    "admin_venue": lambda _: Request(path=_venue_id()),
    "admin_change_venue": lambda _: Request({"capacity": 900, "version": 0}, _venue_id()),
    "admin_delete_venue": lambda _: Request(path=_venue_id()),
}


def _venues(_: Any) -> None:
    for name, city, country in (
        ("Alhamra Arts Centre", "Lahore", "Pakistan"),
        ("Arts Council", "Karachi", "Pakistan"),
        ("Árts Hall", "Láhore", None),
        ("National Stadium", None, "India"),
    ):
        venues.add(name=name, city=city, country=country)


ROWS: tuple[Callable[[Any], object], ...] = (_venues,)
