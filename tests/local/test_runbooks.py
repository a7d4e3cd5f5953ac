"""The commands of the runbooks, run against the local cloud: each ends well and shows what its page says."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.resources import Cloud
from infra.local.toolchain import ROOT
from infra.logs.__main__ import main as logs_main
from tests.docs import runbooks
from tests.docs.runbooks import ACCOUNT, GATE, RUN, Command
from tests.local.conftest import wait_until
from tests.local.local_run import LocalRun
from tests.support.factories import scan_id

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]

_VARIABLES = re.compile(r"^([A-Z_]+)=(.*)$", re.DOTALL)
_AGENT = ROOT / "reader-agent" / ".venv" / "bin" / "python"
_AGENT_COMMANDS = """
import typer
from reader_agent.cli import app

def show(command, words):
    print(" ".join(words))
    for name, inner in getattr(command, "commands", {}).items():
        show(inner, [*words, name])

show(typer.main.get_command(app), ["gatehouse-reader"])
"""

_ONE_AFTER_ANOTHER = """
import contextlib, io, json, runpy, sys

ended = []
for module, *words in json.loads(sys.argv[1]):
    sys.argv = [module, *words]
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        try:
            runpy.run_module(module, run_name="__main__")
            code = 0
        except SystemExit as end:
            code = end.code
    ended.append((code, shown.getvalue()))
print(json.dumps(ended))
"""


class Made:
    """What `make` would run, asked once for each target and set of variables."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], str] = {}

    def command(self, words: list[str]) -> list[str]:
        """Return the words of the command line behind `make TARGET NAME=value…`."""
        assert words[0] == "make"
        values = {found[1]: found[2] for word in words[2:] if (found := _VARIABLES.match(word))}
        assert len(values) == len(words) - 2, words
        key = (words[1], *sorted(values))
        if key not in self._kept:
            done = subprocess.run(
                ["make", "-n", "-s", "-o", "setup", words[1], *(f"{name}=@{name}@" for name in values)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            self._kept[key] = done.stdout.strip().splitlines()[-1]
        line = self._kept[key]
        for name, value in values.items():
            assert f"@{name}@" in line, f"make {words[1]} does not read {name}"
            line = line.replace(f"@{name}@", value)
        return line.split()


@pytest.fixture(scope="module")
def made() -> Made:
    return Made()


@pytest.fixture(scope="module")
def ids(run: LocalRun) -> dict[str, str]:
    """A scan and its request, which the log of the run has."""
    wanted = scan_id()
    run.scan(run.usher(), wanted)
    wait_until(lambda: any(line.get("scan_id") == wanted for line in run.logged()))
    [line] = [line for line in run.logged() if line.get("scan_id") == wanted]
    return {"SCAN_ID": wanted, "REQUEST_ID": line["request_id"]}


def local(text: str, ids: dict[str, str]) -> str:
    """Return a command or what it shows with this run in the place of production."""
    text = re.sub(r"\bSTAGE=prod\b", "STAGE=local", text)
    for name, value in ids.items():
        text = text.replace(f"={name}", f"={value}") if "=" in text else text.replace(name, value)
    return text


def _words(command: Command, made: Made, ids: dict[str, str]) -> list[str]:
    return made.command(Command("", "", local(command.text, ids), ()).words)


def _named(*targets: str) -> list[Command]:
    return [command for command in runbooks.commands(RUN) if command.words[1] in targets]


def test_each_question_to_the_log_is_answered(
    run: LocalRun, made: Made, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_FOLDER", run.logs.name)
    asked = _named("logs", "trace")
    assert len(asked) > 30
    for command in asked:
        words = _words(command, made, ids)
        assert words[1:3] == ["-m", "infra.logs"]
        assert logs_main(words[3:]) == 0, (command, capsys.readouterr().err)
        shown = capsys.readouterr().out
        assert command.expects, f"{command.page}: {command.text} says nothing of what it shows"
        assert all(local(text, ids) in shown for text in command.expects), (command, shown)


def test_each_command_of_an_operator_ends_well_and_shows_what_its_page_says(
    ministack_cloud: Cloud, made: Made, ids: dict[str, str], tmp_path: Path
) -> None:
    asked = [command for command in runbooks.commands(RUN) if command.words[1] not in ("logs", "trace")]
    assert len(asked) > 5
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": ministack_cloud.url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": str(ROOT),
    }
    calls = json.dumps([_words(command, made, ids)[2:] for command in asked])
    # In one process, which imports the app once, and in a folder of its own: `make relist` keeps its mark there.
    done = subprocess.run(
        [sys.executable, "-c", _ONE_AFTER_ANOTHER, calls],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for command, (code, shown) in zip(asked, json.loads(done.stdout), strict=True):
        assert code in (0, None), (command, shown, done.stderr[-1500:])
        assert all(text in shown for text in command.expects), (command, shown)


def test_each_make_command_that_needs_an_account_exists_with_its_options(
    made: Made, ids: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    helped: dict[str, str] = {}
    for command in runbooks.commands(ACCOUNT):
        if command.words[0] != "make":
            assert command.words[0] == "aws", command
            continue
        words = _words(command, made, ids)
        module = words[words.index("-m") + 1]
        if module not in helped:
            monkeypatch.setattr(sys, "argv", [module, "--help"])
            # Another test may have imported it; runpy warns of a module that it then runs twice.
            for imported in (module, f"{module}.__main__"):
                if not hasattr(sys.modules.get(imported), "__path__"):
                    monkeypatch.delitem(sys.modules, imported, raising=False)
            with pytest.raises(SystemExit) as ended:
                runpy.run_module(module, run_name="__main__")
            assert ended.value.code == 0
            helped[module] = capsys.readouterr().out
        given = {word for word in words if word.startswith("--")}
        assert {option for option in given if option not in helped[module]} == set(), command
    assert len(helped) >= 3


def test_each_command_at_a_gate_is_one_of_the_reader_agent() -> None:
    if not _AGENT.exists():
        pytest.skip("the reader agent is not installed here")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "reader-agent" / "src")}
    done = subprocess.run(
        [_AGENT, "-c", _AGENT_COMMANDS], env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    known = set(done.stdout.splitlines())
    asked = {
        " ".join(word for word in command.words[:3] if not word.startswith("-")) for command in runbooks.commands(GATE)
    }
    assert len(asked) > 4
    assert asked <= known
