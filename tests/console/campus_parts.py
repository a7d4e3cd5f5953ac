"""What the tests of Campus begin with: a teacher's event and students of their own, made through the API."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from playwright.sync_api import Locator, Page

from chalicelib import clock
from chalicelib.schemas.examples import demo
from tests.console.site import PASSWORD, Site
from tests.local.conftest import wait_until

HALL = {"latitude": 31.5204, "longitude": 74.3587}
# Some 22 m from the hall; the radius is 100 m.
NEAR = {"latitude": 31.5206, "longitude": 74.3587, "accuracy": 12}
FAR = {"latitude": 31.6204, "longitude": 74.3587, "accuracy": 12}


@dataclass(frozen=True, slots=True)
class Student:
    """A student of one test."""

    id: str
    name: str
    number: str
    session: dict[str, Any]


def teacher(site: Site) -> dict[str, Any]:
    """Return a session of the demo campus' teacher."""
    return site.session("campus", demo.CAMPUS_TEACHER_EMAIL)


def new_student(site: Site, first_name: str = "Nadia") -> Student:
    """Register a student."""
    number = f"T-{secrets.token_hex(4)}"
    last_name = f"Iqbal {number}"
    about = {"first_name": first_name, "last_name": last_name, "student_id": number}
    person = {"username": number, "email": f"{number}@campus.example.com", "password": PASSWORD}
    place = {"department": demo.DEPARTMENT, "campus": demo.CAMPUS}
    made = answer(site, "POST", "/api/campus/auth/register/", {**about, **person, **place})
    who = {"name": f"{first_name} {last_name}", **made["user"]}
    return Student(made["user"]["id"], who["name"], number, {**made["tokens"], "who": who})


def new_event(site: Site, by: dict[str, Any], *, begins: int = -5, ends: int = 60, **fields: Any) -> dict[str, Any]:
    """Create an event that began five minutes ago, and wait until it is listed; times are minutes from now."""
    at = {"start_datetime": _moment(begins), "end_datetime": _moment(ends)}
    about = {"title": f"Optics {secrets.token_hex(3)}", "location": "Hall 1", **HALL}
    made = answer(site, "POST", "/api/campus/events/", {**about, **at, **fields}, by)
    wait_until(lambda: made["id"] in {each["id"] for each in _events(site, by)})
    return made


def _events(site: Site, by: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer(site, "GET", "/api/campus/events/?page_size=100", None, by)["results"]
    return found


def _moment(minutes: int) -> str:
    return (clock.now() + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def answer(site: Site, method: str, path: str, body: Any = None, by: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the body of an answer that is no refusal."""
    got = site.ask(method, path, body, session=by)
    assert got.is_success, got.text
    found: dict[str, Any] = got.json()
    return found


def code_of(site: Site, event_id: str, by: dict[str, Any]) -> dict[str, Any]:
    """Return the code that the wall shows now."""
    return answer(site, "GET", f"/api/campus/events/{event_id}/qr/", None, by)


def record_of(site: Site, event_id: str, by: dict[str, Any]) -> dict[str, Any]:
    """Return the one record of an event."""
    path = f"/api/campus/events/{event_id}/attendance/"
    wait_until(lambda: len(answer(site, "GET", path, None, by)["results"]) == 1)
    found: dict[str, Any] = answer(site, "GET", path, None, by)["results"][0]
    return found


def missing_of(site: Site, event_id: str, by: dict[str, Any]) -> list[dict[str, Any]]:
    """Return who was expected at an event and has no record."""
    path = f"/api/campus/events/{event_id}/attendance/?missing=true"
    found: list[dict[str, Any]] = answer(site, "GET", path, None, by)["results"]
    return found


def submitted(site: Site, event_id: str, student: Student, by: dict[str, Any], **place: Any) -> str:
    """Submit the attendance of a student through the API; return the id of the record."""
    code = {"qr_token": code_of(site, event_id, by)["qr_token"], "device_key": secrets.token_hex(16)}
    answer(site, "POST", "/api/campus/attendance/verify-qr/", code, student.session)
    body = {"event_id": event_id, **place}
    found: str = answer(site, "POST", "/api/campus/attendance/submit/", body, student.session)["attendance_id"]
    return found


def button(page: Page | Locator, name: str) -> Locator:
    """Return a button by its exact name."""
    return page.get_by_role("button", name=name, exact=True)


def step(page: Page, title: str) -> None:
    """Wait for a step of the guided flow."""
    page.get_by_role("heading", level=1, name=title, exact=True).wait_for()


def type_code(page: Page, code: str) -> None:
    """Type the eight digits and go on."""
    page.get_by_label("Eight digits").fill(code)
    button(page, "Go on with this code").click()


def draw(page: Page) -> None:
    """Sign with the mouse and use it."""
    page.locator("svg.pad").scroll_into_view_if_needed()
    box = page.locator("svg.pad").bounding_box()
    assert box is not None
    left, top, width, height = box["x"], box["y"], box["width"], box["height"]
    page.mouse.move(left + width * 0.2, top + height * 0.7)
    page.mouse.down()
    for place in range(1, 8):
        page.mouse.move(left + width * (0.2 + place * 0.08), top + height * (0.3 if place % 2 else 0.75), steps=3)
    page.mouse.up()
    button(page, "Use this signature").click()
