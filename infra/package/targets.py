"""The machines that a package can be built for."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.local.console import CannotStart

ROOT = Path(__file__).resolve().parents[2]
_FETCH_SECONDS = 180


class CannotFetch(Exception):  # named for its message at the terminal
    """An interpreter could not be downloaded; the text has the command and its error."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the archive runs: `runtime` and `architecture` in Lambda's terms, `uv_options` for uv."""

    runtime: str
    architecture: str
    uv_options: tuple[str, ...]
    # Compiles the archive's files; None if this machine has no interpreter of that version.
    compiler: Path | None

    @property
    def python_version(self) -> str:
        """The version without its patch level: 3.13."""
        return self.runtime.removeprefix("python")


def aws() -> Target:
    """Return AWS Lambda's Python 3.13 on arm64, which costs a fifth less than x86."""
    return Target(
        runtime="python3.13",
        architecture="arm64",
        # Lambda's python3.13 runs on Amazon Linux 2023: glibc 2.34.
        uv_options=(
            *("--python-platform", "aarch64-manylinux_2_28"),
            *("--python-version", "3.13"),
        ),
        compiler=interpreter("3.13"),
    )


def this_machine(python: Path) -> Target:
    """Return this machine and one of its interpreters, as MiniStack's Lambda executor uses them."""
    version = _version_of(python)
    if version is None:
        raise CannotStart(f"{python} does not run. Remove its environment and run again.")
    return Target(
        runtime=f"python{version}",
        architecture="arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64",
        uv_options=("--python", str(python)),
        compiler=python,
    )


def interpreter(version: str) -> Path | None:
    """Return an interpreter of a version (`3.13`) that this machine has, or None."""
    home = Path.home()
    candidates = [
        *(Path(found) for found in (shutil.which(f"python{version}"), shutil.which("python3")) if found),
        *sorted((home / ".pyenv" / "versions").glob(f"{version}.*/bin/python")),
        *sorted((home / ".local" / "share" / "uv" / "python").glob(f"cpython-{version}.*/bin/python{version}")),
    ]
    # The path may hold a shim for a version that is not active, so each candidate is run.
    return next((path for path in candidates if _version_of(path) == version), None)


def fetch_interpreter(version: str) -> Path:
    """Download an interpreter of a version with uv. Raises CannotFetch with the command and uv's own words."""
    command = [uv(), "python", "install", version]
    said = ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
        said = done.stderr.strip()
    except (OSError, subprocess.SubprocessError) as error:
        said = str(error)
    found = interpreter(version)
    if found is None:
        raise CannotFetch(f"`{' '.join(command)}` did not give one:\n{said[-1500:] or 'uv says nothing'}")
    return found


def uv() -> str:
    """Return the path of uv, which resolves dependencies for other machines."""
    found = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".venv-boot" / "bin" / "uv")
    if not Path(found).exists():
        raise CannotStart("uv is missing. Run `make package`, which installs it, or name yours: UV=/path/to/uv")
    return found


def _version_of(python: Path) -> str | None:
    try:
        answer = subprocess.run(
            [python, "-c", "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}')"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None
