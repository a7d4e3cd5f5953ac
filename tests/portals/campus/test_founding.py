"""`make campus`: a campus with its first admin, who sets a password by a one-time link."""

import json
import re
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.campus.people import campuses
from chalicelib.table import operations
from infra import campus as command
from tests.support import commands
from tests.support.campus import PASSWORD, make_campus, make_campus_user
from tests.support.client import Answer, call

pytestmark = pytest.mark.usefixtures("moto_cloud")
URL, EMAIL = "https://api.example.com", "rabia@campus.example.com"
BARE = ["--stage", "test", "--table", "gatehouse", "--name", "Main Campus", "--timezone", "Asia/Karachi"]
ARGUMENTS = [*BARE, "--admin-email", EMAIL, "--admin-name", "Rabia Noor", "--url", URL]
_LINK = re.compile(rf"{re.escape(URL)}/api/auth/first-admin/#set\.([A-Za-z0-9_-]+)")


def printed(capsys: pytest.CaptureFixture[str], arguments: list[str] = ARGUMENTS) -> str:
    """Run the command; return the token of the link that it prints."""
    assert commands.run(command.main, arguments) == 0
    found = _LINK.search(capsys.readouterr().out)
    assert found is not None
    return found[1]


def accept(token: str) -> Answer:
    return call("PUT", "/api/auth/first-admin/", {"token": token, "password": PASSWORD})


def log_in(name: str = EMAIL) -> Answer:
    return call("POST", "/api/campus/auth/login/", {"username": name, "password": PASSWORD})


def test_the_first_admin_sets_a_password_by_the_link_once_and_sees_the_people(
    capsys: pytest.CaptureFixture[str],
) -> None:
    token = printed(capsys)
    scanned = operations.client().get_paginator("scan").paginate(TableName=config().table_name)
    assert token[:43] not in json.dumps([page["Items"] for page in scanned], default=str)
    assert log_in().code == "INVALID_CREDENTIALS"
    assert accept(token).status < 300
    answer = log_in("rabia").json
    assert (answer["user"]["role"], answer["user"]["campus"]) == ("admin", "Main Campus")
    assert call("GET", "/api/campus/users/", token=answer["access"]).status == 200
    assert accept(token).status == 401


def test_a_further_run_ends_the_earlier_link_and_changes_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = printed(capsys), printed(capsys)
    assert accept(first).status == 401
    with clock.set_to(clock.now() + timedelta(hours=24)):
        assert accept(second).status == 401
    assert accept(second).status < 300
    assert [campus.name for campus in campuses.every()] == ["Main Campus"]


def test_a_campus_is_created_without_an_admin_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run(command.main, BARE) == 0
    assert "Main Campus (cam_" in capsys.readouterr().out
    assert commands.run(command.main, BARE) == 0
    assert "exists." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["--timezone", "Asia/Nowhere"], "timezone: "),
        (["--name", "a\u202eb"], "name "),
        (["--admin-email", "nobody"], "admin_email "),
        (["--admin-name", "Rabia"], "--admin-name"),
        (["--admin-email", "student@campus.example.com"], "no admin of this campus"),
        (["--admin-username", "taken"], "username: belongs to another account"),
        (["--name", "City Campus", "--timezone", "UTC"], "in the time zone Asia/Karachi"),
    ],
)
def test_the_command_refuses_what_cannot_be(changes: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    make_campus_user(make_campus(name="City Campus"), username="taken", email="student@campus.example.com")
    assert commands.run(command.main, [*ARGUMENTS, *changes]) == 1
    assert said in capsys.readouterr().err
    assert [campus.name for campus in campuses.every()] == ["City Campus"]
