"""Bodies of the staff's portal: log-in."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib import scanned_text
from chalicelib.schemas.wire import In, OneTimeCode, Out, Password, Scanned, TokensOut
from chalicelib.vocabulary.access import AdminRole

# A six-digit code of the app, or a recovery code.
SecondFactorCode = Annotated[
    str,
    StringConstraints(pattern=r"^([0-9]{6}|[A-HJ-NP-Z2-9]{16})$"),
    Scanned(scanned_text.second_factor_code, longest=64),
]


class LoginIn(In):
    """A staff log-in; `totp` is the code of accounts with a second factor: six digits, or a recovery code."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]
    password: Password
    totp: SecondFactorCode | None = None


class LoginQuery(In):
    """`cookie=1` puts the refresh token into an httpOnly cookie instead of the body."""

    cookie: Literal["0", "1"] = Field(default="0", description="1 for browsers: the refresh token travels as a cookie.")

    @property
    def in_cookie(self) -> bool:
        """Whether the refresh token goes into the cookie."""
        return self.cookie == "1"


class FirstAdminIn(In):
    """The token of the one-time link, and the password to set."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")] = Field(
        description="The text after `#` in the one-time link."
    )
    password: Password


class SecondFactorIn(In):
    """Nothing to begin the second factor; a code of the new secret to switch it on.

    Where a factor is on, `current` begins its replacement, and a `code` of it renews the recovery codes.
    """

    code: OneTimeCode | None = Field(default=None, description="A code of the factor that is switched on, or renewed.")
    current: SecondFactorCode | None = Field(default=None, description="A code of the factor that is on.")


class SecondFactorRemovalIn(In):
    """A code of the second factor to remove, or a recovery code."""

    code: SecondFactorCode = Field(description="A code of the factor, or a recovery code.")


class SecondFactorOut(Out):
    """The state of the second factor; the secret is shown once, before it is on."""

    enabled: bool = Field(description="Whether log-ins need a code.")
    secret: str | None = Field(description="The secret for the authenticator app, in base32; null once it is on.")
    recovery_codes: list[str] | None = Field(
        description="Ten codes, each good once in place of a six-digit code; shown only now."
    )
    uri: str | None = Field(description="The same as an `otpauth:` address, to show as a QR code; null once it is on.")


class AdminOut(Out):
    """A member of staff and what they may do."""

    id: str
    email: str
    name: str
    role: AdminRole
    permissions: list[str]


class LoginOut(TokensOut):
    """Tokens and their owner; with `cookie=1` the refresh token is null and `csrf_token` is set."""

    refresh: str | None  # type: ignore[assignment]  # null where the cookie carries it
    csrf_token: str | None
    admin: AdminOut
    must_enrol: bool = Field(
        description="Whether the role requires a second factor, to be set up before anything else."
    )


class RefreshIn(In):
    """The refresh token; omitted where the cookie carries it."""

    refresh: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = None


class RefreshOut(TokensOut):
    """The next pair; with the cookie, `refresh` is null and `csrf_token` is new."""

    refresh: str | None  # type: ignore[assignment]  # null where the cookie carries it
    csrf_token: str | None
