"""infra/setup.sh: an environment that does not run is made again; and the oldest Python that the README promises."""

import ast
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.local.toolchain import ROOT
from infra.package import targets

_REQUIREMENTS = "infra/local/requirements-ministack.txt"


@pytest.mark.parametrize("left", ["a Python that was removed", "half of it"])
def test_an_environment_that_does_not_run_is_made_again(left: str, tmp_path: Path) -> None:
    for name in ("infra/setup.sh", _REQUIREMENTS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / _REQUIREMENTS).write_text("# Nothing, so that nothing is fetched.\n")
    programs = tmp_path / ".venv-ministack" / "bin"
    programs.mkdir(parents=True)
    if left == "a Python that was removed":
        (programs / "python").symlink_to(tmp_path / "python3.10")
        (tmp_path / ".venv-ministack" / "pyvenv.cfg").write_text("home = /nowhere\n")
    done = subprocess.run(
        ["sh", "infra/setup.sh", "ministack"],
        cwd=tmp_path,
        env={**os.environ, "UV": targets.uv(), "UV_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert subprocess.run([programs / "python", "-c", ""], check=False).returncode == 0


def test_the_lock_of_requirements_fails_where_git_or_one_file_fails(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path / "Makefile")
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "setup.sh").write_text("#!/bin/sh\n")
    (tmp_path / "infra" / "setup.sh").chmod(0o755)
    for name in ("requirements.in", "requirements-dev.in"):
        (tmp_path / name).write_text("")

    def lock() -> int:
        environment = {**os.environ, "UV": "false", "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
        ran = subprocess.run(["make", "lock"], cwd=tmp_path, env=environment, capture_output=True, check=False)
        return ran.returncode

    assert lock() != 0  # without git's list of files
    for command in (["init", "-q"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert lock() != 0  # one file, then another, cannot be compiled


def test_archives_are_unpacked_on_debians_python_3_11_2() -> None:
    """The argument `filter` came with 3.11.4, which no type checker knows: it checks for 3.11 as a whole."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    calls = [
        f"{name}:{node.lineno}"
        for name in listed.stdout.splitlines()
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"extract", "extractall", "unpack_archive"}
        and any(word.arg == "filter" for word in node.keywords)
    ]
    assert calls == []
