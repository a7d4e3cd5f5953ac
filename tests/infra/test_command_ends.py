"""An operator's command ends in one line that says what to do, and one that was killed goes on in its own parts."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError
from botocore.session import get_session

from chalicelib.errors import Unavailable
from infra import relist, stages
from infra.local.console import CannotStart
from infra.rebuild import exported
from infra.rebuild.walk import Progress
from tests.support import commands as in_process
from tests.support.aws_answers import answered, refusal

ROOT = Path(__file__).parents[2]
_RUN = re.compile(r"\$\(PY\) -m (infra[\w.]*)")
# A local run ends in its own way, and two checks of a build have no end of their own.
_OWN_END = {"infra.local"}
_NO_STAGE = {"infra.console_checks", "infra.api_document"}


def commands() -> set[str]:
    return set(_RUN.findall((ROOT / "Makefile").read_text(encoding="utf-8"))) - _OWN_END - _NO_STAGE


def source(module: str) -> str:
    path = ROOT.joinpath(*module.split("."))
    return (path / "__main__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")


def test_every_operators_command_of_the_makefile_ends_by_the_one_end() -> None:
    assert len(commands()) > 10
    for module in sorted(commands()):
        assert "raise SystemExit(stages.ended(main))" in source(module), module


def _busy() -> int:
    raise Unavailable from NoRegionError()


def _raising(error: BaseException) -> Callable[[], int]:
    def main() -> int:
        raise error

    return main


@pytest.mark.parametrize(
    ("main", "said", "status"),
    [
        (_busy, "You must specify a region", 1),
        (_raising(NoCredentialsError()), "Unable to locate credentials", 1),
        (_raising(ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Scan")), "AccessDenied", 1),
        (_raising(CannotStart("Deploy first.")), "Deploy first.", 1),
        (_raising(PermissionError(13, "Permission denied", "/mark")), "/mark cannot be read or written", 1),
        (_raising(KeyboardInterrupt()), "Run it again", 130),
        (_raising(EOFError()), "Nobody answered", 1),
        (lambda: 0, "", 0),
    ],
)
def test_what_ends_a_command_is_said_in_one_line(
    main: Callable[[], int], said: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stages.ended(main) == status
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == (1 if said else 0)


def test_a_command_without_a_region_prints_no_traceback() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ran = subprocess.run(
        [sys.executable, "-m", "infra.audit_log", "--stage", "prod"],
        cwd=ROOT,
        env=kept | {"AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (ran.returncode, "Traceback" in ran.stderr, "region" in ran.stderr) == (1, False, True)


def test_a_commands_terminal_has_its_own_lines_and_faults_alone() -> None:
    work = """
