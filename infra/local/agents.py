"""Simulated gates of a local run: real reader agents as programs of their own, whose network can be cut.

Each has its own folder, is enrolled as any device is, and reaches the platform by a cable (cable.py) alone. They end
with the run: the end of an agent's standard input ends it.
"""

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.errors import Conflict, NotFound, Refusal, ValidationFailed
from chalicelib.schemas.examples import demo
from infra.local import toolchain
from infra.local.cable import Cable
from infra.local.demo import demo_passwords

# Each is a program of some 60 MB that polls its reader.
MOST = 3
_START_SECONDS, _ANSWER_SECONDS, _END_SECONDS = 60.0, 40.0, 15.0
_HOME = toolchain.ROOT / "reader-agent"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotInstalled(Refusal):
    """The agent's environment is missing on this machine."""

    status = 409
    code = "AGENT_NOT_INSTALLED"
    message = "The reader agent is not installed. Run: infra/setup.sh reader"


class AgentFailed(Refusal):
    """The agent said that it could not do this, or ended."""

    status = 502
    code = "AGENT_FAILED"
    message = "The simulated agent could not do this."


class SimulatedAgent:
    """One agent at a gate of the demo event."""

    def __init__(self, agent_id: str, gate: str, port: int, python: Path) -> None:
        """Provision a device, and launch the agent as that device. Raises Refusal."""
        self.id = agent_id
        self.gate = gate
        self._lock = threading.Lock()
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0
        self.cable = Cable(port)
        self._folder = Path(tempfile.mkdtemp(prefix="gatehouse-agent-"))
        self._log = self._folder / "log.txt"
        try:
            self.device_id, code = _provision(port, gate, f"simulated {agent_id}")
            self._launch(python, code)
        except BaseException:
            self.end()
            raise

    def _launch(self, python: Path, code: str) -> None:
        command = [str(python), "-m", "reader_agent", "simulate-gate", "--server", self.cable.url]
        command += ["--state", str(self._folder / "state"), "--name", f"simulated {self.id}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GATEHOUSE_"))}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env={
                    **environment,
                    "PYTHONPATH": str(_HOME / "src"),
                    "GATEHOUSE_READER_CODE": code,
                    # Two processes of a busy machine answer one another later than a chip does.
                    "GATEHOUSE_READER_AIR_SECONDS": "1",
                },
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Ctrl-C at the terminal is the runner's to handle, in order.
                start_new_session=True,
            )
        threading.Thread(target=self._read, name=f"agent {self.id}", daemon=True).start()
        self._next(_START_SECONDS)

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 # nosec B101  # it was asked for
        for line in self._process.stdout:
            if line.startswith("{"):
                self._answers.put(json.loads(line))
        self._answers.put(None)

    def _next(self, seconds: float) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise AgentFailed(f"The simulated agent did not answer within {seconds:g} s.") from None
        if answer is None:
            self._answers.put(None)
            said = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
            raise AgentFailed(f"The simulated agent has ended. {said[-1] if said else ''}".strip())
        if "error" in answer:
            raise AgentFailed(str(answer["error"]))
        return answer

    def ask(self, do: str, **more: str) -> dict[str, Any]:
        """Have the agent do one thing; return its answer. Raises AgentFailed."""
        with self._lock:
            self._number += 1
            number = self._number
            assert self._process.stdin is not None  # noqa: S101 # nosec B101  # it was asked for
            try:
                self._process.stdin.write(json.dumps({"id": number, "do": do, **more}) + "\n")
                self._process.stdin.flush()
            except OSError:
                return self._next(0.0)
            # An answer that came after its question was given up is not this one's.
            while (answer := self._next(_ANSWER_SECONDS)).get("id") != number:
                pass
        answer.pop("id")
        return answer

    def report(self) -> dict[str, Any]:
        """Return what the page shows of an agent; `error` where it has ended."""
        facts = {"id": self.id, "gate": self.gate, "device_id": self.device_id, "connected": self.cable.is_plugged}
        try:
            return {**facts, **self.ask("state")}
        except AgentFailed as failure:
            return {**facts, "error": failure.text}

    def end(self) -> None:
        """End the agent, and delete its folder."""
        process = getattr(self, "_process", None)
        if process is not None:
            process.stdin.close()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.cable.pull()
        shutil.rmtree(self._folder, ignore_errors=True)


