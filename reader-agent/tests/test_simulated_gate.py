"""`simulate-gate`: a gate that says it is ready takes what comes next."""

import io
import json
from pathlib import Path

import pytest
from platform_double import Platform

from reader_agent import logs
from reader_agent.identity import Identity
from reader_agent.settings import Settings
from reader_agent.simulated_gate import SimulatedGate

CODE = "GHQ1.tkt_01JDEM0T1CKET0000000000001.1a-_"


@pytest.mark.usefixtures("platform")
def test_a_code_that_is_scanned_as_soon_as_the_gate_is_ready_is_not_lost(
    state: Path, identity: Identity, platform: Platform
) -> None:
    gate = SimulatedGate(Settings(state_dir=state, sound="off"), identity, log=logs.logger())
    answers = io.StringIO()
    gate.serve(io.StringIO(json.dumps({"id": 1, "do": "code", "text": CODE}) + "\n"), answers)
    ready, answer = map(json.loads, answers.getvalue().splitlines())
    assert ready["ready"] is True
    assert "verdict" in answer, answer
    assert [record["qr"] for record in platform.received] == [CODE]
