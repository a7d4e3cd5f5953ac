"""Each runbook has one form, each block of commands says where it runs, and what needs an account exists there."""

import fnmatch
import json
import re
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from chalice.app import CloudWatchEvent

from infra.service_levels import kinds
from tests.docs import pages, runbooks
from tests.docs.runbooks import ACCOUNT, GATE, RUN, Command

EACH = pytest.mark.parametrize("page", runbooks.each_page(), ids=lambda page: page.stem)
# Services whose name at the command line is not botocore's, and what every command of it takes.
_SERVICES = {"s3api": "s3", "deploy": "codedeploy"}
_ALWAYS = {"region", "output", "query", "profile", "cli-binary-format"}


@EACH
def test_each_page_has_the_one_form_and_fits_on_two_screens(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    places = [text.find(part) for part in runbooks.FORM]
    assert -1 not in places
    assert places == sorted(places)
    assert text.startswith("# ")
    assert len(text.splitlines()) <= 100


@EACH
def test_each_block_says_where_it_runs(page: Path) -> None:
    assert set(runbooks.marks(page.read_text(encoding="utf-8"))) <= {f"sh {mark}" for mark in (RUN, ACCOUNT, GATE)}


@EACH
def test_each_page_is_listed_with_its_alarms(page: Path) -> None:
    index = (runbooks.FOLDER / runbooks.INDEX).read_text(encoding="utf-8")
    [row] = [line for line in index.splitlines() if f"({page.name})" in line and line.startswith("|")]
    alarms = page.read_text(encoding="utf-8").partition("**What users see.**")[0]
    assert runbooks.alarms(row) == runbooks.alarms(alarms)


def test_each_alarm_is_on_the_page_of_its_kind_and_each_page_names_alarms_that_there_are() -> None:
    """docs/alarms.md is made from the template; a test beside it compares both."""
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| \[([\w-]+)\]\([^|]+ \|",
        (pages.ROOT / "docs" / "alarms.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    alarms = dict(rows)
    assert len(alarms) > 100
    named = {page.stem: runbooks.alarms(page.read_text(encoding="utf-8")) for page in runbooks.each_page()}
    assert set(kinds.KINDS) <= set(named)

    def is_named(alarm: str, kind: str) -> bool:
        return any(fnmatch.fnmatch(alarm, pattern) for pattern in named[kind])

    assert {alarm for alarm, kind in alarms.items() if not is_named(alarm, kind)} == set()
    patterns = {pattern for page in named.values() for pattern in page}
    assert {pattern for pattern in patterns if not fnmatch.filter(alarms, pattern)} == set()


@pytest.mark.parametrize(
    "command",
    [command for command in runbooks.commands(ACCOUNT) if command.words[0] == "aws"],
    ids=lambda command: " ".join(command.words[1:3]),
)
def test_each_command_of_the_aws_command_line_is_one_with_these_options(command: Command) -> None:
    """It cannot run here. The command line is made of the models that this reads: operation, options, required ones."""
    _, service, operation, *rest = command.words
    try:
        model = botocore.session.get_session().get_service_model(_SERVICES.get(service, service))
    except UnknownServiceError:
        pytest.fail(f"aws has no service {service}")
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in operations
    inputs = model.operation_model(operations[operation]).input_shape
    members = dict(inputs.members) if inputs is not None else {}
    # A switch is also an option that takes it back.
    switches = {f"no-{xform_name(name, '-')}" for name, shape in members.items() if shape.type_name == "boolean"}
    options = {xform_name(name, "-") for name in members} | switches | _ALWAYS
    given = {word.removeprefix("--") for word in rest if word.startswith("--")}
    assert given <= options
    required = {xform_name(name, "-") for name in (inputs.required_members if inputs is not None else ())}
    assert required <= given, "the operation needs these too"


def test_a_schedule_that_is_run_by_hand_takes_its_payload() -> None:
    """The AWS command line takes base64 unless it is asked for raw bytes; Chalice reads all of a schedule's call."""
    calls = [command for command in runbooks.commands(ACCOUNT) if command.words[1:3] == ["lambda", "invoke"]]
    assert calls
    for words in (command.words for command in calls):
        assert words[words.index("--cli-binary-format") + 1] == "raw-in-base64-out"
        CloudWatchEvent(json.loads(words[words.index("--payload") + 1]), None)


def test_each_parameter_of_a_deployment_is_one_of_the_stack() -> None:
    operations = (pages.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = {
        name
        for command in runbooks.commands(ACCOUNT, RUN)
        if command.words[:2] == ["make", "deploy"]
        for name in re.findall(r"\b([A-Z][A-Za-z]+)=", command.text.partition("ARGS=")[2])
    }
    assert len(named) > 8
    assert {name for name in named if f"`{name}`" not in operations} == set()


def test_each_log_query_that_a_page_names_exists() -> None:
    from infra.logs import saved

    named = {
        word.removeprefix("QUERY=")
        for command in runbooks.commands(RUN, ACCOUNT)
        for word in command.words
        if word.startswith("QUERY=")
    }
    assert named <= set(saved.load())
    assert set(saved.load()) - named <= {saved.TRACE}, "a query that no page uses"
