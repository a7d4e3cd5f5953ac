"""The staff's JSON: contract/admin.md, as far as the gate needs it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib.schemas.wire import Filter, Id, In, Moment, Name, Out, PageIn, Password, TokensOut
from chalicelib.vocabulary import AdminRole, DeviceStatus


class LoginIn(In):
    """A staff log-in; `totp` is the six digits of those who switched it on."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]
    password: Password
    totp: Annotated[str, StringConstraints(pattern=r"^\d{6}$")] | None = None


class LoginQuery(In):
    """`cookie=1` puts the refresh token into an httpOnly cookie instead of the body."""

    cookie: Literal["0", "1"] = Field(default="0", description="1 for browsers: the refresh token travels as a cookie.")


class AdminOut(Out):
    """A member of staff and what they may do."""

    id: str
    email: str
    name: str
    role: AdminRole
    permissions: list[str]


class LoginOut(TokensOut):
    """Tokens and who they are for; with `cookie=1` the refresh token is null and `csrf_token` is there."""

    refresh: str | None  # type: ignore[assignment]  # null where the cookie carries it
    csrf_token: str | None = None
    admin: AdminOut


class RefreshIn(In):
    """The refresh token to spend; left out where the cookie carries it."""

    refresh: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = None


class RefreshOut(TokensOut):
    """The next pair; with the cookie, `refresh` is null and a new `csrf_token` is there."""

    refresh: str | None  # type: ignore[assignment]  # null where the cookie carries it
    csrf_token: str | None = None


class ChangePasswordIn(In):
    """The old password, and the new one of at least ten characters."""

    old_password: Password
    new_password: Password


class DeviceIn(In):
    """The device to provision."""

    event_id: Id
    gate: Name
    name: Name


class ProvisionOut(Out):
    """The one-time code, shown only now; it is good for a quarter of an hour."""

    device_id: str
    enrollment_code: str
    expires_at: Moment


class DevicesIn(PageIn):
    """Which devices to list."""

    event_id: Id | None = None
    status: Filter[DeviceStatus] | None = None


class DeviceOut(Out):
    """A device as staff sees it."""

    id: str
    event_id: str
    gate: str
    name: str
    status: DeviceStatus
    online: bool
    last_seen_at: Moment | None
    queue_depth: int | None
    clock_offset_ms: int | None
    app_version: str | None
    last_error: str | None
    created_at: Moment
    enrolled_at: Moment | None
    revoked_at: Moment | None
