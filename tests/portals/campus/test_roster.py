"""Rosters: lists in JSON and CSV, rows that name nobody, and who is expected by a list or by a rule."""

from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.domain.campus.events import campus_events, roster_lists, rosters
from chalicelib.domain.campus.people import student_numbers
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Campus, CampusEvent, CampusProfile, RosterEntry
from chalicelib.vocabulary.campus import CampusRole
from tests.support.campus import expected_ids, make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.meanwhile import before
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def campus() -> Campus:
    return make_campus()


@pytest.fixture
def organizer(campus: Campus) -> Account:
    return make_campus_user(campus, role=CampusRole.ORGANIZER)


@pytest.fixture
def event(campus: Campus, organizer: Account) -> CampusEvent:
    return make_campus_event(campus, organizer)


@pytest.fixture
def token(organizer: Account) -> str:
    return token_of(organizer)


@pytest.fixture
def students(campus: Campus) -> list[Account]:
    return [make_campus_user(campus, student_id=f"S 20-{number}") for number in range(5)]


def path(event: CampusEvent) -> str:
    return f"/api/campus/events/{event.event_id}/roster/"


def put(event: CampusEvent, token: str, **body: Any) -> Answer:
    return call("PUT", path(event), body, token=token)


def put_csv(event: CampusEvent, token: str, content: bytes, *, form: bool = False) -> Answer:
    if not form:
        return call("PUT", path(event), token=token, raw=content, headers={"content-type": "text/csv; charset=utf-8"})
    head = b'--x\r\nContent-Disposition: form-data; name="csv"; filename="r.csv"\r\nContent-Type: text/csv\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    return call("PUT", path(event), token=token, raw=head + content + b"\r\n--x--\r\n", headers=headers)


def listed(event: CampusEvent, token: str) -> set[str]:
    answer = call("GET", f"{path(event)}?page_size=100", token=token)
    assert answer.status == 200, answer.text
    assert answer.json["count"] == len(answer.json["results"])
    return {person["id"] for person in answer.json["results"]}


def ids(accounts: Sequence[Account]) -> set[str]:
    return {account.account_id for account in accounts}


def profile_of(account: Account) -> CampusProfile:
    profile = operations.get(keys.campus_people.profile(account.account_id))
    assert profile is not None
    return profile


