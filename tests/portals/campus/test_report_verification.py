"""Anybody can check a report: it is found valid, and a copy with one byte changed is not."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from botocore.session import get_session

from chalicelib import clock
from chalicelib.clients import secrets
from chalicelib.config import config
from chalicelib.domain.campus.reports import report_registry
from chalicelib.domain.campus.reports.report_registry import ReportFacts, ReportHashes
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusReport
from chalicelib.vocabulary.access import SecretLife
from chalicelib.vocabulary.campus import ReportFormat, ReportKind
from infra.rotate import rotation
from tests.support.client import Answer, call

pytestmark = pytest.mark.usefixtures("moto_cloud")

FULL, REDACTED = b"number,name\r\nS-1,Sana\r\n", b"number,name\r\n***,Person 1\r\n"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def registered(**changes: Any) -> CampusReport:
    facts = {
        "report_id": new_id("rep"),
        "kind": ReportKind.ATTENDANCE,
        "format": ReportFormat.CSV,
        "generated_at": clock.now(),
        "generated_by": "usr_teacher",
        "row_count": 1,
        "filters": {"department": "Physics", "student": "usr_sana"},
        **changes,
    }
    return report_registry.register(ReportFacts(**facts), ReportHashes(full=sha256(FULL), redacted=sha256(REDACTED)))


def check(report_id: str, copy: bytes | None = None) -> Answer:
    query = "" if copy is None else f"?sha256={sha256(copy)}"
    return call("GET", f"/api/campus/reports/verify/{report_id}/{query}")


def test_a_registered_report_is_valid_for_anybody_and_shows_no_person() -> None:
    report = registered(event_id="cev_1", event_title="Optics")
    answer = check(report.report_id)
    assert answer.status == 200
    shown = answer.json
    assert (shown["valid"], shown["event_title"], shown["rows"], shown["matches"]) == (True, "Optics", 1, None)
    assert (shown["sha256"], shown["redacted_sha256"]) == (sha256(FULL), sha256(REDACTED))
    assert not {"usr_teacher", "usr_sana", "Physics"} & set(answer.text.split('"'))


def test_both_versions_verify_and_a_copy_with_one_byte_changed_does_not() -> None:
    report_id = registered().report_id
    for copy, version in ((FULL, "full"), (REDACTED, "redacted")):
        assert (check(report_id, copy).json["valid"], check(report_id, copy).json["matches"]) == (True, version)
        for place in (0, len(copy) - 1):
            changed = bytearray(copy)
            changed[place] ^= 1
            answer = check(report_id, bytes(changed)).json
            assert (answer["valid"], answer["matches"]) == (False, None)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("sha256", sha256(b"another file")),
        ("redacted_sha256", sha256(b"another file")),
        ("row_count", 2),
        ("generated_at", clock.now()),
        ("report_kind", ReportKind.OFFICIAL),
    ],
)
def test_a_register_that_was_tampered_with_is_not_valid(attribute: str, value: Any) -> None:
    report = registered(generated_at=clock.now() - timedelta(days=400))
    place = keys.campus_reports.report(report.report_id)
    operations.record(operations.change(place, [getattr(CampusReport, attribute).set(value)]))
    assert check(report.report_id).json["valid"] is False


def test_a_report_stays_valid_after_the_key_was_rotated_and_not_after_it_leaked() -> None:
    report_id = registered().report_id
    name = config().secret_name.format(life=SecretLife.REPORTS)
    client: Any = get_session().create_client("secretsmanager")
    secret = rotation.Secret(client, name, SecretLife.REPORTS, "")
    rotation.rotate(secret)
    secrets.forget()
    assert check(report_id).json["valid"] is True
    rotation.rotate(secret, leaked=1)
    secrets.forget()
    assert (check(report_id).json["valid"], check(report_id).json["public_key"]) == (False, None)


def test_a_report_is_registered_once() -> None:
    first = registered()
    facts = ReportFacts(first.report_id, ReportKind.ATTENDANCE, ReportFormat.CSV, clock.now(), "usr_x", 9)
    again = report_registry.register(facts, ReportHashes(full=sha256(b"x"), redacted=sha256(b"y")))
    assert (again.sha256, again.row_count) == (first.sha256, 1)


@pytest.mark.parametrize("query", ["?sha256=abc", f"?sha256={'g' * 64}", f"?sha256={'a' * 65}"])
def test_a_hash_that_is_none_is_named(query: str) -> None:
    answer = call("GET", f"/api/campus/reports/verify/{registered().report_id}/{query}")
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "sha256")


def test_an_unknown_report_is_not_found() -> None:
    for report_id in (new_id("rep"), "att_1", "rep_"):
        assert check(report_id).status == 404
