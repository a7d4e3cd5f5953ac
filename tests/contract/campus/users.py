"""Requests of the campus portal: people for the office, and the campuses."""

from collections.abc import Callable
from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.campus import CampusRole
from tests.contract.request import Request
from tests.support.campus import make_campus, make_campus_user


def _somebody(ground: Any) -> dict[str, str]:
    return {"user_id": make_campus_user(ground.campus).account_id}


def _rows(ground: Any) -> None:
    """Create people of several roles, departments and campuses."""
    for place, role in enumerate(CampusRole):
        campus = ground.campus if place % 2 else make_campus()
        make_campus_user(campus, role=role, department=f"Department {place}", last_name=f"Last{place}")


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "campus_list_users": lambda _: Request(query="role=student&page_size=5"),
    "campus_user": lambda _: Request(path={"user_id": demo.STUDENT_ID}),
    "campus_change_user": lambda ground: Request({"department": demo.OTHER_DEPARTMENT}, path=_somebody(ground)),
    "campus_verify_user": lambda ground: Request(path=_somebody(ground)),
    "campus_campuses": lambda _: Request(),
}
ROWS: list[Callable[[Any], object]] = [_rows]
