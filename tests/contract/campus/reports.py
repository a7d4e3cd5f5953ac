"""Requests of the campus portal: reports."""

from collections.abc import Callable
from typing import Any

from chalicelib import clock
from chalicelib.domain.campus.reports import report_registry
from chalicelib.domain.campus.reports.report_registry import ReportFacts, ReportHashes
from chalicelib.identifiers import new_id
from chalicelib.vocabulary.campus import ReportFormat, ReportKind
from tests.contract.request import Request


def _verify(_: Any) -> Request:
    facts = ReportFacts(
        report_id=new_id("rep"),
        kind=ReportKind.ATTENDANCE,
        format=ReportFormat.CSV,
        generated_at=clock.now(),
        generated_by=new_id("usr"),
        row_count=1,
    )
    report_registry.register(facts, ReportHashes(full="a" * 64, redacted="b" * 64))
    return Request(path={"report_id": facts.report_id}, query=f"sha256={'B' * 64}")


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "campus_verify_report": _verify,
}
