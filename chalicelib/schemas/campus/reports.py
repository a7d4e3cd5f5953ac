"""Bodies of campus: reports."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.wire import In, Moment, Out
from chalicelib.vocabulary.campus import ReportFormat, ReportKind, ReportVersion

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$")]


class CheckReportIn(In):
    """The hash of a copy, to compare with the registered ones."""

    sha256: Sha256 | None = Field(None, description="SHA-256 of the copy in hex (docs/campus.md: of which bytes).")


class CheckedReportOut(Out):
    """Whether a report is genuine; no person is in it."""

    valid: bool = Field(description="The platform signed it; and a given `sha256` is of one of its two versions.")
    report_id: str
    generated_at: Moment
    kind: ReportKind
    format: ReportFormat
    event_title: str | None
    rows: int = Field(description="How many records the report has.")
    sha256: str
    signature: str = Field(description="Ed25519 in base64url, over the canonical JSON (RFC 8785) of the statement.")
    redacted_sha256: str = Field(description="The hash of the version for third parties, without names and numbers.")
    redacted_signature: str
    kid: str = Field(description="The name of the key that signed.")
    public_key: str | None = Field(description="That key, raw, in base64url; null where it was retired.")
    matches: ReportVersion | None = Field(description="Which version a given `sha256` is of.")
