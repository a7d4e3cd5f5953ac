"""Simulated agents of a local run: who may start them, what they are asked, and that none outlives the run."""

import secrets
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from chalicelib.errors import Conflict, NotFound, ValidationFailed
from chalicelib.schemas.examples import demo
from infra.local import toolchain
from infra.local.agents import NotInstalled, SimulatedAgents
from infra.local.cable import Cable
from tests.local.conftest import wait_until
from tests.local.local_run import LocalRun, Start

PYTHON = toolchain.ROOT / "reader-agent" / ".venv" / "bin" / "python"
HEADERS = {"X-Gatehouse-Local": "1"}
needs_agent = pytest.mark.skipif(not PYTHON.exists(), reason="the agent's environment is not installed (make setup)")
on_engines = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]


def test_without_its_environment_the_desk_says_what_to_run(tmp_path: Path) -> None:
    agents = SimulatedAgents(1, home=tmp_path)
    assert "infra/setup.sh reader" in str(agents.report()["missing"])
    with pytest.raises(NotInstalled):
        agents.start({})


def test_without_demo_data_the_desk_says_so(tmp_path: Path) -> None:
    assert "DEMO=0" in str(SimulatedAgents(1, has_demo=False, home=tmp_path).report()["missing"])


def test_a_gate_that_is_none_and_an_agent_that_is_none_are_refused(tmp_path: Path) -> None:
    agents = SimulatedAgents(1, home=tmp_path)
    with pytest.raises(ValidationFailed):
        agents.start({"gate": "Gate 77"})
    with pytest.raises(NotFound):
        agents.tap("agent-1", {"uid": demo.CARD_UID})


def test_a_run_that_ends_starts_no_other_agent(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    agents = SimulatedAgents(1, home=tmp_path)
    agents.end_all()
    with pytest.raises(Conflict):
        agents.start({})


def test_a_pulled_cable_refuses_and_a_plugged_one_carries_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as far:
        far.settimeout(10)
        cable = Cable(far.getsockname()[1])
        for _ in range(2):
            near = socket.create_connection(("127.0.0.1", cable.port), timeout=60)
            there, _ = far.accept()
            near.sendall(b"ping")
            assert there.recv(4) == b"ping"
            there.sendall(b"pong")
            assert near.recv(4) == b"pong"
            cable.pull()
            assert not cable.is_plugged
            # A connection that was open ends, and no new one is taken.
            with suppress(ConnectionResetError):
                assert near.recv(1) == b""
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", cable.port), timeout=60)
            near.close()
            there.close()
            cable.plug()
        cable.pull()


class TestOfARun:
    pytestmark = on_engines

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "agents/"), ("DELETE", "agents/agent-1/"), ("POST", "agents/agent-1/tap/")],
    )
    def test_a_write_needs_the_header_of_its_own(self, run: LocalRun, method: str, path: str) -> None:
        assert run.client.request(method, f"/_local/{path}", json={}).status_code == 403

    def test_a_body_that_is_no_object_is_refused(self, run: LocalRun) -> None:
        for body in (b"[]", b"{", b"1"):
            answer = run.client.post("/_local/agents/", content=body, headers=HEADERS)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "MALFORMED_JSON")

    def test_the_schedules_and_the_accounts_of_the_demo_are_listed(self, run: LocalRun) -> None:
        names = [each["name"] for each in run.client.get("/_local/schedules/").json()["schedules"]]
        assert "sweep" in names
        accounts = run.client.get("/_local/demo/").json()["accounts"]
        assert {each["portal"] for each in accounts} == {
            "admin", "webapp", "organizer", "merchant", "usher", "tix", "campus"
        }  # fmt: skip

    @needs_agent
    def test_an_agent_ends_with_its_run(self, start: Start) -> None:
        run = start(LOG="json")
        run.client.timeout = 60
        made = run.client.post("/_local/agents/", json={"gate": demo.GATES[0]}, headers=HEADERS)
        assert made.status_code == 201, made.text
        stranger = f"04{secrets.token_hex(6)}"
        tapped = run.client.post(f"/_local/agents/{made.json()['id']}/tap/", json={"uid": stranger}, headers=HEADERS)
        assert tapped.json()["verdict"]["result"] == "not_found"
        pids = _agents_of(run)
        assert len(pids) == 1
        run.end()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def _agents_of(run: LocalRun) -> list[int]:
    found = []
    for pid in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((pid / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            words = (pid / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == run.process.pid and b"simulate-gate" in words:
            found.append(int(pid.name))
    return found
