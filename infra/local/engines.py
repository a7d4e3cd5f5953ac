"""The stand-ins for the cloud, as child processes on free loopback ports.

MiniStack answers for every service; DynamoDB Local, Amazon's own engine, for the table where asked.
Runner, tests and bench start them here:

    with ministack() as url: ...
    with dynamodb_local() as url: ...

`python -m infra.local.engines fetch dynamodb-local|ministack` gets one without starting it.
"""

import argparse
import atexit
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local import toolchain
from infra.local.console import CannotStart, complain

_READY_SECONDS = 45.0
_STOP_SECONDS = 20.0
_PORT_TRIES = 3
_PORT_TAKEN = ("already in use", "address in use", "bindexception")
_DISK_FULL = ("no space left", "disk is full", "database or disk is full")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

_running: set["Engine"] = set()


class Engine:
    """One running stand-in: where it answers, and how it is stopped."""

    def __init__(self, name: str, url: str, process: subprocess.Popen[bytes]) -> None:
        """`scratch`, when set, is a temporary folder that goes with the engine."""
        self.name = name
        self.url = url
        self._process = process
        self.scratch: Path | None = None
        _running.add(self)

    @property
    def process_id(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the child cleanly, so that it writes what it keeps; by force only when it does not end."""
        _running.discard(self)
        if self.is_alive:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)


@atexit.register
def _stop_all() -> None:
    for engine in list(_running):
        engine.stop()


def start_ministack(data: Path | None = None) -> Engine:
    """Start MiniStack; with `data` it keeps its state there from one clean stop to the next start."""
    python = toolchain.ministack_python()
    scratch = None if data else Path(tempfile.mkdtemp(prefix="gatehouse-cloud-"))
    home = data or scratch or Path()
    home.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environment |= {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": "us-east-1",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(home),
        # Listeners on fixed ports that two runs would fight over, for services that are not used here.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # It would look for containers of its own to clean up; none are used here.
        "DOCKER_HOST": f"unix://{home}/no-docker",
    }
    if data:
        environment |= {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(data / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(data / "s3"),
        }

    def command(port: int) -> tuple[list[str], dict[str, str]]:
        return [str(python), "-m", "ministack"], {**environment, "GATEWAY_PORT": str(port)}

    return _start("MiniStack", command, home, scratch, ready_path="/_ministack/ready")


def start_dynamodb_local(data: Path | None = None) -> Engine:
    """Start DynamoDB Local; with `data` it keeps its tables there, even over a kill."""
    home = toolchain.dynamodb_local_home()
    java = toolchain.java()
    scratch = None if data else Path(tempfile.mkdtemp(prefix="gatehouse-table-"))
    folder = data or scratch or Path()
    folder.mkdir(parents=True, exist_ok=True)
    storage = ["-dbPath", str(folder)] if data else ["-inMemory"]

    def command(port: int) -> tuple[list[str], dict[str, str]]:
        arguments = [
            str(java),
            # Bounded, so that a long run cannot push out what else the machine does; the serial collector
            # needs the least CPU on a machine of few cores.
            "-Xms128m",
            "-Xmx1g",
            "-XX:+UseSerialGC",
            f"-Djava.library.path={home / 'DynamoDBLocal_lib'}",
            "-jar",
            str(home / "DynamoDBLocal.jar"),
            "-port",
            str(port),
            # One database whatever key and region a client names, as with one AWS account.
            "-sharedDb",
            "-disableTelemetry",
            *storage,
        ]
        return arguments, dict(os.environ)

    return _start("DynamoDB Local", command, folder, scratch, ready_path="/")


@contextmanager
def ministack(data: Path | None = None) -> Iterator[str]:
    """Run MiniStack inside the block; yields its endpoint."""
    engine = start_ministack(data)
    try:
        yield engine.url
    finally:
        engine.stop()


@contextmanager
def dynamodb_local(data: Path | None = None) -> Iterator[str]:
    """Run DynamoDB Local inside the block; yields its endpoint."""
    engine = start_dynamodb_local(data)
    try:
        yield engine.url
    finally:
        engine.stop()


def _start(
    name: str,
    command: Callable[[int], tuple[list[str], dict[str, str]]],
    home: Path,
    scratch: Path | None,
    *,
    ready_path: str,
) -> Engine:
    log = home / f"{name.lower().replace(' ', '-')}.log"
    said = ""
    for _ in range(_PORT_TRIES):
        port = _free_port()
        arguments, environment = command(port)
        with log.open("wb") as sink:
            process = subprocess.Popen(
                arguments,
                env=environment,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                # Its own session: a Ctrl-C at the terminal is the runner's to handle, in order.
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        engine = Engine(name, f"http://127.0.0.1:{port}", process)
        engine.scratch = scratch
        if _becomes_ready(engine, ready_path):
            return engine
        # The folder is for the next try.
        engine.scratch = None
        said = log.read_text(errors="replace")
        engine.stop()
        if not any(sign in said.lower() for sign in _PORT_TAKEN):
            break
    if scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)
    raise CannotStart(_why(name, said))


def _why(name: str, said: str) -> str:
    if any(sign in said.lower() for sign in _DISK_FULL):
        return f"{name} could not start: the disk is full. Free some space, or set DATA=/path/on/another/disk."
    tail = "\n  ".join(said.strip().splitlines()[-12:]) or "(it said nothing)"
    again = ".venv-ministack" if name == "MiniStack" else f"{toolchain.FETCHED.name}/"
    return f"{name} did not start. Its last words:\n  {tail}\nIf this is no news to you, remove {again} and run again."


def _end_with_parent() -> None:
    """Ask the kernel to end this child should the runner be killed: no orphans, even then."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _becomes_ready(engine: Engine, path: str) -> bool:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and engine.is_alive:
        try:
            with urllib.request.urlopen(engine.url + path, timeout=2):  # noqa: S310  # loopback, made above
                return True
        except urllib.error.HTTPError as answer:
            # DynamoDB Local asks for a signature: it is up.
            if answer.code == 400:
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def main() -> int:
    """Fetch an engine ahead of its first use."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.engines", description=__doc__)
    parser.add_argument("verb", choices=["fetch"])
    parser.add_argument("engine", choices=["ministack", "dynamodb-local"])
    engine = parser.parse_args().engine
    try:
        if engine == "ministack":
            toolchain.ministack_python()
        else:
            toolchain.dynamodb_local_home()
            toolchain.java()
    except CannotStart as why:
        complain(str(why))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