@pytest.mark.parametrize("form", [False, True], ids=["text/csv", "form"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_unknown_rows_of_a_csv_are_named_and_the_others_are_listed(
    event: CampusEvent, token: str, students: list[Account], *, form: bool, end: str
) -> None:
    # Case and spaces of a number do not matter.
    rows = ["Name;Student ID", "Sana;s20-0", "x;S-404", "Ali;S 20-1", "y;nobody", ";S20-2", "z;", "Eve;S 20-3"]
    answer = put_csv(event, token, end.join(rows).encode(), form=form)
    assert answer.status == 200, answer.text
    assert (answer.json["size"], answer.json["added"], answer.json["unknown_count"]) == (4, 4, 3)
    unknown = [(row["line"], row["value"]) for row in answer.json["unknown"]]
    assert unknown == [(3, "S-404"), (5, "nobody"), (7, "")]
    assert all(row["message"] for row in answer.json["unknown"])
    assert listed(event, token) == ids(students[:4])
    assert call("GET", f"/api/campus/events/{event.event_id}/", token=token).json["roster_size"] == 4


def test_a_list_takes_the_place_of_the_list_before(event: CampusEvent, token: str, students: list[Account]) -> None:
    put(event, token, student_ids=["S 20-0", "S 20-1", "S 20-1", " s20-2 "])
    changed = put(event, token, student_ids=["S 20-2"], users=[students[3].account_id]).json
    assert (changed["size"], changed["added"], changed["removed"]) == (2, 1, 2)
    assert listed(event, token) == ids(students[2:4])
    again = put(event, token, student_ids=["S 20-2"], users=[students[3].account_id]).json
    assert (again["size"], again["added"], again["removed"]) == (2, 0, 0)
    # Without any list it stays.
    assert (put(event, token).json["size"], listed(event, token)) == (2, ids(students[2:4]))
    assert put(event, token, student_ids=[]).json["size"] == 0
    assert listed(event, token) == set()


@pytest.mark.parametrize("with_version", [False, True], ids=["", "with its version"])
def test_a_file_of_the_wrong_column_takes_nobody_off_the_roster(
    event: CampusEvent, token: str, students: list[Account], with_version: bool
) -> None:
    put(event, token, student_ids=[f"S 20-{number}" for number in range(3)])
    version = {"version": 1} if with_version else {}
    for sent in ({"csv": "Name\nSana\nAli\n"}, {"student_ids": ["20-0"]}, {"users": ["usr_nobody"]}):
        refused = put(event, token, **sent, **version)
        assert refused.status == 400, refused.text
        assert next(iter(sent)) in refused.json["error"]
        assert "all 3 people" in refused.json["error"]
    assert "(line 1: Name)" in put(event, token, csv="Name\nSana\n").json["error"]
    assert listed(event, token) == ids(students[:3])
    # Rows that add or remove nobody change nothing; an empty list says that nobody is expected.
    for action in ("add", "remove"):
        assert put(event, token, student_ids=["20-0"], action=action).json["size"] == 3
    assert put(event, token, student_ids=[]).json["removed"] == 3


@pytest.mark.parametrize(
    "file",
    [
        'student_id,name\n="S 20-0",Sana\n"=""S 20-1""",Ali\n',
        "sep=;\r\nname;student_id\r\nSana;S 20-0\r\nAli;S 20-1\r\n",
        "\u200bstudent_id\u200b\nS\u200b 20-0\u200e\n\ufeffS 20-1\n",
    ],
    ids=["kept as text", "delimiter in the first line", "letters that nobody sees"],
)
def test_a_roster_of_a_spreadsheet_is_read_as_it_is_seen(
    event: CampusEvent, token: str, students: list[Account], file: str
) -> None:
    assert put_csv(event, token, file.encode()).json["unknown"] == []
    assert listed(event, token) == ids(students[:2])


def test_a_student_number_that_an_export_kept_as_text_is_found(event: CampusEvent, token: str, campus: Campus) -> None:
    student = make_campus_user(campus, student_id="-77")
    assert put_csv(event, token, b"student_id\n'-77\n").json["size"] == 1
    assert listed(event, token) == ids([student])


def test_a_workbook_in_place_of_a_csv_is_named_as_one(event: CampusEvent, token: str) -> None:
    for content in (b"PK\x03\x04\x14\x00\x06\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        refused = put_csv(event, token, content)
        assert refused.status == 400
        assert "workbook" in refused.json["error"]


def test_a_number_that_several_claim_lists_nobody_until_one_is_verified(
    event: CampusEvent, token: str, campus: Campus
) -> None:
    one, other = (make_campus_user(campus, student_id="S-7") for _ in range(2))
    answer = put(event, token, student_ids=["S-7"]).json
    assert (answer["size"], answer["unknown"][0]["value"]) == (0, "S-7")
    assert "several" in answer["unknown"][0]["message"]
    assert put(event, token, users=[other.account_id]).json["size"] == 1
    operations.record(student_numbers.verifying("S-7", one.account_id))
    assert put(event, token, student_ids=["s-7"]).json["size"] == 1
    assert listed(event, token) == {one.account_id}


def test_staff_and_strangers_are_not_listed(event: CampusEvent, token: str, organizer: Account) -> None:
    answer = put(event, token, users=[organizer.account_id, "usr_nobody"]).json
    assert (answer["size"], answer["unknown_count"]) == (0, 2)


@pytest.mark.parametrize("is_long", [False, True])
def test_a_number_of_staff_lists_nobody_and_takes_no_student_off(
    event: CampusEvent, token: str, campus: Campus, *, is_long: bool
) -> None:
    makes = {"unverified": "S-31", "verified": "S-32"}
    staff = {name: make_campus_user(campus, role=CampusRole.HR, student_id=makes[name]) for name in makes}
    operations.record(student_numbers.verifying("S-32", staff["verified"].account_id))
    student = make_campus_user(campus, student_id="S-33")
    make_campus_user(campus, role=CampusRole.SUPERVISOR, student_id="s 33")
    StreamReader().drain()
    more = [f"none {number}" for number in range(200)] if is_long else []
    answer = put(event, token, student_ids=["S-31", "S-32", "S-33", *more]).json
    assert (answer["size"], answer["unknown_count"]) == (1, 2 + len(more))
    assert answer["unknown"][1]["message"] == "is no student"
    assert listed(event, token) == {student.account_id}


@pytest.mark.by_day
def test_a_list_that_makes_the_roster_too_long_changes_nothing_not_even_its_version(
    event: CampusEvent, token: str, students: list[Account]
) -> None:
    full = [f"usr_{number}" for number in range(roster_lists.MOST)]
    operations.put_many(
        RosterEntry(
            *keys.campus_events.roster_entry(event.event_id, user_id),
            event_id=event.event_id,
            user_id=user_id,
            added_at=event.created_at,
        )
        for user_id in full
    )
    version = call("GET", f"/api/campus/events/{event.event_id}/", token=token).json["roster_version"]
    answer = put(event, token, action="add", version=version, student_ids=["S 20-0"])
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "action")
    assert "5,001" in answer.text
    shown = call("GET", f"/api/campus/events/{event.event_id}/", token=token).json
    assert shown["roster_version"] == version
    assert operations.get(keys.campus_events.roster_entry(event.event_id, students[0].account_id)) is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"student_ids": None}, "student_ids"),
        ({"csv": None}, "csv"),
        ({"student_ids": "S-1"}, "student_ids"),
        ({"student_ids": [1]}, "student_ids.0"),
        ({"student_ids": [""]}, "student_ids.0"),
        ({"student_ids": [None]}, "student_ids.0"),
        ({"student_ids": ["S-1"] * 5_001}, "student_ids"),
        ({"student_ids": ["S-1"], "csv": "S-1"}, "csv"),
        ({"csv": "\ufeff\x00S"}, "csv"),
        ({"csv": "S-1\n" * 5_001}, "csv"),
    ],
)
def test_a_bad_list_is_refused_and_nothing_changes(
    event: CampusEvent, token: str, students: list[Account], body: dict[str, Any], field: str
) -> None:
    put(event, token, student_ids=["S 20-0"])
    answer = put(event, token, **body)
    assert answer.status == 400, answer.text
    assert [problem["field"] for problem in answer.json["details"]] == [field]
    assert listed(event, token) == ids(students[:1])


