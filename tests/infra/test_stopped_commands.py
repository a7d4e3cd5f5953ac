"""A command that is stopped, by Ctrl-C or by another program, says so in one line and ends with 130, at any step."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from infra import stops
from infra.rebuild.walk import Progress, Walk
from tests.infra.test_command_ends import ROOT, commands

# Each command with what it needs, up to where it first waits for AWS, prints a line or starts a program.
STOPPED: dict[str, tuple[str, ...]] = {
    "infra.audit": ("",),
    "infra.audit_log": ("--stage prod", "--stage prod --table t"),
    "infra.campus": ("--stage prod --name City --timezone UTC", "--table t --name City --timezone UTC"),
    "infra.campus_erase": ("--stage prod --user usr_1", "--stage prod --table t --user usr_1"),
    "infra.deploy": ("deploy", "rollback", "destroy", "smoke"),
    "infra.deploy_local": ("",),
    "infra.first_admin": ("--stage prod --email a@example.com --name Ada --url https://api.example.com",),
    "infra.local": ("",),
    "infra.local.seed": ("--tickets 1",),
    "infra.logs": ("logs --query refusals --stage prod", "trace --id scn_1 --stage prod"),
    "infra.package": ("",),
    "infra.prewarm": ("--stage prod --reads 1000",),
    "infra.rebuild": ("--stage prod", "--stage prod --table t"),
    "infra.rebuild.erase_again": ("--stage prod", "--stage prod --table t --files f"),
    "infra.rebuild.restore": (
        "--stage prod --minute 2026-11-28T08:30Z",
        "--stage prod --minute 2026-11-28T08:30Z --table t --finish",
    ),
    "infra.rebuild.upgrade": ("--stage prod", "--stage prod --table t --threads 1 --mark {tmp}/upgrade.json"),
    "infra.redrive": ("--stage prod --table t", "--stage prod --table t --dry-run"),
    "infra.relist": ("--stage prod", "--stage prod --table t --mark {tmp}/relist.json"),
    "infra.staff_recovery": ("--stage prod --email a@example.com --second-factor",),
    "infra.rotate": (
        "--stage prod --table t --name sessions",
        "--stage prod --table t --name tickets --prune",
        "--stage prod --table t --name numbers --rekey",
    ),
}
# They have the same end; the one starts two engines, and the other waits for nothing but its files.
_NOT_TRIED = {"infra.rebuild.drill", "infra.rebuild.exported"}
# The end is one place for all, so that a few are tried with it.
_BY_SIGTERM = {"infra.deploy", "infra.local", "infra.rebuild"}
# One process imports what all need; each command is a child of it, with a process group of its own.
_EACH = """
import contextlib, importlib, json, os, runpy, select, signal, socket, sys, time, traceback

cases = json.loads(sys.argv[1])
for module, _, _ in cases:
    importlib.import_module(module)
import chalicelib.domain.audit.verification, infra.rebuild.comparing, infra.rebuild.rebuilding
import chalicelib.domain.campus.people.campus_founding

def run(module, words):
    sys.argv = [module, *words]
    for name in (module, module + ".__main__"):
        if not hasattr(sys.modules.get(name), "__path__"):
            sys.modules.pop(name, None)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 99
    return 0

def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return file.read().split()

ended = []
for module, words, number in cases:
    server = socket.create_server(("127.0.0.1", 0))
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.getsockname()[1]}"
    (said, out), (shown, err) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.dup2(out, 1), os.dup2(err, 2)
        sys.stdin = open(os.devnull)
        os._exit(run(module, words))
    os.close(out), os.close(err)
    until = time.monotonic() + 60
    while not (ready := select.select([server, said], [], [], 0.05)[0]) and not children(pid):
        if time.monotonic() > until:
            break
    kept = server.accept()[0] if server in ready else None
    # Ctrl-C reaches every process at the terminal, and another program names one.
    os.killpg(pid, number) if number == signal.SIGINT else os.kill(pid, number)
    text = b""
    while select.select([shown], [], [], 30)[0] and (part := os.read(shown, 65536)):
        text += part
    else:
        # Ended by now, or it does not end: its status says so.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    ended.append([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.decode()])
    os.close(said), os.close(shown), server.close()
print(json.dumps(ended))
"""


def test_a_command_that_is_stopped_says_so_in_one_line(tmp_path: Path) -> None:
    assert set(STOPPED) == (commands() | {"infra.local"}) - _NOT_TRIED
    cases = [
        (module, words.format(tmp=tmp_path).split(), number)
        for module, each in STOPPED.items()
        for words in each
        for number in (signal.SIGINT, signal.SIGTERM)
        if number == signal.SIGINT or (module in _BY_SIGTERM and words == each[0])
    ]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", _EACH, json.dumps(cases)],
        cwd=ROOT,
        env={
            **kept,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
            "PORT": str(port),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    wrong = [
        (module, words, number, code, shown[-600:])
        for (module, words, number), (code, shown) in zip(cases, json.loads(done.stdout), strict=True)
        if code != 130 or "Traceback" in shown or "Stopped" not in shown.strip().splitlines()[-1]
    ]
    assert not wrong, wrong


class _Endless:
    """A table that never ends; Ctrl-C comes while it is read."""

    def __init__(self) -> None:
        self.pages = 0
        self._lock = threading.Lock()

    def scan(self, **_: Any) -> dict[str, Any]:
        with self._lock:
            self.pages += 1
            is_stopped = self.pages == 5
        if is_stopped:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.01)
        return {"Items": [], **({"LastEvaluatedKey": {"pk": {"S": "a"}}} if self.pages < 500 else {})}


@pytest.mark.parametrize("threads", [1, 4])
def test_a_walk_that_is_stopped_ends_each_reader_after_its_page_and_keeps_its_place(
    threads: int, tmp_path: Path
) -> None:
    table, mark = _Endless(), tmp_path / "mark.json"
    progress = Progress(mark, passes=("replay",), of="t whole")
    with pytest.raises(KeyboardInterrupt), stops.raised():  # also where the shell has set Ctrl-C to be ignored
        Walk(table, "t", threads=threads, units=1_000_000).run("replay", lambda _: None, progress)
    assert table.pages < 100
    assert Progress(mark, passes=("replay",), of="t whole").is_begun


# Python ignores what `__del__` raises; and what is cleaned up takes longer than the pause between two tries.
_DEAF = """
import os, signal, time
from infra import stages

class Deaf:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            pass

def main():
    try:
        del (deaf := [Deaf()])[0]
        time.sleep(60)
        return 0
    finally:
        time.sleep(1.2)
        print("cleaned up")

raise SystemExit(stages.ended(main))
"""


def test_a_stop_that_a_callback_swallowed_is_raised_again_and_not_while_it_is_handled() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DEAF], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "cleaned up\n", "Stopped. Run it again to go on.\n")


# The stop comes where a program is about to fork, in the callback that takes a lock.
_FORKING = """
import os, signal, sys, threading
from infra import stages

lock = threading.RLock()

def take():
    os.kill(os.getpid(), signal.SIGTERM)
    lock.acquire()

def main():
    os.register_at_fork(before=take, after_in_parent=lock.release)
    if os.fork() == 0:
        os._exit(0)
    threading.Event().wait(60)

raise SystemExit(stages.ended(main))
"""


def test_a_stop_before_a_fork_says_nothing_of_what_it_broke_off() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FORKING], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.returncode, ran.stderr) == (130, "Stopped. Run it again to go on.\n")
