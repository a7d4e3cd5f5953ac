"""Bodies of campus attendance: codes, positions, submissions, feedback."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib.schemas.wire import Id, In, Instant, Moment, Out
from chalicelib.vocabulary.campus import (
    AttendanceStatus,
    EvidenceFactor,
    EvidenceFlag,
    VerificationStatus,
)
