"""Every command of the Makefile explains itself, and says in a sentence what was given wrong or is not there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.infra.test_command_ends import ROOT
from tests.infra.test_stopped_commands import STOPPED

_RUN = re.compile(r"\$\(PY\) -m ((?:infra|bench|tests)[\w.]*)")
# One process imports what all need; each command is a child of it, with the machine's own settings of AWS removed.
_EACH = """
import contextlib, importlib, io, json, os, runpy, sys, traceback

def modules(name):
    importlib.import_module(name)
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(name + ".__main__")

def run(name, words):
    sys.argv = [name, *words]
    for each in (name, name + ".__main__"):
        if not hasattr(sys.modules.get(each), "__path__"):
            sys.modules.pop(each, None)
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return 1 if isinstance(end.code, str) else end.code or 0
    except BaseException:
        traceback.print_exc()
        return 99
    return 0

for name, words in (cases := json.loads(sys.argv[1])):
    modules(name)
for name, words in cases:
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.dup2(writing, 1), os.dup2(writing, 2)
        code = run(name, words)
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)
    os.close(writing)
    with open(reading, encoding="utf-8") as said:
        text = said.read()
    print(json.dumps([name, words, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text]), flush=True)
"""


def modules() -> list[str]:
    return sorted(set(_RUN.findall((ROOT / "Makefile").read_text(encoding="utf-8"))))


def ends(cases: list[tuple[str, list[str]]], **settings: str) -> list[Any]:
    """Run each command as the Makefile does; return its name, arguments, exit status and all that it said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    none = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    ran = subprocess.run(
        [sys.executable, "-c", _EACH, json.dumps(cases)],
        cwd=ROOT,
        env={**kept, **none, "AWS_EC2_METADATA_DISABLED": "true", **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    found = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("[")]
    assert len(found) == len(cases)
    return found


def test_every_command_explains_itself_and_refuses_an_option_that_it_does_not_have() -> None:
    assert len(modules()) > 25
    for name, words, code, said in ends([(name, [word]) for name in modules() for word in ("--help", "--nonsense")]):
        assert code == (0 if words == ["--help"] else 2), (name, words, code, said)
        assert said.startswith("usage: "), (name, said)
        assert "Traceback" not in said, (name, said)


def test_without_a_region_every_command_of_a_stage_says_so_in_a_sentence(tmp_path: Path) -> None:
    of_a_stage = [
        (name, [*words.format(tmp=tmp_path).split(), *more])
        for name, each in STOPPED.items()
        for words in each[:1]
        for more in ([["--yes"]] if name == "infra.deploy" else [[]])
        if name not in ("infra.audit", "infra.deploy_local", "infra.local", "infra.local.seed", "infra.package")
    ]
    assert len(of_a_stage) > 10
    for name, words, code, said in ends(of_a_stage):
        assert code == 1, (name, words, said)
        assert "region" in said, (name, words, said)
        assert "busy" not in said, (name, words, said)
        assert len(said.splitlines()) == 1, (name, words, said)


# They work on an account, or read a log of their own.
_NOT_LOCAL = {"infra.deploy", "infra.prewarm", "infra.logs"}


def test_a_local_run_is_named_by_its_address_alone_to_every_command_of_a_stage(tmp_path: Path) -> None:
    of_a_stage = {
        name: [word for word in each[0].format(tmp=tmp_path).split() if word not in ("--stage", "prod")]
        for name, each in STOPPED.items()
        if "--stage" in each[0] and name not in _NOT_LOCAL
    }
    assert len(of_a_stage) > 8
    local = [(name, ["--stage", "local", *words]) for name, words in of_a_stage.items()]
    for name, words, code, said in ends(local):
        assert code == 2, (name, words, said)
        assert "--stage local needs --endpoint" in said, (name, said)
    for wrong in ("foo", "127.0.0.1:4566", "http://127.0.0.1:99999", "http://[::1"):
        for name, words, code, said in ends([(name, [*words, "--endpoint", wrong]) for name, words in local]):
            assert code == 2, (name, words, said)
            assert f"{wrong!r} is no address" in said, (name, said)
    # A port at which nothing listens: the command is aimed there, and not at an account.
    nowhere = ["--endpoint", "http://127.0.0.1:9"]
    for name, words, code, said in ends([(name, [*words, *nowhere]) for name, words in local]):
        assert code == 1, (name, words, said)
        assert "127.0.0.1:9" in said, (name, words, said)
        assert "Traceback" not in said, (name, said)


def test_a_file_or_number_that_is_none_is_named() -> None:
    cases = [
        ("infra.api_document", [str(ROOT)]),
        ("infra.local.seed", ["--tickets", "many"]),
        ("bench.scale", ["--plots", str(ROOT / "Makefile")]),
        ("tests.console.screenshots", ["nowhere"]),
        ("infra.rebuild.exported", [str(ROOT / "Makefile")]),
        ("infra.deploy", ["deploy", "--parameters", str(ROOT)]),
    ]
    for name, words, code, said in ends(cases):
        assert code in (1, 2), (name, said)
        assert words[-1] in said, (name, said)
        assert "Traceback" not in said, (name, said)
