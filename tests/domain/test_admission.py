"""The pure rule against its vectors."""

import json
from datetime import datetime
from typing import Any

import pytest

from chalicelib.domain.admission import CardFacts, Case, EventFacts, Presented, TicketFacts, decide
from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.gate import Direction, Presence, Reason, ScanKind, ScanResult, Signature
from chalicelib.vocabulary.tickets import TicketStatus
from tests.vectors import generate

CASES = json.loads(generate.FILE.read_text(encoding="utf-8"))["cases"]


def case_of(given: dict[str, Any]) -> Case:
    shown, card, ticket, event = given["presented"], given["card"], given["ticket"], given["event"]
    return Case(
        presented=Presented(
            by_card=shown["by_card"],
            signature=Signature(shown["signature"]),
            credential=shown["credential"],
            counter=shown["counter"],
            uid_matches=shown["uid_matches"],
        ),
        card=card and CardFacts(CardStatus(card["status"]), CardType(card["type"]), card["last_counter"]),
        ticket=ticket
        and TicketFacts(
            ticket["event_id"],
            TicketStatus(ticket["status"]),
            ticket["credential"],
            ticket["presence"] and Presence(ticket["presence"]),
        ),
        event=EventFacts(
            event["event_id"],
            EventStatus(event["status"]),
            datetime.fromisoformat(event["opens_at"]),
            datetime.fromisoformat(event["closes_at"]),
            event["scanning_enabled"],
            event["re_entry_allowed"],
        ),
        at=datetime.fromisoformat(given["at"]),
        direction=Direction(given["direction"]),
        kind=ScanKind(given["kind"]),
    )


def test_the_rule_passes_every_vector() -> None:
    failures = []
    for case in CASES:
        verdict = decide(case_of(case["input"]))
        if {"result": verdict.result, "reason": verdict.reason} != case["expected"]:
            failures.append((case["id"], case["rule"], case["expected"], verdict))
    assert failures == []


def test_the_vectors_are_what_their_generator_makes() -> None:
    assert generate.FILE.read_text(encoding="utf-8") == generate.text()


def test_the_vectors_cover_every_result_and_reason_and_their_order() -> None:
    assert len(CASES) >= 300
    assert {case["expected"]["result"] for case in CASES} == set(ScanResult)
    assert {case["expected"]["reason"] for case in CASES} == {None, *Reason}
    pairs = [case for case in CASES if ", and " in case["rule"]]
    assert len(pairs) >= 300


@pytest.mark.parametrize("field", ["id", "rule"])
def test_every_vector_has_its_own_id_and_rule(field: str) -> None:
    values = [case[field] for case in CASES]
    assert len(values) == len(set(values))
