"""The first administrator: a command prints a link that works once; nothing deployed contains an account."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib import clock
from chalicelib.domain.access import first_admin
from chalicelib.table import keys, operations
from infra import first_admin as command
from tests.support import commands, engines
from tests.support.caches import forget_caches
from tests.support.client import Answer, call
from tests.support.factories import PASSWORD
from tests.support.log_lines import collected

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engines")]

ROOT = Path(command.__file__).parent.parent
EMAIL, URL = "ada@example.com", "https://api.example.com"
ARGUMENTS = ["--stage", "test", "--table", "gatehouse", "--email", EMAIL, "--name", "Ada", "--url", URL]
_LINK = re.compile(rf"{re.escape(URL)}/api/auth/first-admin/#([A-Za-z0-9_-]{{43}})")


@pytest.fixture(autouse=True)
def empty_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def printed(capsys: pytest.CaptureFixture[str], *, arguments: list[str] = ARGUMENTS) -> str:
    """Run the command; return the token of the link that it prints."""
    assert commands.run(command.main, arguments) == 0
    found = _LINK.search(capsys.readouterr().out)
    assert found is not None
    return found[1]


def accept(token: str, password: str = PASSWORD) -> Answer:
    return call("POST", "/api/auth/first-admin/", {"token": token, "password": password})


def log_in() -> Answer:
    return call("POST", "/api/auth/login/", {"email": EMAIL, "password": PASSWORD})


def everything() -> str:
    pages = operations.client().get_paginator("scan").paginate(TableName="gatehouse")
    return json.dumps([item for page in pages for item in page["Items"]], default=str)


def test_the_link_sets_the_password_of_a_super_admin_once(capsys: pytest.CaptureFixture[str]) -> None:
    token = printed(capsys)
    with collected() as lines:
        answer = accept(token)
    assert answer.status == 201, answer.text
    assert (answer.json["email"], answer.json["name"], answer.json["role"]) == (EMAIL, "Ada", "super_admin")
    assert log_in().status == 200
    again = accept(token, "another long password")
    assert (again.status, again.code) == (401, "INVALID_CREDENTIALS")
    assert token not in lines.text


def test_of_32_who_use_the_link_at_once_one_becomes_the_administrator(capsys: pytest.CaptureFixture[str]) -> None:
    token = printed(capsys)
    with ThreadPoolExecutor(32) as crowd:
        answers = list(crowd.map(lambda _: accept(token), range(32)))
    assert Counter(answer.status for answer in answers) == {201: 1, 401: 31}
    assert everything().count('"super_admin"') == 1


def test_the_table_has_the_hash_of_the_token_alone(capsys: pytest.CaptureFixture[str]) -> None:
    token = printed(capsys)
    assert token not in everything()
    assert token not in repr(operations.get(keys.access.first_admin()))


def test_a_link_expires_and_a_further_run_replaces_it(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = printed(capsys), printed(capsys)
    assert accept(first).status == 401
    with clock.set_to(clock.now() + first_admin.LIFETIME):
        assert accept(second).status == 401
    assert accept(second).status == 201


def test_there_is_no_second_first_administrator(capsys: pytest.CaptureFixture[str]) -> None:
    assert accept(printed(capsys)).status == 201
    assert commands.run(command.main, [*ARGUMENTS, "--email", "eve@example.com"]) == 1
    assert "There is a first administrator" in capsys.readouterr().err


def test_a_weak_password_leaves_the_link_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    token = printed(capsys)
    refused = accept(token, "short")
    assert (refused.status, [problem["field"] for problem in refused.json["error"]["details"]]) == (400, ["password"])
    assert accept(token).status == 201


@pytest.mark.parametrize("token", ["A" * 43, "x"])
def test_a_guessed_link_opens_nothing(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert accept(token).status == 401
    printed(capsys)
    assert accept(token).status == 401


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--email", "nobody", "email"), ("--name", "a\u202eb", "name"), ("--url", "http://api.example.com", "https")],
)
def test_the_command_refuses_what_cannot_be(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = commands.run(command.main, [*ARGUMENTS, option, value])
    except SystemExit as end:
        code = int(str(end.code))
    assert code != 0
    assert said in capsys.readouterr().err
    assert operations.get(keys.access.first_admin()) is None


def test_the_command_explains_itself_without_a_cloud() -> None:
    asked = [sys.executable, "-m", "infra.first_admin", "--help"]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600).stdout
    for word in ("--stage", "--email", "--name", "--url", "one-time link", "24 hours"):
        assert word in " ".join(said.split())
    assert timedelta(hours=24) == first_admin.LIFETIME


def test_the_page_of_the_link_runs_its_own_script_alone_and_sends_no_token_by_itself() -> None:
    answer = call("GET", "/api/auth/first-admin/")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "location.hash" in answer.text
    assert re.search(r"(src|href)=", answer.text) is None
