"""The agent's copy of the rule, held against the platform's vectors."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reader_agent.admission import CardFacts, Case, EventFacts, Presented, TicketFacts, Verdict, decide

VECTORS = Path(__file__).parents[2] / "tests" / "vectors" / "admission.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]


def case_of(given: dict[str, Any]) -> Case:
    times = {name: datetime.fromisoformat(given["event"][name]) for name in ("opens_at", "closes_at")}
    return Case(
        presented=Presented(**given["presented"]),
        card=CardFacts(**given["card"]) if given["card"] else None,
        ticket=TicketFacts(**given["ticket"]) if given["ticket"] else None,
        event=EventFacts(**{**given["event"], **times}),
        at=datetime.fromisoformat(given["at"]),
        direction=given["direction"],
        kind=given["kind"],
    )


@pytest.mark.parametrize("start", range(0, len(CASES), 100))
def test_the_rule_gives_the_platforms_result_and_reason(start: int) -> None:
    for case in CASES[start : start + 100]:
        assert decide(case_of(case["input"])) == Verdict(**case["expected"]), (case["id"], case["rule"])


def test_there_are_cases_of_each_result_reason_and_kind() -> None:
    assert len(CASES) > 1000
    assert {case["input"]["kind"] for case in CASES} == {"scan", "leave", "return"}
    assert {case["expected"]["result"] for case in CASES} == {"valid", "invalid", "already_scanned", "not_found"}
    assert len({case["expected"]["reason"] for case in CASES}) == 15
