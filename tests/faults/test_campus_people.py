"""Campus people at the same moment: one account for a name, one verified claim, one owner of a card, one admin left."""

import uuid
from collections.abc import Callable

import pytest

from chalicelib.domain.access import accounts
from chalicelib.domain.campus.people import (
    campus_accounts,
    campus_cards,
    campus_changes,
    campus_profiles,
    student_numbers,
)
from chalicelib.domain.campus.people.campus_accounts import CampusPerson
from chalicelib.table.items import Account, Campus
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.campus import CampusRole
from tests.support.at_once import at_once
from tests.support.campus import PASSWORD, make_campus, make_campus_user

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_campus_people"), pytest.mark.timeout(900)]
CROWD = 8


@pytest.fixture
def campus() -> Campus:
    return make_campus(name=f"Campus {uuid.uuid4().hex}")


@pytest.fixture
def admin(campus: Campus) -> Account:
    return make_campus_user(campus, role=CampusRole.ADMIN)


def person(campus: Campus, *, username: str, email: str) -> CampusPerson:
    return CampusPerson(
        username=username,
        email=email,
        password=PASSWORD,
        first_name="Sana",
        last_name="Khan",
        department="Physics",
        campus_id=campus.campus_id,
    )


@pytest.mark.parametrize("shared", ["username", "email"])
def test_one_of_many_who_register_the_same_name_or_address_gets_it(campus: Campus, shared: str) -> None:
    def register(number: int) -> object:
        names = {"username": f"u{number}{uuid.uuid4().hex[:8]}", "email": f"{uuid.uuid4().hex}@campus.example.com"}
        return campus_accounts.create(person(campus, **{**names, shared: same}))

    same = f"x{uuid.uuid4().hex[:8]}" + ("@campus.example.com" if shared == "email" else "")
    acts: list[Callable[[], object]] = [lambda number=number: register(number) for number in range(CROWD)]  # type: ignore[misc]
    assert at_once(acts) == {"done": 1, "AlreadyExists": CROWD - 1}
    assert accounts.find(Portal.CAMPUS, same) is not None


def test_two_admins_who_demote_each_other_leave_one(campus: Campus, admin: Account) -> None:
    other = make_campus_user(campus, role=CampusRole.ADMIN)

    def demote(who: Account, by: Account) -> object:
        return campus_changes.change(who.account_id, {"role": CampusRole.STUDENT}, by=by.account_id)

    assert at_once([lambda: demote(admin, other), lambda: demote(other, admin)]) == {"done": 1, "Forbidden": 1}
    for read in (accounts.get, campus_profiles.get):
        assert sorted(str(read(each.account_id).role) for each in (admin, other)) == ["admin", "student"]


def test_one_of_two_claims_that_are_verified_at_once_becomes_the_verified_one(campus: Campus, admin: Account) -> None:
    number = f"S-{uuid.uuid4().hex[:8]}"
    both = [make_campus_user(campus, student_id=number) for _ in range(2)]
    acts: list[Callable[[], object]] = [
        lambda user=user: campus_changes.verify(user.account_id, by=admin.account_id)  # type: ignore[misc]
        for user in both
    ]
    assert at_once(acts) == {"done": 1, "Conflict": 1}
    verified = [user.account_id for user in both if campus_profiles.get(user.account_id).is_verified]
    assert verified == [student_numbers.resolve(number)]


def test_a_card_that_is_bound_to_two_at_once_has_one_owner(campus: Campus, admin: Account) -> None:
    uid = f"04{uuid.uuid4().hex[:12].upper()}"
    both = [make_campus_user(campus) for _ in range(2)]
    acts: list[Callable[[], object]] = [
        lambda user=user: campus_changes.change(user.account_id, {"card_uid": uid}, by=admin.account_id)  # type: ignore[misc]
        for user in both
    ]
    assert at_once(acts) == {"done": 1, "AlreadyExists": 1}
    owners = [user.account_id for user in both if campus_profiles.get(user.account_id).card_uid == uid]
    assert owners == [campus_cards.resolve(uid)]


def test_changes_of_one_person_at_once_all_take_effect(campus: Campus, admin: Account) -> None:
    student = make_campus_user(campus, student_id="S-1")
    changes = ({"department": "Chemistry"}, {"year_level": "4"}, {"last_name": "Malik"}, {"student_id": "S-2"})
    acts: list[Callable[[], object]] = [
        lambda one=one: campus_changes.change(student.account_id, one, by=admin.account_id)  # type: ignore[misc]
        for one in changes
    ]
    assert at_once(acts) == {"done": len(changes)}
    found = campus_profiles.get(student.account_id)
    assert (found.department, found.year_level, found.last_name, found.student_id) == ("Chemistry", "4", "Malik", "S-2")