@pytest.mark.parametrize("content", ["S-1".encode("utf-16"), b"S-\xe9"], ids=["UTF-16", "Latin-1"])
def test_a_csv_in_another_encoding_is_refused(event: CampusEvent, token: str, content: bytes) -> None:
    answer = put_csv(event, token, content)
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "csv")


def test_a_roster_is_read_page_by_page(event: CampusEvent, token: str, students: list[Account]) -> None:
    put(event, token, users=[student.account_id for student in students])
    first = call("GET", f"{path(event)}?page_size=3", token=token).json
    second = call("GET", f"{path(event)}?page_size=3&cursor={first['next']}", token=token).json
    found = [person["id"] for person in first["results"] + second["results"]]
    assert (len(found), set(found), second["next"]) == (5, ids(students), None)
    person = first["results"][0]
    profile = profile_of(next(each for each in students if each.account_id == person["id"]))
    assert (person["student_id"], person["full_name"], person["department"]) == (
        profile.student_id,
        f"{profile.first_name} {profile.last_name}",
        "Physics",
    )


def test_a_list_says_who_is_expected(event: CampusEvent, token: str, students: list[Account]) -> None:
    fresh = campus_events.get(event.event_id)
    assert (rosters.expected_count(fresh), rosters.is_expected(fresh, profile_of(students[0]))) == (None, None)
    put(event, token, users=[students[0].account_id])
    fresh = campus_events.get(event.event_id)
    assert rosters.expected_count(fresh) == 1
    assert [rosters.is_expected(fresh, profile_of(each)) for each in students[:2]] == [True, False]
    assert rosters.events_of(students[0].account_id) == [event.event_id]
    assert rosters.events_of(students[1].account_id) == []
    put(event, token, users=[])
    assert rosters.events_of(students[0].account_id) == []


def test_a_rule_says_who_is_expected_by_the_present_profiles(campus: Campus, organizer: Account) -> None:
    elsewhere, stream = make_campus(), StreamReader()
    physicist = make_campus_user(campus, department="Physics", year_level="2")
    make_campus_user(campus, department="physics", year_level="1")
    make_campus_user(campus, department="Chemistry")
    make_campus_user(elsewhere, department="PHYSICS", year_level="2")
    make_campus_user(campus, role=CampusRole.SUPERVISOR, department="Physics", year_level="2")
    # A batch that comes twice counts once.
    stream.drain()
    StreamReader().drain()

    def count(**rule: str) -> int | None:
        return rosters.expected_count(make_campus_event(campus, organizer, expected=rule))

    assert count(department="Physics") == 3
    assert count(department="Physics", campus_id=campus.campus_id) == 2
    assert count(department="Physics", year_level="2", campus_id=campus.campus_id) == 1
    assert count(campus_id=elsewhere.campus_id) == 1
    assert count(department="Law") == 0
    event = make_campus_event(campus, organizer, expected={"department": "PHYSICS", "year_level": "2"})
    assert rosters.is_expected(event, profile_of(physicist)) is True
    assert rosters.is_expected(event, profile_of(organizer)) is False
    operations.record(operations.change(profile_of(physicist).place, [CampusProfile.department.set("Chemistry")]))
    stream.drain()
    assert count(department="Physics", campus_id=campus.campus_id) == 1
    assert count(department="Chemistry") == 2


