"""Every door that sets a password refuses a weak one, with the field named, and accepts it in either normal form.

The doors are those of the route declarations: a body's field with a password either proves who calls, or sets one.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import app  # noqa: F401  # registers the routes
from chalicelib.domain.access import first_admin, new_accounts
from chalicelib.domain.organizations import organizations
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.errors import ValidationFailed
from chalicelib.portals.http.route import ROUTES
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole, Portal, UsherRole
from tests.support.campus import make_campus, make_campus_user
from tests.support.client import Answer, call
from tests.support.codes import code_for, texts
from tests.support.factories import (
    PASSWORD,
    admin_token,
    customer_token,
    make_customer,
    make_event,
    make_merchant,
    make_organizer,
    token_of,
)

pytestmark = pytest.mark.usefixtures("moto_cloud")
NUMBER, NAME, EMAIL = "+923009182764", "Zainab Mirza", "z.mirza@mail.example.com"
USERS, TIX, CAMPUS = "/api/v1/users", "/api/tix/auth", "/api/campus/auth"
# They prove who calls; a path here ends like this.
PROVING_PATHS = ("/login", "/verify-otp", "/change-mobile")


@dataclass(frozen=True)
class Door:
    """A request that is right but for its new password, the log-in with that, and what is known of its owner."""

    portal: Portal
    sets: Callable[[str], Answer]
    enters: Callable[[str], Answer]
    known: tuple[str, ...] = (NAME, NUMBER)


def post(path: str, **body: Any) -> Answer:
    return call("POST", path, body)


def by_number(portal: str, name: str = "mobile_number") -> Callable[[str], Answer]:
    return lambda password: post(f"/api/{portal}/login/", **{name: NUMBER, "password": password})


def registration() -> Door:
    begun: list[Answer] = []

    def sets(password: str) -> Answer:
        body = {"mobile_number": NUMBER, "name": NAME, "email": EMAIL, "password": password}
        begun.append(post(f"{USERS}/register/", **body))
        return begun[-1]

    def enters(password: str) -> Answer:
        # By number it is the password that names the registration.
        proof = {"mobile_number": NUMBER, "otp": code_for(NUMBER), "password": password}
        assert post(f"{USERS}/verify-otp/", **proof).status == 201
        return by_number("v1/users")(password)

    return Door(Portal.WEBAPP, sets, enters, known=(NAME, NUMBER, EMAIL))


def change(portal: Portal, path: str, token: str, enters: Callable[[str], Answer], *known: str) -> Door:
    def sets(password: str) -> Answer:
        return call("POST", path, {"old_password": PASSWORD, "new_password": password}, token=token)

    return Door(portal, sets, enters, known=known or (NAME, NUMBER))


def customers_change() -> Door:
    token = customer_token(make_customer(mobile_number=NUMBER, name=NAME))
    call("PUT", f"{USERS}/profile/", {"email": EMAIL}, token=token)
    return change(Portal.WEBAPP, f"{USERS}/change-password/", token, by_number("v1/users"), NAME, NUMBER, EMAIL)


def merchants_change() -> Door:
    token = token_of(make_merchant(mobile_number=NUMBER, name=NAME))
    return change(Portal.MERCHANT, "/api/merchant/change-password/", token, by_number("merchant"))


def organizers_change() -> Door:
    token = token_of(make_organizer(contact_mobile=NUMBER, name=NAME))
    path = "/api/organizer/profile/change-password/"
    return change(Portal.ORGANIZER, path, token, by_number("organizer", "contact_mobile"))


def staffs_change() -> Door:
    staff = new_accounts.create_admin(email=EMAIL, password=PASSWORD, name=NAME, role=AdminRole.SUPPORT)

    def enters(password: str) -> Answer:
        return post("/api/auth/login/", email=EMAIL, password=password)

    return change(Portal.ADMIN, "/api/auth/change-password/", token_of(staff), enters, NAME, EMAIL)


def first_administrator() -> Door:
    token = first_admin.invite(email=EMAIL, name=NAME).token

    def sets(password: str) -> Answer:
        return post("/api/auth/first-admin/", token=token, password=password)

    def enters(password: str) -> Answer:
        return post("/api/auth/login/", email=EMAIL, password=password)

    return Door(Portal.ADMIN, sets, enters, known=(NAME, EMAIL))


def reset(portal: Portal, base: str, ask: str, name: str = "mobile_number") -> Door:
    texts()
    assert post(f"{base}/{ask}/", **{name: NUMBER}).status == 202
    code = code_for(NUMBER)

    def sets(password: str) -> Answer:
        return post(f"{base}/reset-password/", **{name: NUMBER, "otp": code, "new_password": password})

    return Door(portal, sets, lambda password: post(f"{base}/login/", **{name: NUMBER, "password": password}))


def customers_reset() -> Door:
    make_customer(mobile_number=NUMBER, name=NAME)
    return reset(Portal.WEBAPP, USERS, "forgot-password/request-otp")


def organizers_reset() -> Door:
    make_organizer(contact_mobile=NUMBER, name=NAME)
    return reset(Portal.ORGANIZER, "/api/organizer", "forgot-password", "contact_mobile")


def tix_enters(password: str) -> Answer:
    return post(f"{TIX}/login", email=EMAIL, password=password)


def tix_change() -> Door:
    admin = tix_admin()
    return change(Portal.TIX, f"{TIX}/change-password", token_of(admin), tix_enters, NAME, EMAIL, "Multan Cyclists")


def tix_reset() -> Door:
    tix_admin()
    texts()
    assert post(f"{TIX}/forgot-password", email=EMAIL).status == 202
    code = code_for(EMAIL)

    def sets(password: str) -> Answer:
        return post(f"{TIX}/reset-password", email=EMAIL, code=code, new_password=password)

    return Door(Portal.TIX, sets, tix_enters, known=(NAME, EMAIL, "Multan Cyclists"))


def tix_admin() -> Account:
    who = TixRegistration(email=EMAIL, password=PASSWORD, name=NAME)
    return organizations.found(who, organization="Multan Cyclists")


def tix_registration() -> Door:
    def sets(password: str) -> Answer:
        return post(f"{TIX}/register", email=EMAIL, name=NAME, organization="Multan Cyclists", password=password)

    return Door(Portal.TIX, sets, tix_enters, known=(NAME, EMAIL, "Multan Cyclists"))


# What a guesser knows of a person of a campus.
STUDENT_NUMBER, CAMPUS_NAME = "PHY-24-0118", "Multan Old Campus"
OF_STUDENT = (NAME, EMAIL, "zmirza", STUDENT_NUMBER, CAMPUS_NAME)


def campus_enters(password: str) -> Answer:
    return post(f"{CAMPUS}/login", username=EMAIL, password=password)


def student() -> Account:
    return make_campus_user(
        make_campus(name=CAMPUS_NAME),
        password=PASSWORD,
        username="zmirza",
        email=EMAIL,
        first_name="Zainab",
        last_name="Mirza",
        student_id=STUDENT_NUMBER,
    )


def campus_change() -> Door:
    return change(Portal.CAMPUS, f"{CAMPUS}/password-change", token_of(student()), campus_enters, *OF_STUDENT)


def campus_reset() -> Door:
    student()
    texts()
    assert post(f"{CAMPUS}/password-reset", email=EMAIL).status == 202
    code = code_for(EMAIL)

    def sets(password: str) -> Answer:
        return post(f"{CAMPUS}/password-reset-confirm", email=EMAIL, code=code, new_password=password)

    return Door(Portal.CAMPUS, sets, campus_enters, known=OF_STUDENT)


def campus_registration() -> Door:
    new = {
        "username": "zmirza",
        "email": EMAIL,
        "first_name": "Zainab",
        "last_name": "Mirza",
        "student_id": STUDENT_NUMBER,
        "department": "Physics",
        "campus": make_campus(name=CAMPUS_NAME).campus_id,
    }

    def sets(password: str) -> Answer:
        return post(f"{CAMPUS}/register", **new, password=password)

    return Door(Portal.CAMPUS, sets, campus_enters, known=OF_STUDENT)


def staff_creates_an_usher() -> Door:
    event, token = make_event(title="Basant Festival"), admin_token()
    new = {"type": "usher", "username": "zmirza", "name": NAME, "roles": ["ushering"], "event_ids": [event.event_id]}

    def sets(password: str) -> Answer:
        return call("POST", "/api/users/", {**new, "password": password}, token=token)

    def enters(password: str) -> Answer:
        return post("/api/usher/login/", event_id=event.event_id, username="zmirza", password=password)

    return Door(Portal.USHER, sets, enters, known=(NAME, "zmirza", "Basant Festival"))


DOORS: dict[tuple[str, str], Callable[[], Door]] = {
    (f"{USERS}/register", "password"): registration,
    (f"{USERS}/change-password", "new_password"): customers_change,
    (f"{USERS}/reset-password", "new_password"): customers_reset,
    ("/api/merchant/change-password", "new_password"): merchants_change,
    ("/api/organizer/profile/change-password", "new_password"): organizers_change,
    ("/api/organizer/reset-password", "new_password"): organizers_reset,
    ("/api/auth/change-password", "new_password"): staffs_change,
    ("/api/auth/first-admin", "password"): first_administrator,
    ("/api/users", "password"): staff_creates_an_usher,
    (f"{TIX}/register", "password"): tix_registration,
    (f"{TIX}/change-password", "new_password"): tix_change,
    (f"{TIX}/reset-password", "new_password"): tix_reset,
    (f"{CAMPUS}/register", "password"): campus_registration,
    (f"{CAMPUS}/password-change", "new_password"): campus_change,
    (f"{CAMPUS}/password-reset-confirm", "new_password"): campus_reset,
}
EACH_DOOR = pytest.mark.parametrize("place", DOORS, ids=lambda place: place[0])


def test_every_field_of_a_route_that_sets_a_password_has_its_door_here() -> None:
    fields = [
        (route.path.rstrip("/"), name)
        for route in ROUTES
        if route.body is not None
        for name in route.body.model_fields
        if "password" in name and name != "old_password"
    ]
    # Where staff change a user, `password` sends a link and sets nothing.
    sends = ("/api/users/{user_id}", "password")
    assert {place for place in fields if place != sends and not place[0].endswith(PROVING_PATHS)} == set(DOORS)


def weak(door: Door) -> dict[str, str]:
    """Return a weak password of each kind that is long enough, but for the short one."""
    least = 12 if door.portal in (Portal.TIX, Portal.ADMIN) else 10
    known = {f"known: {text}": f"{''.join(filter(str.isalnum, text.partition('@')[0]))}-2026" for text in door.known}
    return {
        "too short": "kW7#pzR2!mQx9"[: least - 1],
        "common": "zaq12wsxcde3",
        "common, in capitals": "MANCHESTERUNITED",
        **known,
        "the platform": "Gatehouse-2026",
        "a repeat": "xyzxyzxyzxyz",
        "a run": "abcdefghijkl",
        "digits": "0123456789012",
    }


@EACH_DOOR
def test_a_weak_password_is_400_with_the_fields_name(place: tuple[str, str]) -> None:
    door = DOORS[place]()
    for kind, password in weak(door).items():
        answer = door.sets(password)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), kind
        error = answer.json["error"]
        details = error["details"] if isinstance(error, dict) else answer.json["details"]
        assert [problem["field"] for problem in details] == [place[1]], kind
        assert password not in answer.text
    # None of them was taken, and the request was right in all else.
    assert door.sets("violet harmonica 58").status in (200, 201, 202)


@EACH_DOOR
@pytest.mark.parametrize(("typed", "typed_later"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_password_is_the_same_in_each_normal_form(place: tuple[str, str], typed: Any, typed_later: Any) -> None:
    door, password = DOORS[place](), "Käse für Zoë und René"
    assert door.sets(unicodedata.normalize(typed, password)).status in (200, 201, 202)
    answer = door.enters(unicodedata.normalize(typed_later, password))
    assert answer.status == 200, answer.text


STAFF_DOORS: dict[Portal, Callable[[str], object]] = {
    Portal.ADMIN: lambda password: new_accounts.create_admin(
        email=EMAIL, password=password, name=NAME, role=AdminRole.SUPPORT
    ),
    Portal.USHER: lambda password: new_accounts.create_usher(
        username="zmirza",
        password=password,
        name=NAME,
        roles=[UsherRole.USHERING],
        event_ids=[make_event(title="Basant Festival").event_id],
    ),
    Portal.MERCHANT: lambda password: new_accounts.create_merchant(mobile_number=NUMBER, password=password, name=NAME),
    Portal.ORGANIZER: lambda password: new_accounts.create_organizer(
        contact_mobile=NUMBER, password=password, name=NAME
    ),
    Portal.WEBAPP: lambda password: new_accounts.create_customer(mobile_number=NUMBER, password=password, name=NAME),
}
KNOWN = {
    Portal.ADMIN: (NAME, EMAIL),
    Portal.USHER: (NAME, "zmirza", "Basant Festival"),
    Portal.MERCHANT: (NAME, NUMBER),
    Portal.ORGANIZER: (NAME, NUMBER),
    Portal.WEBAPP: (NAME, NUMBER),
}


@pytest.mark.parametrize("portal", STAFF_DOORS)
def test_a_weak_password_is_refused_where_staff_makes_an_account(portal: Portal) -> None:
    made = STAFF_DOORS[portal]
    for kind, password in weak(Door(portal, post, post, known=KNOWN[portal])).items():
        with pytest.raises(ValidationFailed) as refused:
            made(password)
        assert [problem["field"] for problem in refused.value.details or []] == ["password"], kind
    assert made("violet harmonica 58")
