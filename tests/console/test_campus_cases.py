"""Campus, by the page: what happens to students and teachers less often, and costs nobody their attendance."""

import base64
import re
import secrets
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from chalicelib import clock
from chalicelib.schemas.examples import demo
from tests.console.browsers import Opener
from tests.console.campus_parts import (
    NEAR,
    Student,
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
from tests.console.site import PASSWORD, Site
from tests.local.conftest import wait_until

# The beginning of a photo of a phone that writes HEIC.
HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(400)


def moment(minutes: float) -> str:
    return (clock.now() + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def phone_of(open_page: Opener, student: Student, path: str) -> Page:
    place: dict[str, Any] = {"permissions": ["geolocation"], "geolocation": NEAR}
    return open_page(path, sessions={"campus": student.session}, viewport="phone", **place)


def test_a_code_is_typed_in_the_second_window_and_the_next_event_begins_afresh(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    second = {"start": moment(-2), "end": moment(60)}
    easy = {"require_location": False}
    event = new_event(site, by, begins=-120, ends=-10, closes_at=moment(-100), second_window=second, **easy)
    phone = phone_of(open_page, student, "/campus/attend")
    phone.get_by_role("combobox", name="Event").select_option(event["id"])
    # As the wall shows it, with the digits of an Urdu keyboard.
    code = code_of(site, event["id"], by)["code"].translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    type_code(phone, f"{code[:4]} {code[4:]}")
    button(phone, "Send my attendance").click()
    phone.get_by_text("Attendance recorded.").wait_for()
    phone.reload()
    phone.get_by_text("Attendance recorded.").wait_for()
    # What came of this event is not shown for the next one, as if that were done too.
    other = new_event(site, by, **easy)
    phone.goto(f"{phone.url.split('/campus')[0]}/campus/attend/{other['id']}")
    step(phone, "Scan the code")
    type_code(phone, code_of(site, other["id"], by)["code"])
    button(phone, "Send my attendance").click()
    phone.get_by_text("Attendance recorded.").wait_for()
    assert record_of(site, other["id"], by)["student"]["id"] == student.id


def test_a_photo_that_is_refused_or_comes_too_late_keeps_nobody_from_submitting(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by, require_photos=True, require_location=False)
    open_page.allow(r"415|400")
    phone = phone_of(open_page, student, f"/campus/attend/{event['id']}")
    type_code(phone, code_of(site, event["id"], by)["code"])
    step(phone, "Two photos")
    choose = phone.get_by_label("Choose a file: Front camera")
    choose.set_input_files({"name": "photo.heic", "mimeType": "image/heic", "buffer": HEIC})
    phone.get_by_role("alert").get_by_text("The photo must be JPEG, PNG or WebP").wait_for()
    button(phone, "Go on without").click()
    step(phone, "Ready to send")

    def expired(route: Route) -> None:
        # What the platform answers eleven minutes after the reading.
        details = [{"field": "submission_id", "message": "has expired; scan the code"}]
        route.fulfill(status=400, json={"error": "Expired.", "code": "VALIDATION_ERROR", "details": details})

    phone.route("**/upload-back-photo/", expired)
    button(phone, "Add").click()
    picture = phone.evaluate(
        """() => {
          const canvas = document.createElement("canvas");
          canvas.getContext("2d").fillRect(0, 0, 90, 90);
          return canvas.toDataURL("image/png").split(",")[1];
        }"""
    )
    phone.get_by_label("Choose a file: Back camera").set_input_files(
        {"name": "room.png", "mimeType": "image/png", "buffer": base64.b64decode(picture)}
    )
    button(phone, "Go on without").click()
    button(phone, "Send my attendance").click()
    phone.get_by_text("The code has expired.").wait_for()
    phone.unroute("**/upload-back-photo/")
    type_code(phone, code_of(site, event["id"], by)["code"])
    phone.get_by_text("Attendance recorded.").wait_for()
    factors = {each["factor"]: each["passed"] for each in record_of(site, event["id"], by)["factors"]}
    assert factors["front_photo"] is False
    assert factors["back_photo"] is not False


def test_the_marked_person_is_the_chosen_one_and_a_card_goes_by_the_time(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by, begins=-30, late_until=moment(-10))
    roster = f"/api/campus/events/{event['id']}/roster/"
    answer(site, "PUT", roster, {"users": [student.id]}, by)
    # Somebody else claims the same number.
    person = {"username": f"x{student.number}", "email": f"x{student.number}@campus.example.com"}
    about = {
        "first_name": "Zara",
        "last_name": "Other",
        "student_id": student.number,
        "password": "a long passphrase 7",
    }
    place = {"department": "Physics", "campus": event["campus"]}
    answer(site, "POST", "/api/campus/auth/register/", {**person, **about, **place})
    page = open_page(f"/campus/events/{event['id']}", sessions={"campus": by})
    page.get_by_label("Missing").check()
    row = page.get_by_role("row").filter(has_text=student.name)
    row.get_by_role("button", name="Mark by hand").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("saw her")
    button(dialog, "Record").click()
    page.get_by_text(f"{student.name}: present.").wait_for()
    assert record_of(site, event["id"], by)["student"]["id"] == student.id
    # A card alone: the time of the event says that its owner is late.
    late = new_student(site)
    uid = secrets.token_hex(7).upper()
    answer(site, "PUT", f"/api/campus/users/{late.id}/", {"card_uid": uid}, site.session("campus"))
    button(page, "Mark by hand").first.click()
    dialog.get_by_label("Or NFC card").fill(uid)
    dialog.get_by_label("Status").select_option("By the time of the event")
    button(dialog, "Record").click()
    page.get_by_text(f"{late.name}: late.").wait_for()


def test_people_are_added_to_a_list_by_the_column_that_has_their_numbers(open_page: Opener, site: Site) -> None:
    by, students = teacher(site), [new_student(site) for _ in range(2)]
    event = new_event(site, by)
    page = open_page(f"/campus/events/{event['id']}?part=roster", sessions={"campus": by})
    rows = [f"{student.name};{student.number}" for student in students]
    page.get_by_label("Student numbers").fill("\n".join(["Name;Student number", *rows]))
    button(page, "Save").click()
    page.get_by_text("Listed now: 2. Added 2, removed 0.").wait_for()
    expect(page.get_by_text("Rows that name nobody")).to_have_count(0)
    wait_until(lambda: submitted(site, event["id"], students[0], by, **NEAR) != "")


@pytest.mark.parametrize("is_same", [True, False])
def test_what_was_typed_is_there_for_the_same_person_and_for_nobody_else(
    open_page: Opener, site: Site, is_same: bool
) -> None:
    first = new_student(site)
    second = first if is_same else new_student(site, "Omar")
    page = phone_of(open_page, first, "/campus/profile")
    page.get_by_label("Department").fill("Astronomy")
    # The session ends while the form is filled in.
    page.evaluate("() => localStorage.removeItem('gatehouse.session.campus')")
    page.reload()
    page.get_by_label("User name or e-mail address").fill(second.number)
    page.get_by_label("Password").fill(PASSWORD)
    button(page, "Log in").click()
    expect(page.get_by_label("First name")).to_have_value(second.name.split()[0])
    expect(page.get_by_label("Department")).to_have_value("Astronomy" if is_same else demo.DEPARTMENT)


def test_an_event_that_a_colleague_changes_meanwhile_keeps_what_was_typed(open_page: Opener, site: Site) -> None:
    by = teacher(site)
    event = new_event(site, by)
    open_page.allow("409")
    page = open_page(f"/campus/events/{event['id']}/edit", sessions={"campus": by})
    page.get_by_label("Title").fill("Optics and waves")
    answer(site, "PUT", f"/api/campus/events/{event['id']}/update/", {"location": "Hall 9"}, by)
    button(page, "Save").click()
    page.get_by_text("Somebody else changed the event meanwhile").wait_for()
    expect(page.get_by_label("Title")).to_have_value("Optics and waves")
    expect(page.get_by_label("Place, in words")).to_have_value("Hall 9")
    button(page, "Save").click()
    page.get_by_role("heading", level=1, name="Optics and waves").wait_for()
    found = answer(site, "GET", f"/api/campus/events/{event['id']}/", None, by)
    assert (found["title"], found["location"], found["version"]) == ("Optics and waves", "Hall 9", 3)


def test_a_report_is_chosen_of_events_that_have_begun_or_that_were_asked_for(open_page: Opener, site: Site) -> None:
    by = teacher(site)
    begun, later, asked = (new_event(site, by, begins=at, ends=900) for at in (-5, 600, 700))
    page = open_page(f"/campus/reports?event={asked['id']}", sessions={"campus": by})
    form = page.get_by_role("form", name="Official PDF")
    expect(form.get_by_label("Event")).to_have_value(asked["id"])
    for event, count in ((begun, 1), (later, 0), (asked, 1)):
        expect(form.locator(f"option[value='{event['id']}']")).to_have_count(count)


def test_an_event_beyond_the_first_page_is_searched_for_its_report(open_page: Opener, site: Site) -> None:
    by = teacher(site)
    old, page = new_event(site, by), open_page("about:blank", sessions={"campus": by})
    newest = [old | {"id": f"cev_{place}", "title": f"Lecture {place}"} for place in range(100)]

    def listed(route: Route) -> None:
        found = [old | {"title": "Acoustics"}] if "search=acou" in route.request.url else newest
        route.fulfill(json={"results": found, "next": None if len(found) == 1 else "c1", "count": None})

    page.route(re.compile(r"/api/campus/events/\?"), listed)
    page.goto("/campus/reports")
    form = page.get_by_role("form", name="Official PDF")
    form.get_by_role("searchbox", name="Search: Event").fill("acou")
    expect(form.locator("option", has_text="Acoustics")).to_have_count(1)
    form.get_by_label("Event", exact=True).select_option(old["id"])
    with page.expect_request(lambda sent: "/reports/official-format/" in sent.url) as sent:
        button(form, "Download the PDF").click()
    assert f"event={old['id']}" in sent.value.url


def test_an_absence_that_was_contested_is_shown_so_to_student_and_teacher(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by, begins=-120, ends=-60)
    answer(site, "PUT", f"/api/campus/events/{event['id']}/roster/", {"users": [student.id]}, by)
    phone = phone_of(open_page, student, f"/campus/events/{event['id']}")
    phone.get_by_label("Your statement").fill("I was in the third row.")
    button(phone, "Send the appeal").click()
    phone.get_by_text("Your appeal was sent.").wait_for()
    phone.reload()
    phone.locator(".appeal").get_by_text("I was in the third row.").wait_for()
    expect(phone.get_by_label("Your statement")).to_have_count(0)
    page = open_page(f"/campus/events/{event['id']}", sessions={"campus": by})
    page.get_by_label("Missing").check()
    page.get_by_role("row").filter(has_text=student.name).get_by_text("Appeal: open").wait_for()