class SimulatedAgents:
    """The simulated agents of one run."""

    def __init__(self, port: int, *, has_demo: bool = True, home: Path = _HOME) -> None:
        """`port` is the run's own; the agents are at the gates of its demo event."""
        self._port = port
        self._has_demo = has_demo
        self._python = home / ".venv" / "bin" / "python"
        self._lock = threading.Lock()
        self._starting = 0
        self._last = 0
        self._is_over = False
        self._agents: dict[str, SimulatedAgent] = {}

    def report(self) -> dict[str, Any]:
        """Return all agents; `missing` says what to do where none can be started."""
        agents = [agent.report() for agent in list(self._agents.values())]
        return {"missing": self._missing(), "gates": list(demo.GATES), "most": MOST, "agents": agents}

    def _missing(self) -> str | None:
        if not self._has_demo:
            return "The simulated gates are those of the demo event. Run without DEMO=0."
        return None if self._python.exists() else NotInstalled.message

    def start(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Start an agent at a gate. Raises Refusal."""
        gate = given.get("gate", demo.GATES[0])
        if gate not in demo.GATES:
            raise ValidationFailed(f"gate is one of: {', '.join(demo.GATES)}.")
        missing = self._missing()
        if missing:
            raise NotInstalled(missing)
        with self._lock:
            if self._is_over or len(self._agents) + self._starting >= MOST:
                raise Conflict(f"{MOST} simulated agents run at once at most. Stop one first.")
            self._starting += 1
            self._last += 1
            agent_id = f"agent-{self._last}"
        try:
            agent = SimulatedAgent(agent_id, str(gate), self._port, self._python)
        finally:
            with self._lock:
                self._starting -= 1
        with self._lock:
            is_late = self._is_over
            if not is_late:
                self._agents[agent_id] = agent
        if is_late:
            agent.end()
            raise Conflict("The run ends.")
        return agent.report()

    def tap(self, agent_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Tap a card (`uid`) or scan a code (`code`) at an agent; return its verdict and state. Raises Refusal."""
        agent = self._one(agent_id)
        uid, code = given.get("uid"), given.get("code")
        if isinstance(uid, str) and uid and not code:
            verdict = agent.ask("card", uid=uid)
        elif isinstance(code, str) and code and not uid:
            verdict = agent.ask("code", text=code)
        else:
            raise ValidationFailed("Name either uid, a card's number in hex, or code, a ticket's code.")
        return {**agent.report(), **verdict}

    def connect(self, agent_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Cut an agent's network, or connect it again. Raises Refusal."""
        agent = self._one(agent_id)
        wanted = given.get("connected")
        if not isinstance(wanted, bool):
            raise ValidationFailed("connected is true or false.")
        if wanted:
            agent.cable.plug()
        else:
            agent.cable.pull()
        return agent.report()

    def sync(self, agent_id: str) -> dict[str, Any]:
        """Have an agent send what it keeps and fetch its snapshot now. Raises Refusal."""
        agent = self._one(agent_id)
        agent.ask("sync")
        return agent.report()

    def end(self, agent_id: str) -> None:
        """End one agent. Raises NotFound."""
        self._one(agent_id)
        with self._lock:
            agent = self._agents.pop(agent_id, None)
        if agent is not None:
            agent.end()

    def end_all(self) -> None:
        """End every agent, and start no other."""
        with self._lock:
            self._is_over = True
            agents, self._agents = list(self._agents.values()), {}
        for agent in agents:
            agent.end()

    def _one(self, agent_id: str) -> SimulatedAgent:
        agent = self._agents.get(agent_id)
        if agent is None:
            raise NotFound(f"There is no agent {agent_id}; GET /_local/agents/ lists them.")
        return agent


def _provision(port: int, gate: str, name: str) -> tuple[str, str]:
    """Create a device as the demo administrator; return its id and its enrolment code. Raises AgentFailed."""
    login = {"email": demo.ADMIN_EMAIL, "password": demo_passwords.ADMIN}
    access = _post(port, "/api/auth/login/", login)["access"]
    made = _post(port, "/api/devices/", {"event_id": demo.EVENT_ID, "gate": gate, "name": name}, access)
    return str(made["device_id"]), str(made["enrollment_code"])


def _post(port: int, path: str, body: Mapping[str, Any], access: str | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {access}"} if access else {})
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), headers, method="POST"
    )
    try:
        with _direct.open(request, timeout=_ANSWER_SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        said = error.read().decode(errors="replace")[:300]
        raise AgentFailed(f"The platform refused {path}: {said}") from None
    except OSError as error:
        raise AgentFailed(f"The platform does not answer: {error}") from None
