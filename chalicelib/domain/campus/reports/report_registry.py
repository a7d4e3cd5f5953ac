"""The register of reports: the hash and the signature of each, so that anybody can check a copy.

A report has two versions under one id: the full one, and a redacted twin without personal data. The platform signs
each (Ed25519) over its statement: the canonical JSON of what `statement_of` returns. The hash of JSON is of its
canonical spelling without `sha256` and `signature`; of any other format it is of the file's bytes (docs/campus.md).
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from msgspec import Struct, field

from chalicelib.config import config
from chalicelib.domain.access import limits
from chalicelib.domain.campus.reports.canonical_json import canonical, plain
from chalicelib.domain.crypto import signing
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusReport
from chalicelib.vocabulary.campus import ReportFormat, ReportKind, ReportVersion


class ReportFacts(Struct, frozen=True):
    """What a report is about, who asked for it, and what it counts."""

    report_id: str
    kind: ReportKind
    format: ReportFormat
    generated_at: datetime
    generated_by: str
    row_count: int
    filters: Mapping[str, Any] = field(default_factory=dict)
    totals: Mapping[str, Any] = field(default_factory=dict)
    event_id: str | None = None
    event_title: str | None = None


class ReportHashes(Struct, frozen=True):
    """The SHA-256 of both versions in hex, and the file of the redacted one."""

    full: str
    redacted: str
    redacted_key: str | None = None


class CheckedReport(Struct, frozen=True):
    """What the public sees of a report; no person is in it.

    `matches` names the version that a given hash is of. `valid` is whether the signatures hold, and, where a hash was
    given, whether it is of one of the versions. `public_key` is raw, in base64url.
    """

    valid: bool
    report_id: str
    generated_at: datetime
    kind: ReportKind
    format: ReportFormat
    event_title: str | None
    rows: int
    sha256: str
    signature: str
    redacted_sha256: str
    redacted_signature: str
    kid: str
    public_key: str | None
    matches: ReportVersion | None


def statement_of(report: CampusReport, version: ReportVersion) -> dict[str, Any]:
    """Return what the signature of a version states."""
    return {
        "format": report.format,
        "generated_at": report.generated_at,
        "kind": report.report_kind,
        "report_id": report.report_id,
        "rows": report.row_count,
        "sha256": report.sha256 if version is ReportVersion.FULL else report.redacted_sha256,
        "version": version,
    }


def register(facts: ReportFacts, hashes: ReportHashes) -> CampusReport:
    """Sign and store a report; where the id is registered, return what was stored first. Raises Unavailable."""
    kid, key = signing.signer(signing.CAMPUS_REPORTS)
    report = CampusReport(
        *keys.campus_reports.report(facts.report_id),
        report_id=facts.report_id,
        report_kind=facts.kind,
        format=facts.format,
        generated_at=facts.generated_at,
        generated_by=facts.generated_by,
        filters=plain(facts.filters),
        totals=plain(facts.totals),
        row_count=facts.row_count,
        event_id=facts.event_id,
        event_title=facts.event_title,
        sha256=hashes.full,
        redacted_sha256=hashes.redacted,
        redacted_key=hashes.redacted_key,
        kid=kid,
    )
    report.signature = _encoded(key.sign(canonical(statement_of(report, ReportVersion.FULL))))
    report.redacted_signature = _encoded(key.sign(canonical(statement_of(report, ReportVersion.REDACTED))))
    try:
        operations.record(operations.put(report, CampusReport.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        return failure.found(CampusReport) or report
    return report


def get(report_id: str) -> CampusReport:
    """Return a registered report. Raises NotFound."""
    report = operations.get(keys.campus_reports.report(report_id))
    if report is None:
        raise NotFound("There is no such report.")
    return report


def check(report_id: str, *, sha256: str | None, address: str) -> CheckedReport:
    """Return whether a report is genuine, and whether a hash is of it. Raises NotFound, RateLimited, Unavailable."""
    limits.REPORT_VERIFICATIONS.take(limits.network(address))
    report = get(report_id)
    versions = {ReportVersion.FULL: report.sha256, ReportVersion.REDACTED: report.redacted_sha256}
    given = sha256.lower() if sha256 else None
    matches = next((version for version, known in versions.items() if known == given), None)
    is_signed = all(_is_signed(report, version) for version in versions)
    public = signing.verifier(signing.CAMPUS_REPORTS, report.kid)
    return CheckedReport(
        valid=is_signed and (given is None or matches is not None),
        report_id=report.report_id,
        generated_at=report.generated_at,
        kind=report.report_kind,
        format=report.format,
        event_title=report.event_title,
        rows=report.row_count,
        sha256=report.sha256,
        signature=report.signature,
        redacted_sha256=report.redacted_sha256,
        redacted_signature=report.redacted_signature,
        kid=report.kid,
        public_key=_encoded(public.public_bytes_raw()) if public else None,
        matches=matches,
    )


def verification_url(report_id: str) -> str:
    """Return the public address where anybody can check a report."""
    return f"{config().public_url}/api/campus/reports/verify/{report_id}/"


def _is_signed(report: CampusReport, version: ReportVersion) -> bool:
    public = signing.verifier(signing.CAMPUS_REPORTS, report.kid)
    signature = report.signature if version is ReportVersion.FULL else report.redacted_signature
    if public is None:
        return False
    try:
        public.verify(_decoded(signature), canonical(statement_of(report, version)))
    except (InvalidSignature, ValueError):
        return False
    return True


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
