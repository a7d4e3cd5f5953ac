"""The engines that emulate the cloud, as child processes on free loopback ports.

MiniStack emulates every service; DynamoDB Local, Amazon's own engine, holds the table where it is chosen.
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
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.local import toolchain
from infra.local.console import CannotStart, complain

_READY_SECONDS = 150.0
_STOP_SECONDS = 20.0
_PORT_TRIES = 3
_MOST_LOG_BYTES = 20_000_000
_PORT_TAKEN = ("already in use", "address in use", "bindexception")
# MiniStack ends with status 0 when it cannot write its state.
_NOT_SAVED = "Persistence: failed to save"
_DISK_FULL = ("no space left", "disk is full", "database or disk is full")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# Loopback is never behind a proxy.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_running: set["Engine"] = set()

Command = Callable[[int], tuple[list[str], dict[str, str]]]
"""Makes an engine's command line and environment for a port."""


class Engine:
    """One engine: launched, awaited, stopped."""

    def __init__(self, name: str, command: Command, *, home: Path, is_scratch: bool, ready_path: str) -> None:
        """Launch the child; `home` holds its log and data, and is deleted at the end where it is scratch."""
        self.name = name
        self._command = command
        self._home = home
        self._is_scratch = is_scratch
        self._ready_path = ready_path
        self._log = home / f"{name.lower().replace(' ', '-')}.log"
        _running.add(self)
        self._launch()

    @property
    def process_id(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.poll() is None

    def bound_log(self, *, most_bytes: int = _MOST_LOG_BYTES) -> None:
        """Empty the child's log where it has grown beyond a bound: a run may last for weeks."""
        with suppress(FileNotFoundError):
            if self._log.stat().st_size > most_bytes:
                os.truncate(self._log, 0)

    def wait(self) -> "Engine":
        """Wait until the child answers; where its port was taken meanwhile, start it on another."""
        for attempt in range(_PORT_TRIES):
            if attempt:
                self._launch()
            if self._becomes_ready():
                return self
            said = self._log.read_text(errors="replace")
            self._end_child()
            if not any(sign in said.lower() for sign in _PORT_TAKEN):
                break
        self.stop()
        raise CannotStart(_why(self.name, said))

    def stop(self) -> None:
        """End the child cleanly, so that it writes what it keeps; by force only when it does not end."""
        _running.discard(self)
        self._end_child()
        lost = not self._is_scratch and _NOT_SAVED in self._log.read_text(errors="replace")
        if self._is_scratch:
            shutil.rmtree(self._home, ignore_errors=True)
        if lost:
            raise CannotStart(
                f"{self.name} could not keep its data in {self._home}: this run's changes are lost. "
                "Its log there says why; most often the disk is full."
            )

    def _launch(self) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments, environment = self._command(port)
        self._log.write_bytes(b"")
        # Appended to, so that its begin can be cut off while the child writes.
        with self._log.open("ab") as sink:
            self._process = subprocess.Popen(
                arguments,
                env=environment,
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                # Its own session: a Ctrl-C at the terminal is the runner's to handle, in order.
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    def _becomes_ready(self) -> bool:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self.is_alive:
            try:
                with _direct.open(self.url + self._ready_path, timeout=2):
                    return self.is_alive
            except urllib.error.HTTPError as answer:
                # DynamoDB Local asks for a signature: it is up.
                if answer.code == 400:
                    return self.is_alive
            except OSError:
                pass
            time.sleep(0.05)
        return False

    def _end_child(self) -> None:
        if self.is_alive:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@atexit.register
def _stop_all() -> None:
    for engine in list(_running):
        try:
            engine.stop()
        except (CannotStart, OSError) as why:
            complain(str(why))


def launch_ministack(data: Path | None = None) -> Engine:
    """Launch MiniStack; with `data` it keeps its state there from one clean stop to the next start."""
    python = toolchain.ministack_python()
    home = _folder(data, "gatehouse-cloud-")
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

    return Engine("MiniStack", command, home=home, is_scratch=data is None, ready_path="/_ministack/ready")


def launch_dynamodb_local(data: Path | None = None, *, one_database: bool = True, heap: str = "1g") -> Engine:
    """Launch DynamoDB Local; with `data` it keeps its tables there, even over a kill.

    Without `one_database`, each access key has a database of its own. `heap` bounds its memory, as Java writes it.
    """
    home = toolchain.dynamodb_local_home()
    java = toolchain.java()
    folder = _folder(data, "gatehouse-table-")
    storage = ["-dbPath", str(folder)] if data else ["-inMemory"]
    if one_database:
        # One database for all keys and regions, as with one AWS account.
        storage.append("-sharedDb")

    def command(port: int) -> tuple[list[str], dict[str, str]]:
        arguments = [
            str(java),
            # Bounded, so that a long run cannot push out what else the machine does; the serial collector
            # needs the least CPU on a machine of few cores.
            "-Xms128m",
            f"-Xmx{heap}",
            "-XX:+UseSerialGC",
            f"-Djava.library.path={home / 'DynamoDBLocal_lib'}",
            "-jar",
            str(home / "DynamoDBLocal.jar"),
            "-port",
            str(port),
            "-disableTelemetry",
            *storage,
        ]
        return arguments, dict(os.environ)

    return Engine("DynamoDB Local", command, home=folder, is_scratch=data is None, ready_path="/")


@contextmanager
def ministack(data: Path | None = None) -> Iterator[str]:
    """Run MiniStack inside the block; yields its endpoint."""
    engine = launch_ministack(data)
    try:
        yield engine.wait().url
    finally:
        engine.stop()


@contextmanager
def dynamodb_local(data: Path | None = None, *, heap: str = "1g") -> Iterator[str]:
    """Run DynamoDB Local inside the block; yields its endpoint."""
    engine = launch_dynamodb_local(data, heap=heap)
    try:
        yield engine.wait().url
    finally:
        engine.stop()


def _folder(data: Path | None, prefix: str) -> Path:
    if data is None:
        return Path(tempfile.mkdtemp(prefix=prefix))
    data.mkdir(parents=True, exist_ok=True)
    return data


def _why(name: str, said: str) -> str:
    if any(sign in said.lower() for sign in _DISK_FULL):
        return f"{name} could not start: the disk is full. Free some space, or set DATA=/path/on/another/disk."
    tail = "\n  ".join(said.strip().splitlines()[-12:]) or "(no output)"
    again = ".venv-ministack" if name == "MiniStack" else f"{toolchain.FETCHED.name}/"
    return f"{name} did not start. Its last output:\n  {tail}\nIf that does not help, remove {again} and run again."


def _end_with_parent() -> None:
    """Ask the kernel to end this child when the runner is killed, so that no orphan is left."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Fetch an engine before its first use."""
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
