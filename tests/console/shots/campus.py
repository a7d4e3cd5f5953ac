"""What is photographed of Campus: the wall, the guided flow and the evidence of a record."""

from playwright.sync_api import Page

from tests.console.campus_parts import (
    FAR,
    NEAR,
    answer,
    button,
    code_of,
    new_event,
    new_student,
    record_of,
    step,
    submitted,
    teacher,
    type_code,
)
from tests.console.shots import Shot
from tests.console.site import Site

_CLASS = (("Ayesha", NEAR), ("Bilal", NEAR), ("Hamza", FAR))


def shots(site: Site) -> list[Shot]:
    """Take attendance of a small class first."""
    by = teacher(site)
    students = [(new_student(site, name), place) for name, place in _CLASS]
    absent = new_student(site, "Maryam")
    event = new_event(site, by, title="Waves and optics", require_signature=True)
    roster = {"users": [student.id for student, _ in students] + [absent.id]}
    answer(site, "PUT", f"/api/campus/events/{event['id']}/roster/", roster, by)
    single = new_event(site, by, title="Thermodynamics")
    submitted(site, single["id"], students[-1][0], by, **FAR)
    for student, place in students:
        submitted(site, event["id"], student, by, **place)
    record = record_of(site, single["id"], by)

    def locate(page: Page) -> None:
        type_code(page, code_of(site, event["id"], by)["code"])
        page.get_by_role("button").first.wait_for()
        step(page, "Where are you?")
        button(page, "Share my position").click()
        page.get_by_text("At the venue").wait_for()

    staff = {"campus": by}
    here = {"permissions": ["geolocation"], "geolocation": NEAR}
    return [
        Shot(
            "wall",
            f"/campus/events/{event['id']}/show",
            staff,
            lambda page: page.locator(".people li").first.wait_for(),
        ),
        Shot(
            "attend",
            f"/campus/attend/{event['id']}",
            {"campus": absent.session},
            locate,
            variants=("phone",),
            settings=here,
        ),
        Shot(
            "record",
            f"/campus/records/{record['id']}",
            staff,
            lambda page: page.locator(".checks").first.wait_for(),
            variants=("desktop", "ur"),
        ),
    ]