def test_the_expected_people_are_read_one_after_the_other(
    event: CampusEvent, token: str, campus: Campus, organizer: Account, students: list[Account]
) -> None:
    assert expected_ids(event) == []
    others = [make_campus_user(campus, department="Law", year_level="4"), make_campus_user(make_campus())]
    make_campus_user(campus, role=CampusRole.SUPERVISOR)
    StreamReader().drain()
    for rule, expected in (
        ({"department": "physics", "campus_id": campus.campus_id}, students),
        ({"department": "law"}, others[:1]),
        ({"year_level": "4"}, others[:1]),
        ({"campus_id": campus.campus_id}, [*students, others[0]]),
        ({"department": "Physics", "year_level": "2"}, [*students, others[1]]),
    ):
        by_rule = make_campus_event(campus, organizer, expected=rule)
        assert sorted(expected_ids(by_rule, page=2)) == sorted(ids(expected)), rule
        assert rosters.expected_count(by_rule) == len(expected), rule
    # A list takes the place of the rule.
    put(event, token, users=[students[0].account_id, others[0].account_id])
    fresh = campus_events.get(event.event_id)
    assert sorted(expected_ids(fresh, page=1)) == sorted(ids([students[0], others[0]]))


def test_a_long_list_is_compared_with_the_list_of_all_students(
    event: CampusEvent, token: str, campus: Campus, students: list[Account]
) -> None:
    for _ in range(2):
        make_campus_user(campus, student_id="S-7")
    StreamReader().drain()
    late = make_campus_user(campus, student_id="S-8")  # the stream has not come to it
    nobody = [f"none {number}" for number in range(197)]
    answer = put(event, token, student_ids=["S 20-0", "s20-1", "S-7", "S-8", *nobody]).json
    assert (answer["size"], answer["unknown_count"]) == (3, 198)
    assert answer["unknown"][0]["value"] == "S-7"
    assert "several" in answer["unknown"][0]["message"]
    assert listed(event, token) == ids([*students[:2], late])


def add(event: CampusEvent, token: str, *numbers: int) -> Answer:
    return put(event, token, action="add", student_ids=[f"S 20-{number}" for number in numbers])


@pytest.mark.parametrize("second", ["add", "remove", "replace"])
def test_people_whom_two_add_or_remove_at_once_are_all_added_or_removed(
    event: CampusEvent, token: str, students: list[Account], second: str
) -> None:
    put(event, token, student_ids=["S 20-0"])
    # Just before the first list is counted, the second one is.
    sent = {"action": second, "student_ids": ["S 20-0" if second == "remove" else "S 20-1"]}
    with before("UpdateItem", lambda: put(event, token, **sent)):
        answer = add(event, token, 2)
    assert answer.status == 200, answer.text
    wanted = {"add": [0, 1, 2], "remove": [2], "replace": [1, 2]}[second]
    assert listed(event, token) == ids([students[number] for number in wanted])
    assert answer.json["size"] == len(wanted)


def test_a_list_for_another_version_is_refused_with_the_present_one_and_nothing_changes(
    event: CampusEvent, token: str, students: list[Account]
) -> None:
    read = put(event, token, student_ids=["S 20-0"]).json["version"]
    shown = call("GET", f"/api/campus/events/{event.event_id}/", token=token).json
    assert shown["roster_version"] == read
    add(event, token, 1)
    lists: list[dict[str, Any]] = [{"student_ids": ["S 20-2"]}, {"student_ids": []}]
    for stale in (*lists, {"action": "add", **lists[0]}):
        answer = put(event, token, version=read, **stale)
        assert (answer.status, answer.json["code"]) == (409, "CONFLICT"), answer.text
        assert answer.json["present"] == {"event_id": event.event_id, "version": read + 1, "size": 2}
    assert listed(event, token) == ids(students[:2])
    # Also where the other one comes while this one is on its way.
    with before("UpdateItem", lambda: add(event, token, 3)):
        assert put(event, token, version=read + 1, student_ids=["S 20-2"]).status == 409
    assert listed(event, token) == ids([students[0], students[1], students[3]])
    present = call("GET", f"/api/campus/events/{event.event_id}/", token=token).json["roster_version"]
    changed = put(event, token, version=present, student_ids=["S 20-2"])
    assert (changed.status, listed(event, token)) == (200, ids(students[2:3]))
    assert put(event, token, version=changed.json["version"], users=[]).status == 200


def test_people_are_removed_by_a_csv_in_a_form(event: CampusEvent, token: str, students: list[Account]) -> None:
    put(event, token, users=[student.account_id for student in students[:2]])
    head = b'--x\r\nContent-Disposition: form-data; name="action"\r\n\r\nremove\r\n'
    head += b'--x\r\nContent-Disposition: form-data; name="csv"; filename="r.csv"\r\nContent-Type: text/csv\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    raw = head + b"student_id\nS 20-0\nS 20-4\n\r\n--x--\r\n"
    answer = call("PUT", path(event), token=token, raw=raw, headers=headers)
    assert (answer.status, answer.json["removed"]) == (200, 1)
    assert listed(event, token) == ids(students[1:2])
