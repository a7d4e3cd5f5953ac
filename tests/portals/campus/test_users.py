"""The people of a campus as the office sees, changes and verifies them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import lock_outs
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.campus.people import campus_cards, student_numbers
from chalicelib.errors import Conflict, NotFound, Refusal
from chalicelib.table.items import Account, Campus
from chalicelib.vocabulary.campus import CampusRole
from tests.support.campus import PASSWORD, make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
USERS, AUTH = "/api/campus/users", "/api/campus/auth"
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
LOST = "a lost one of the tests"


@pytest.fixture
def campus(moto_cloud: None) -> Campus:  # noqa: ARG001  # the ground under it
    return make_campus(name="Main Campus")


@pytest.fixture
def admin(campus: Campus) -> Account:
    return make_campus_user(campus, role=CampusRole.ADMIN)


@pytest.fixture
def hr(campus: Campus) -> Account:
    return make_campus_user(campus, role=CampusRole.HR)


def get(who: Account, query: str = "") -> Answer:
    return call("GET", f"{USERS}/{query}", token=token_of(who))


def put(who: Account, user: Account, **changes: Any) -> Answer:
    return call("PUT", f"{USERS}/{user.account_id}/", changes, token=token_of(who))


def verify(who: Account, user: Account) -> Answer:
    return call("POST", f"{USERS}/{user.account_id}/verify/", token=token_of(who))


def log_in(user: Account, password: str = PASSWORD) -> Answer:
    return call("POST", f"{AUTH}/login/", {"username": user.login, "password": password}, address="203.0.113.9")


def own(token: str) -> Answer:
    return call("GET", f"{AUTH}/profile/", token=token)


def update(user: Account, **changes: Any) -> Answer:
    return call("PUT", f"{AUTH}/profile/update/", changes, token=token_of(user))


# The list


def test_the_list_is_filtered_by_role_department_campus_and_verification(campus: Campus, admin: Account) -> None:
    stream, elsewhere = StreamReader(), make_campus(name="North Campus")
    chemist = make_campus_user(campus, department="Chemistry", first_name="Zoë", student_id="CH-7")
    northern = make_campus_user(elsewhere)
    assert verify(admin, northern).status == 200
    stream.drain()
    for query, expected in (
        ("role=admin", {admin}),
        ("role=student", {chemist, northern}),
        ("department=chemistry", {chemist}),
        ("campus=North%20campus", {northern}),
        (f"campus={campus.campus_id}", {admin, chemist}),
        ("campus=nowhere", set()),
        ("is_verified=true", {northern}),
        ("search=zoe", {chemist}),
        ("search=ch-7", {chemist}),
        (f"search={chemist.login}", {chemist}),
        (f"search={chemist.email}", {chemist}),
    ):
        found = {entry["id"] for entry in get(admin, f"?{query}").json["results"]}
        assert found == {one.account_id for one in expected}, query
    assert get(admin, "?role=teacher").json["error"].startswith("role: ")


def test_the_list_is_for_the_office_alone(campus: Campus, hr: Account) -> None:
    assert get(hr).status == 200
    for role in (CampusRole.STUDENT, CampusRole.ORGANIZER, CampusRole.SUPERVISOR):
        answer = get(make_campus_user(campus, role=role))
        assert (answer.status, answer.json["error"]) == (403, "Permission denied")


def test_an_unknown_person_is_not_found(admin: Account) -> None:
    for method, path in (("GET", ""), ("PUT", ""), ("POST", "verify/")):
        answer = call(method, f"{USERS}/usr_unknown/{path}", {}, token=token_of(admin))
        assert (answer.status, answer.code) == (404, "NOT_FOUND")


# Roles


def test_a_changed_role_ends_the_old_access_token_and_the_next_refresh_has_the_new_role(
    campus: Campus, admin: Account
) -> None:
    teacher = make_campus_user(campus, role=CampusRole.HR)
    with clock.set_to(NOW):
        pair = log_in(teacher).json
    with clock.set_to(NOW + timedelta(seconds=1)):
        assert call("GET", f"{USERS}/", token=pair["access"]).status == 200
        changed = put(admin, teacher, role="student")
        assert changed.status == 200, changed.text
        assert changed.json["role"] == "student"
        lock_outs.forget()  # another container, or 60 seconds later
        assert own(pair["access"]).status == 401
    with clock.set_to(NOW + timedelta(seconds=2)):
        fresh = call("POST", f"{AUTH}/refresh/", {"refresh": pair["refresh"]}, address="203.0.113.9")
        assert own(fresh.json["access"]).json["role"] == "student"
        assert call("GET", f"{USERS}/", token=fresh.json["access"]).status == 403


def test_only_an_admin_makes_or_changes_an_admin(campus: Campus, admin: Account, hr: Account) -> None:
    student = make_campus_user(campus)
    assert put(hr, student, role="admin").status == 403
    assert put(hr, student, role="supervisor").json["role"] == "supervisor"
    for changes in ({"role": "student"}, {"is_active": False}, {"department": "Chemistry"}):
        assert put(hr, admin, **changes).status == 403, changes
    assert put(admin, student, role="admin").json["role"] == "admin"


def test_nobody_changes_their_own_role_or_access(admin: Account) -> None:
    for changes in ({"role": "student"}, {"is_active": False}):
        assert put(admin, admin, **changes).status == 403
    assert put(admin, admin, department="Chemistry", role="admin").json["department"] == "Chemistry"


def test_a_supervisor_is_moved_to_another_campus_by_the_office_alone(campus: Campus, admin: Account) -> None:
    there = make_campus()
    supervisor = make_campus_user(campus, role=CampusRole.SUPERVISOR)
    event = make_campus_event(there, make_campus_user(there, role=CampusRole.ORGANIZER))
    refused = update(supervisor, campus=there.name)
    assert (refused.status, refused.json["details"][0]["field"]) == (400, "campus"), refused.text
    assert update(supervisor, campus=campus.name, department="Botany").json["campus_id"] == campus.campus_id
    path = f"/api/campus/events/{event.event_id}/"
    assert call("GET", path, token=token_of(supervisor)).status == 404
    assert put(admin, supervisor, campus=there.campus_id).status == 200
    campus_events.forget()
    assert call("GET", path, token=token_of(supervisor)).status == 200


def test_who_is_deactivated_is_out_and_may_come_back(campus: Campus, admin: Account) -> None:
    student = make_campus_user(campus)
    with clock.set_to(NOW):
        pair = log_in(student).json
    with clock.set_to(NOW + timedelta(seconds=1)):
        assert put(admin, student, is_active=False).json["is_active"] is False
        lock_outs.forget()
        assert own(pair["access"]).status == 401
        refused = call("POST", f"{AUTH}/refresh/", {"refresh": pair["refresh"]})
        assert refused.code == "ACCOUNT_SUSPENDED"
        assert log_in(student).code == "ACCOUNT_SUSPENDED"
    with clock.set_to(NOW + timedelta(seconds=2)):
        assert put(admin, student, is_active=True).json["is_active"] is True
        # A session from before the deactivation has ended for good.
        assert call("POST", f"{AUTH}/refresh/", {"refresh": pair["refresh"]}).status == 401
        assert log_in(student).status == 200


# Student numbers


def resolved(number: str) -> str | None:
    """Return whose number it is, None where that is not known."""
    try:
        return student_numbers.resolve(number)
    except Refusal:
        return None


def test_a_squatter_of_a_number_neither_refuses_nor_becomes_its_owner(campus: Campus, admin: Account) -> None:
    squatter, owner = make_campus_user(campus, student_id="S-77"), make_campus_user(campus, student_id="s-77 ")
    with pytest.raises(Conflict, match=r"student_id: 2 accounts claim S-77"):
        student_numbers.resolve("S-77")
    assert verify(admin, owner).json["is_verified"] is True
    assert student_numbers.resolve("S-77") == owner.account_id
    answer = verify(admin, squatter)
    assert (answer.status, answer.code) == (409, "CONFLICT")
    assert answer.json["error"].startswith("student_id: ")
    assert own(token_of(squatter)).json["is_verified"] is False
    assert verify(admin, owner).status == 200


def test_the_only_claim_is_good_enough_and_no_claim_is_not_found(campus: Campus) -> None:
    student = make_campus_user(campus, student_id="S-78")
    assert student_numbers.resolve(" s-78") == student.account_id
    with pytest.raises(NotFound, match="student_id"):
        student_numbers.resolve("S-79")


def test_a_mistaken_verification_can_be_taken_back(campus: Campus, admin: Account) -> None:
    wrong, owner = (make_campus_user(campus, student_id="S-81") for _ in range(2))
    assert verify(admin, wrong).status == 200
    assert put(admin, wrong, is_verified=False).json["is_verified"] is False
    assert verify(admin, owner).status == 200
    assert student_numbers.resolve("S-81") == owner.account_id


@pytest.mark.parametrize(
    ("changes", "stays"),
    [
        ({"student_id": "S-99"}, False),
        ({"student_id": None}, False),
        ({"department": "Chemistry"}, False),
        ({"last_name": "Malik"}, False),
        ({"year_level": 3}, True),
        ({"student_id": "S-82", "department": "Physics"}, True),
        ({"email": "another@campus.example.com"}, True),
    ],
)
def test_a_verified_student_who_changes_what_was_verified_is_to_be_verified_again(
    campus: Campus, admin: Account, changes: dict[str, Any], stays: bool
) -> None:
    student = make_campus_user(campus, student_id="S-82")
    verify(admin, student)
    assert update(student, **changes).json["is_verified"] is stays
    stranger = make_campus_user(campus, student_id="S-82")
    assert verify(admin, stranger).status == (409 if stays else 200)


def test_the_office_moves_a_verified_number(campus: Campus, admin: Account) -> None:
    student, other = make_campus_user(campus, student_id="S-83"), make_campus_user(campus, student_id="S-84")
    verify(admin, student)
    verify(admin, other)
    assert put(admin, student, student_id="S-84").status == 409
    moved = put(admin, student, student_id="S-85").json
    assert (moved["student_id"], moved["is_verified"]) == ("S-85", True)
    assert (resolved("S-83"), resolved("S-85")) == (None, student.account_id)


# Cards


def test_a_card_belongs_to_one_person(campus: Campus, admin: Account) -> None:
    one, other = make_campus_user(campus), make_campus_user(campus)
    assert put(admin, one, card_uid="04:a1:b2:c3:d4:e5:80").json["card_uid"] == "04A1B2C3D4E580"
    assert campus_cards.resolve("04a1b2c3d4e580") == one.account_id
    taken = put(admin, other, card_uid="04A1B2C3D4E580")
    assert (taken.status, taken.code) == (409, "ALREADY_EXISTS")
    assert taken.json["error"].startswith("card_uid: ")
    assert put(admin, one, card_uid="04A1B2C3D4E581").status == 200
    assert put(admin, other, card_uid="04A1B2C3D4E580").status == 200
    assert put(admin, one, card_uid=None).json["card_uid"] is None
    with pytest.raises(NotFound, match="card_uid"):
        campus_cards.resolve("04A1B2C3D4E581")
    assert put(admin, one, card_uid="no card").json["error"].startswith("card_uid: ")


# The own profile


def test_what_is_left_out_stays_and_null_clears(campus: Campus) -> None:
    student = make_campus_user(campus)
    before = own(token_of(student)).json
    assert update(student).json == before
    assert update(student, year_level=None, first_name="Hina").json == before | {
        "year_level": None,
        "first_name": "Hina",
    }
    refused = update(student, department=None)
    assert refused.json["error"] == "department: cannot be cleared"


def test_a_student_changes_neither_role_nor_verification_nor_access(campus: Campus) -> None:
    student = make_campus_user(campus)
    before = own(token_of(student)).json
    answer = update(student, role="admin", is_verified=True, is_active=False, username="root", card_uid="04A1B2C3")
    assert answer.json == before


def test_a_changed_address_moves_its_key_and_a_taken_one_is_refused(campus: Campus) -> None:
    student, other = make_campus_user(campus), make_campus_user(campus)
    taken = update(student, email=str(other.email).upper())
    assert (taken.status, taken.code) == (409, "ALREADY_EXISTS")
    assert taken.json["error"].startswith("email: ")
    assert update(student, email="Fresh@campus.example.com").json["email"] == "fresh@campus.example.com"
    by_address = {"username": "fresh@campus.example.com", "password": PASSWORD}
    assert call("POST", f"{AUTH}/login/", by_address).status == 200
    assert call("POST", f"{AUTH}/login/", {**by_address, "username": str(student.email)}).status == 401
    # The former address is free.
    assert update(other, email=str(student.email)).status == 200


# Tried log-ins


def test_tried_log_ins_are_shown_without_an_address_and_for_90_days(campus: Campus, admin: Account) -> None:
    student = make_campus_user(campus)
    with clock.set_to(NOW):
        log_in(student, LOST)
        log_in(student)
    with clock.set_to(NOW + timedelta(minutes=1)):
        log_in(student)
        path = f"{student.account_id}/?audit=true"
        answer = get(admin, path)
        entries = answer.json["audit"]["results"]
        assert [entry["result"] for entry in entries] == ["success", "success", "wrong_password"]
        assert entries[0] == {
            "id": entries[0]["id"],
            "at": "2026-11-20T08:01:00.000Z",
            "result": "success",
            "device": "Unknown device",
            "address_hint": "203.0.113.0/24",
        }
        assert "203.0.113.9" not in answer.text
        assert LOST not in answer.text
        first = get(admin, f"{path}&page_size=2").json["audit"]
        rest = get(admin, f"{path}&page_size=2&cursor={first['next']}").json["audit"]
        assert [entry["id"] for entry in (*first["results"], *rest["results"])] == [entry["id"] for entry in entries]
        assert rest["next"] is None
        assert "audit" not in get(admin, f"{student.account_id}/").json
    with clock.set_to(NOW + timedelta(days=90, seconds=30)):
        assert [entry["result"] for entry in get(admin, path).json["audit"]["results"]] == ["success"]
