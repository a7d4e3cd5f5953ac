"""Campus: the teacher's wall, the student's guided flow, appeals, reports and the office, by the page itself."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from chalicelib import clock
from chalicelib.schemas.examples import demo
from tests.console.browsers import Opener
from tests.console.campus_parts import (
    FAR,
    HALL,
    NEAR,
    Student,
    answer,
    button,
    code_of,
    draw,
    missing_of,
    new_event,
    new_student,
    record_of,
    step,
    submitted,
    teacher,
    type_code,
)
from tests.console.checks import axe, no_overflow
from tests.console.site import PASSWORD, Site
from tests.local.conftest import wait_until

CameraPage = Callable[..., Opener]
# A code has to arrive while it is valid: begin only with one that is young.
_YOUNG_SECONDS = 20


def as_teacher(open_page: Opener, site: Site, path: str, **settings: Any) -> Page:
    return open_page(path, sessions={"campus": teacher(site)}, **settings)


def as_student(open_page: Opener, student: Student, path: str, **settings: Any) -> Page:
    return open_page(path, sessions={"campus": student.session}, **settings)


def at(place: dict[str, Any]) -> dict[str, Any]:
    return {"permissions": ["geolocation"], "geolocation": place}


def digits(wall: Page) -> str:
    shown = wall.locator(".digits")
    shown.wait_for()
    return shown.inner_text()


@pytest.mark.each_run
def test_a_student_submits_everything_and_the_teachers_wall_shows_it(
    open_page: Opener, camera_page: CameraPage, site: Site
) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by, require_photos=True, require_signature=True)
    answer(site, "PUT", f"/api/campus/events/{event['id']}/roster/", {"student_ids": [student.number]}, by)
    wall = as_teacher(open_page, site, f"/campus/events/{event['id']}/show")
    expect(wall.locator(".total")).to_contain_text("0 / 1")
    wall.get_by_text("Live", exact=True).wait_for()
    axe(wall)
    with_camera = camera_page(None)
    phone = as_student(with_camera, student, f"/campus/attend/{event['id']}", viewport="phone", **at(NEAR))
    step(phone, "Scan the code")
    axe(phone)
    type_code(phone, digits(wall))
    step(phone, "Where are you?")
    button(phone, "Share my position").click()
    phone.get_by_text("At the venue").wait_for()
    phone.get_by_text("22 m from the venue").wait_for()
    button(phone, "Go on").click()
    step(phone, "Two photos")
    front = phone.get_by_role("region", name="Front camera")
    button(front, "Open the camera").click()
    button(front, "Take the photo").click()
    front.get_by_text("Sent.").wait_for()
    axe(phone)
    # A reload in the middle: the step, the photo and what was sent before are there.
    phone.reload()
    step(phone, "Two photos")
    front.get_by_text("Sent.").wait_for()
    back = phone.get_by_role("region", name="Back camera")
    button(back, "Open the camera").click()
    button(back, "Take the photo").click()
    button(back, "Take it again").wait_for()
    button(phone, "Go on").click()
    step(phone, "Your signature")
    draw(phone)
    step(phone, "Ready to send")
    axe(phone)
    button(phone, "Send my attendance").click()
    phone.get_by_text("Attendance recorded.").wait_for()
    phone.get_by_role("list", name="Parts of the evidence").get_by_text("Signature received").wait_for()
    axe(phone)
    expect(wall.locator(".people")).to_contain_text(student.name)
    expect(wall.locator(".total")).to_contain_text("1 / 1")
    record = record_of(site, event["id"], by)
    assert (record["status"], record["method"], record["location_verified"]) == ("present", "code", True)
    by_factor = {each["factor"]: each["passed"] for each in record["factors"]}
    assert by_factor["signature"] is True
    assert "no_photo" not in {each["flag"] for each in record["flags"]}


def test_the_camera_reads_the_code_of_the_wall(camera_page: CameraPage, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by, require_location=False)
    shown: list[dict[str, Any]] = []

    def is_young() -> bool:
        shown[:] = [code_of(site, event["id"], by)]
        return bool((datetime.fromisoformat(shown[0]["expires_at"]) - clock.now()).total_seconds() > _YOUNG_SECONDS)

    wait_until(is_young)
    with_camera = camera_page("no code of an event", shown[0]["qr_token"])
    phone = as_student(with_camera, student, "/campus/attend", viewport="phone")
    button(phone, "Open the camera").click()
    # Nothing is asked for but the code, so the last step comes at once; a foreign code on the way changes nothing.
    step(phone, "Ready to send")
    button(phone, "Send my attendance").click()
    phone.get_by_text("Attendance recorded.").wait_for()
    assert record_of(site, event["id"], by)["method"] == "qr"


def test_a_withdrawn_code_is_refused_and_the_next_one_goes_on(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by)
    wall = as_teacher(open_page, site, f"/campus/events/{event['id']}/show")
    before = digits(wall)
    button(wall, "New code now").click()
    expect(wall.locator(".digits")).not_to_have_text(before)
    phone = as_student(open_page, student, f"/campus/attend/{event['id']}", viewport="phone", **at(FAR))
    type_code(phone, before)
    phone.get_by_text("is not valid any more: scan the code that the screen shows now").wait_for()
    type_code(phone, digits(wall))
    step(phone, "Where are you?")
    button(phone, "Share my position").click()
    phone.get_by_text("Outside the venue").wait_for()


def test_a_code_that_expires_on_the_way_costs_nothing_that_was_collected(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by, require_signature=True)
    phone = as_student(open_page, student, f"/campus/attend/{event['id']}", viewport="phone", **at(NEAR))
    type_code(phone, code_of(site, event["id"], by)["code"])
    button(phone, "Share my position").click()
    button(phone, "Go on").click()
    # By keyboard alone, for those who cannot draw.
    step(phone, "Your signature")
    phone.get_by_label("Type my name").press("Space")
    phone.get_by_label("Your full name").fill("Nadia Iqbal")
    phone.keyboard.press("Enter")
    step(phone, "Ready to send")
    late = {"error": "QR token required", "message": "QR token required", "code": "QR_REQUIRED"}

    def refuse(route: Route) -> None:
        # What the platform answers ten minutes later.
        route.fulfill(status=400, json=late)

    phone.route("**/attendance/submit/", refuse, times=1)
    button(phone, "Send my attendance").click()
    phone.get_by_text("The code has expired.").wait_for()
    type_code(phone, code_of(site, event["id"], by)["code"])
    phone.get_by_text("Attendance recorded.").wait_for()
    record = record_of(site, event["id"], by)
    assert {each["factor"]: each["passed"] for each in record["factors"]}["signature"] is True
    assert record["location_verified"] is True


def test_without_a_connection_everything_is_kept_and_sent_later(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by, require_signature=True)
    phone = as_student(open_page, student, f"/campus/attend/{event['id']}", viewport="phone", **at(NEAR))
    open_page.allow(r"WebSocket|ERR_INTERNET_DISCONNECTED")
    type_code(phone, code_of(site, event["id"], by)["code"])
    step(phone, "Where are you?")
    phone.context.set_offline(True)
    phone.get_by_text("You are offline.").wait_for()
    button(phone, "Share my position").click()
    phone.get_by_text("Found, accurate to 12 m.").wait_for()
    button(phone, "Go on").click()
    draw(phone)
    button(phone, "Send my attendance").click()
    phone.get_by_text("Your attendance is sent as soon as the connection is back").wait_for()
    phone.context.set_offline(False)
    phone.get_by_text("Attendance recorded.").wait_for()
    assert record_of(site, event["id"], by)["location_verified"] is True


def test_a_denied_position_is_explained_and_an_appeal_is_decided(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by)
    phone = as_student(open_page, student, f"/campus/attend/{event['id']}", viewport="phone")
    type_code(phone, code_of(site, event["id"], by)["code"])
    button(phone, "Share my position").click()
    phone.get_by_role("alert").get_by_text("The position is not allowed.").wait_for()
    axe(phone)
    button(phone, "Go on without a position").click()
    button(phone, "Send my attendance").click()
    phone.get_by_text("Attendance recorded.").wait_for()
    phone.get_by_role("link", name="Open the record").click()
    phone.get_by_role("list", name="What to look at").get_by_text("No position", exact=True).wait_for()
    phone.get_by_label("Your statement").fill("I was in the third row.")
    phone.reload()
    expect(phone.get_by_label("Your statement")).to_have_value("I was in the third row.")
    button(phone, "Send the appeal").click()
    phone.locator(".appeal").get_by_text("open", exact=True).wait_for()
    axe(phone)
    office = as_teacher(open_page, site, "/campus/appeals")
    mine = office.get_by_role("listitem").filter(has_text=student.name)
    mine.get_by_text("Look at the evidence and decide").click()
    mine.get_by_text("No position was received, and the event asks for it").first.wait_for()
    axe(office)
    # An answer to an appeal needs its words.
    expect(mine.get_by_label("Note to the student", exact=True)).to_be_visible()
    mine.get_by_label("Decision").select_option("correct")
    mine.get_by_label("Status").select_option("late")
    button(mine, "Record the decision").click()
    # The platform asks for a reason, at its field.
    expect(mine.get_by_label("Note to the student")).to_be_focused()
    mine.get_by_label("Note to the student").fill("Seen by a colleague, ten minutes late.")
    button(mine, "Record the decision").click()
    office.get_by_text(f"The appeal of {student.name} is decided.").wait_for()
    phone.reload()
    phone.locator(".appeal").get_by_text("record corrected").wait_for()
    phone.locator(".appeal").get_by_text("Seen by a colleague, ten minutes late.").wait_for()
    phone.get_by_text("Original").wait_for()
    record = record_of(site, event["id"], by)
    assert (record["status"], record["corrected"], record["appeal"]["status"]) == ("late", True, "corrected")


def test_a_teacher_creates_an_event_lists_who_is_expected_and_marks_by_hand(open_page: Opener, site: Site) -> None:
    student = new_student(site)
    page = as_teacher(open_page, site, "/campus/events/new", **at({**HALL, "accuracy": 8}))
    button(page, "Create the event").click()
    # The platform's own words, at the fields.
    expect(page.get_by_label("Title")).to_be_focused()
    axe(page)
    page.get_by_label("Title").fill("Waves and optics")
    page.get_by_label("Place, in words").fill("Hall 7")
    button(page, "Use my position").click()
    expect(page.get_by_label("Latitude")).to_have_value("31.520400")
    page.get_by_label("Signature", exact=True).check()
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("Waves and optics")
    button(page, "Create the event").click()
    page.get_by_role("heading", level=1, name="Waves and optics").wait_for()
    event_id = page.url.rsplit("/", 1)[1]
    made = answer(site, "GET", f"/api/campus/events/{event_id}/", None, teacher(site))
    assert (made["latitude"], made["require_signature"], made["require_photos"]) == (31.5204, True, False)
    page.get_by_role("link", name="Roster").click()
    page.get_by_label("Student numbers").fill(f"student_id\n{student.number}\nNOBODY-1")
    page.get_by_label("How").select_option("replace")
    button(page, "Save").click()
    page.get_by_text("Listed now: 1. Added 1, removed 0.").wait_for()
    page.get_by_text("NOBODY-1").wait_for()
    page.get_by_role("listitem").filter(has_text=student.number).wait_for()
    # A list that is added is read as one that replaces.
    page.get_by_label("Student numbers").fill(f'name,student_id\n"Khan, Sana",="{student.number}"')
    page.get_by_label("How").select_option("add")
    button(page, "Save").click()
    page.get_by_text("Listed now: 1. Added 0, removed 0.").wait_for()
    expect(page.get_by_text("Rows that name nobody")).to_have_count(0)
    axe(page)
    page.get_by_role("link", name="Attendance").click()
    page.get_by_label("Missing").check()
    row = page.get_by_role("row").filter(has_text=student.name)
    row.get_by_role("button", name="Mark by hand").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Status").select_option("excused")
    button(dialog, "Record").click()
    expect(dialog.get_by_label("Reason")).to_be_focused()
    axe(page)
    dialog.get_by_label("Reason").fill("ill")
    button(dialog, "Record").click()
    page.get_by_text(f"{student.name}: excused.").wait_for()
    record = record_of(site, event_id, teacher(site))
    assert (record["status"], record["method"], record["note"]) == ("excused", "manual", "ill")
    wait_until(lambda: not missing_of(site, event_id, teacher(site)))


def test_a_report_is_downloaded_and_verified_and_a_changed_copy_is_not(
    open_page: Opener, site: Site, tmp_path: Path
) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by)
    submitted(site, event["id"], student, by, **NEAR)
    record_of(site, event["id"], by)
    page = as_teacher(open_page, site, f"/campus/reports?event={event['id']}", accept_downloads=True)
    form = page.get_by_role("form", name="Attendance")
    expect(form.get_by_label("Event")).to_have_value(event["id"])
    axe(page)
    form.get_by_label("Format").select_option("json")
    with page.expect_download() as waiting:
        button(form, "Download").click()
    copy = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(copy)
    report = json.loads(copy.read_text())
    assert [row["student"]["id"] for row in report["rows"]] == [student.id]
    with page.expect_download() as waiting:
        button(page.get_by_role("form", name="Official PDF"), "Download the PDF").click()
    document = tmp_path / "official.pdf"
    waiting.value.save_as(document)
    assert document.read_bytes().startswith(b"%PDF")
    page.get_by_text("Downloaded:").wait_for()
    page.get_by_role("status").get_by_role("link", name="Verify a report").click()
    page.get_by_text("This report is genuine").wait_for()
    page.get_by_label("Compare a copy of the report").set_input_files(document)
    page.get_by_text("Genuine: this copy is unchanged").wait_for()
    # Anybody may ask, and a changed copy is seen.
    stranger = open_page(f"/campus/verify/{report['report_id']}")
    stranger.get_by_text("This report is genuine").wait_for()
    stranger.get_by_label("Compare a copy of the report").set_input_files(copy)
    stranger.get_by_text("Genuine: this copy is unchanged").wait_for()
    axe(stranger)
    copy.write_text(copy.read_text().replace('"present"', '"excused"', 1))
    stranger.get_by_label("Compare a copy of the report").set_input_files(copy)
    stranger.get_by_text("This copy is not the report that was issued").wait_for()


def test_a_report_with_photos_is_a_job_that_ends_in_a_file(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by)
    submitted(site, event["id"], student, by, **NEAR)
    record_of(site, event["id"], by)
    page = as_teacher(open_page, site, f"/campus/reports?event={event['id']}")
    button(page, "Make the document").click()
    page.get_by_role("link", name="Download the file").wait_for()


def test_the_office_finds_verifies_and_changes_a_person(open_page: Opener, site: Site) -> None:
    student = new_student(site)
    by = site.session("campus")
    page = open_page("/campus/users", sessions={"campus": by})
    page.get_by_label("Search").fill(student.number)
    row = page.get_by_role("listitem").filter(has_text=student.name)
    button(row, "Verify").click()
    row.get_by_text("verified", exact=True).wait_for()
    axe(page)
    row.get_by_role("link").click()
    page.get_by_label("Role").select_option("supervisor")
    button(page, "Save").click()
    page.get_by_text("Saved.").wait_for()
    axe(page)
    found = answer(site, "GET", f"/api/campus/users/{student.id}/", None, by)
    assert (found["role"], found["is_verified"]) == ("supervisor", True)


def test_a_forgotten_password_is_reset_by_the_mailed_code(open_page: Opener, site: Site) -> None:
    student = new_student(site)
    email = f"{student.number}@campus.example.com"
    page = open_page("/campus/reset", viewport="phone")
    page.get_by_label("E-mail address").fill(email)
    before = site.codes(email)
    button(page, "Send me a code").click()
    code = site.new_code(email, before)
    page.get_by_label("Code").fill(code)
    page.get_by_label("New password", exact=True).fill("short")
    button(page, "Save").click()
    expect(page.get_by_label("New password", exact=True)).to_be_focused()
    page.get_by_label("New password", exact=True).fill("another long passphrase")
    button(page, "Save").click()
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("User name or e-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    button(page, "Log in").click()
    page.get_by_role("alert").filter(has_text="password").wait_for()
    page.get_by_label("Password").fill("another long passphrase")
    button(page, "Log in").click()
    page.get_by_role("heading", name=f"Hello, {student.name}").wait_for()


def test_an_ended_session_asks_for_a_log_in_and_goes_on_where_it_was(open_page: Opener, site: Site) -> None:
    by, student = teacher(site), new_student(site)
    event = new_event(site, by)
    phone = as_student(open_page, student, f"/campus/attend/{event['id']}", viewport="phone", **at(NEAR))
    type_code(phone, code_of(site, event["id"], by)["code"])
    step(phone, "Where are you?")
    answer(site, "POST", "/api/campus/auth/logout/", None, student.session)
    phone.evaluate(
        """() => {
          const kept = JSON.parse(localStorage.getItem("gatehouse.session.campus"));
          localStorage.setItem("gatehouse.session.campus", JSON.stringify({ ...kept, access: "spent" }));
        }"""
    )
    phone.reload()
    phone.get_by_label("User name or e-mail address").fill(student.number)
    phone.get_by_label("Password").fill(PASSWORD)
    button(phone, "Log in").click()
    step(phone, "Where are you?")
    button(phone, "Share my position").click()
    phone.get_by_text("At the venue").wait_for()


@pytest.mark.parametrize(
    ("who", "path", "language"),
    [
        ("student", "/campus", "en"),
        ("student", "/campus/attend", "ur"),
        ("student", "/campus/profile", "ur"),
        ("teacher", "/campus", "ur"),
        ("teacher", f"/campus/events/{demo.CAMPUS_EVENT_ID}", "ur"),
        ("teacher", f"/campus/events/{demo.CAMPUS_EVENT_ID}/show", "ur"),
        ("admin", "/campus/analytics", "ur"),
        ("admin", "/campus/users", "en"),
    ],
)
def test_each_view_fits_into_320_pixels_without_a_barrier(
    open_page: Opener, site: Site, who: str, path: str, language: str
) -> None:
    by = site.session("campus", f"{who}@campus.example.com")
    page = open_page(path, sessions={"campus": by}, viewport="narrow", language=language, scheme="dark")
    page.locator("h1").wait_for()
    page.wait_for_load_state("networkidle")
    axe(page)
    no_overflow(page)