import argparse
from infra import stages
stages.aim_at(argparse.Namespace(stage="local", table=None, endpoint=None, table_endpoint=None))
from chalicelib.observability import logger
logger.info("stock left")
logger.error("message failed")
"""
    for level, lines in (({}, ["message failed"]), ({"LOG_LEVEL": "INFO"}, ["stock left", "message failed"])):
        kept = {name: value for name, value in os.environ.items() if "LOG_LEVEL" not in name}
        ran = subprocess.run(
            [sys.executable, "-c", work],
            cwd=ROOT,
            env=kept | level,
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        )
        assert [json.loads(line)["message"] for line in ran.stdout.splitlines()] == lines


def test_the_region_of_the_aws_command_line_is_the_region_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    used: list[str] = []

    def ask() -> int:
        used.append(get_session().create_client("sts").meta.region_name)
        return 0

    assert stages.ended(ask) == 0
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert stages.ended(ask) == 0
    assert used == ["eu-central-1", "us-west-2"]


def test_every_target_whose_command_has_a_stage_passes_the_makefiles_stage() -> None:
    passed = {
        module: line
        for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
        for module in _RUN.findall(line)
        if line
    }
    asked = {module for module in commands() if re.search(r'add_argument\("--stage"|stages\.add_arg', source(module))}
    assert len(asked) > 8
    for module in sorted(asked):
        assert "--stage $(STAGE)" in passed[module] or "--stage $(or $(STAGE)" in passed[module], module


def test_a_look_into_a_queue_asks_all_of_its_servers() -> None:
    found = 0
    for path in (ROOT / "infra" / "redrive").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        calls = text.count(".receive_message(")
        found += calls
        # AWS: "Amazon SQS short and long polling". The local engines know one server.
        assert text.count("WaitTimeSeconds") >= calls, path
    assert found > 1


@pytest.mark.parametrize("option", ["--units", "--limit"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many"])
def test_a_number_of_a_command_is_from_one_up(option: str, value: str) -> None:
    with pytest.raises(SystemExit) as ended:
        in_process.run(relist.main, [option, value])
    assert ended.value.code == 2


def test_an_export_without_files_is_no_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stages.ended(lambda: exported.main([str(tmp_path)])) == 1
    shown = capsys.readouterr()
    assert "holds no data" in shown.err
    assert not shown.out


def test_a_walk_in_other_parts_does_not_take_over_the_parts_of_the_killed_one(tmp_path: Path) -> None:
    path = tmp_path / "mark.json"
    Progress(path, passes=("replay",), of="t whole").note("replay", "0 of 2", position=True)
    again = Progress(path, passes=("replay",), of="t whole")
    assert again.reached("replay", "0 of 2") is True
    assert again.reached("replay", "0 of 4") is None


@pytest.mark.parametrize("content", ["", "{", "[]", "7"])
def test_a_damaged_mark_is_named_in_one_line(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mark = tmp_path / "mark.json"
    mark.write_text(content)
    for main in (
        lambda: in_process.run(relist.main, ["--table", "gatehouse", "--mark", str(mark)]),
        lambda: int(Progress(mark, passes=("replay",), of="t whole").is_begun),
    ):
        assert stages.ended(main) == 1
        assert f"{mark} is damaged. Remove it" in capsys.readouterr().err


@pytest.mark.usefixtures("moto_cloud")
def test_a_mark_of_another_table_is_not_gone_on_from(tmp_path: Path) -> None:
    mark = tmp_path / "mark.json"
    mark.write_text('{"of": "gatehouse-restored", "reached": {"pk": {"S": "~"}, "sk": {"S": "~"}}}')
    assert in_process.run(relist.main, ["--table", "gatehouse", "--mark", str(mark), "--units", "100000"]) == 0
    assert not mark.exists()


def test_each_command_that_a_restored_table_must_be_named_to_is_listed() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    listed = page.partition("else it works on the former table")[2].partition(".\n")[0]
    targets = dict(
        re.findall(
            r"^([\w-]+): .*\n\t@\$\(PY\) -m (infra[\w.]*)",
            (ROOT / "Makefile").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    options = re.compile(r'add_argument\("--table"|stages\.add_arguments|import .*\bparsed$', re.MULTILINE)
    taking = {target for target, module in targets.items() if options.search(source(module))}
    assert len(taking) > 10
    assert set(re.findall(r"`([\w-]+)`", listed)) == taking


def _stacks(operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation, with the stacks of two stages."""
    assert operation == "DescribeStacks"
    name = asked["StackName"]
    tables = {"gatehouse-prod": "gatehouse-prod-202611280830", "gatehouse-dev": "gatehouse-dev"}
    if name not in tables:
        raise refusal(operation, "AccessDenied" if name == "gatehouse-secret" else "ValidationError")
    return {"Stacks": [{"Outputs": [{"OutputKey": "TableName", "OutputValue": tables[name]}]}]}


@pytest.mark.parametrize(
    ("stage", "table", "said"),
    [
        ("prod", "gatehouse-prod-202611280830", "The stack uses the table gatehouse-prod-202611280830"),
        ("dev", "gatehouse-dev", ""),
        ("fresh", "gatehouse-fresh", ""),
        ("secret", "gatehouse-secret", "Name one with --table"),
        ("local", "gatehouse", ""),
    ],
)
def test_a_command_works_on_the_table_that_the_stack_uses(
    stage: str, table: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answered(_stacks):
        assert stages.table_of(stage) == table
        shown = capsys.readouterr().err
        assert (said in shown, bool(shown)) == (True, bool(said))
        assert stages.table_of(stage, "gatehouse-other") == "gatehouse-other"
    assert not capsys.readouterr().err
