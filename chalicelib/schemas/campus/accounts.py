"""Bodies of the campus portal: registration, log-in, passwords and the own profile."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.schemas.profiles import Email
from chalicelib.schemas.texts import ONE_LINE, Name
from chalicelib.schemas.wire import ChangeIn, In, Moment, NewPassword, Out, Password, ResetCode
from chalicelib.vocabulary.campus import CampusRole

# An @ would make it somebody's address.
Username = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\s@]+$"), ONE_LINE
]
# An empty optional field counts as left out, so these texts need no least length.
StudentNumber = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), ONE_LINE]
Department = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), ONE_LINE]
CampusName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    ONE_LINE,
    Field(description="The id or the name of a campus."),
]


def left_out(value: Any) -> Any:
    """Return None for an empty field: the client's form sends every field."""
    return None if isinstance(value, str) and value.strip() in ("", "null", "undefined") else value


def _as_text(value: Any) -> Any:
    """Return a year that is a number as text; forms send either."""
    value = left_out(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


YearLevel = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), ONE_LINE] | None,
    BeforeValidator(_as_text, json_schema_input_type=str | int | None),
]
OptionalNumber = Annotated[StudentNumber | None, BeforeValidator(left_out, json_schema_input_type=str | None)]


class RegisterIn(In):
    """A registration; everybody registers as a student."""

    username: Username
    email: Email
    password: NewPassword
    first_name: Name
    last_name: Name
    student_id: OptionalNumber = None
    department: Department
    campus: CampusName
    year_level: YearLevel = None


class RegisteredUserOut(Out):
    """A fresh account."""

    id: str
    username: str
    email: str
    role: CampusRole


class TokenPairOut(Out):
    """The tokens of a session; the refresh token stays valid for 30 days or until log-out."""

    refresh: str
    access: str


class RegisteredOut(Out):
    """A registration that succeeded, with the tokens of its session."""

    message: str = "Registration successful"
    user: RegisteredUserOut
    tokens: TokenPairOut


class LoginIn(In):
    """A user name or an e-mail address, and the password."""

    username: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
    password: Password


class LoggedInUserOut(RegisteredUserOut):
    """The account that has logged in."""

    department: str
    campus: str
    is_verified: bool


class LoggedInOut(TokenPairOut):
    """The tokens of a session, and its account."""

    user: LoggedInUserOut


class AccessOut(Out):
    """A fresh access token; the refresh token stays the same."""

    access: str


class ForgotPasswordIn(In):
    """The e-mail address of the account with the forgotten password."""

    email: Email


class ResetPasswordIn(In):
    """The code that was mailed, and the new password."""

    email: Email
    code: ResetCode = Field(description="The code that was sent to the address.")
    new_password: NewPassword


class ProfileOut(Out):
    """A profile; `is_verified` says that staff have checked who it is."""

    id: str
    username: str
    email: str
    first_name: str
    last_name: str
    student_id: str | None
    department: str
    campus: str
    campus_id: str
    year_level: str | None
    role: CampusRole
    profile_photo_url: str | None
    is_verified: bool
    created_at: Moment


class ProfileChangeIn(ChangeIn):
    """A change of the own profile; role, verification and user name are not the owner's to change."""

    email: Email | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    student_id: OptionalNumber = None
    department: Department | None = None
    campus: CampusName | None = None
    year_level: YearLevel = None
