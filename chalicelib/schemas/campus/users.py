"""Bodies of the campus portal: its people as the office sees them, and the campuses."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from chalicelib import scanned_text
from chalicelib.identifiers import parse_uid
from chalicelib.schemas.campus.accounts import CampusName, Department, OptionalNumber, ProfileOut, YearLevel
from chalicelib.schemas.texts import Name
from chalicelib.schemas.wire import ChangeIn, Moment, Out, PageIn, PageOut, Scanned
from chalicelib.vocabulary.campus import CampusRole, LogInResult


def _uid(value: str) -> str:
    uid = parse_uid(value)
    if uid is None:
        raise ValueError("must be a UID in hex of 4, 7, 8 or 10 bytes")
    return uid


CardUid = Annotated[
    str,
    StringConstraints(max_length=64),
    Scanned(scanned_text.card_name),
    AfterValidator(_uid),
    Field(description="A UID in hex, with or without separators, in either case.", examples=["04A1B2C3D4E580"]),
]


class CampusUserOut(ProfileOut):
    """A person as the office sees them."""

    is_active: bool = Field(description="Whether the person can log in.")
    card_uid: str | None = Field(description="The NFC card that marks their attendance.")


class LogInOut(Out):
    """A tried log-in: never a password, never a whole address."""

    id: str
    at: Moment
    result: LogInResult
    device: str | None = Field(description="The family of client and system, such as `Chrome on Android`.")
    address_hint: str | None = Field(description="The network that it came from.")


class AuditedUserOut(CampusUserOut):
    """A person, with a page of their tried log-ins where `audit=true` asks for it."""

    audit: Annotated[PageOut[LogInOut] | None, Field(exclude_if=lambda audit: audit is None)]


class UserQueryIn(PageIn):
    """Whether to show the tried log-ins of the last 90 days, newest first; `cursor` and `page_size` are theirs."""

    audit: bool = False


class UserChangeIn(ChangeIn):
    """A change by the office; the e-mail address and the password are the owner's."""

    role: CampusRole | None = None
    department: Department | None = None
    campus: CampusName | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    student_id: OptionalNumber = None
    year_level: YearLevel = None
    is_active: bool | None = None
    is_verified: bool | None = None
    card_uid: CardUid | None = None


class CampusOut(Out):
    """A campus."""

    id: str
    name: str
    timezone: str
