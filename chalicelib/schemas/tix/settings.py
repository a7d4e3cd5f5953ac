"""Bodies of Tix: settings."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from chalicelib import scanned_text, time_zones
from chalicelib.schemas.platform_names import PublicName
from chalicelib.schemas.texts import ONE_LINE
from chalicelib.schemas.wire import ChangeIn, In, Moment, Out, Scanned

# The size of a client's own fields in `paper`, as JSON.
_PAPER_BYTES = 4_000


def bytes_as_json(value: Any) -> int:
    """Return the size of a client's own data. Raises ValueError for a number that is read as infinite (1e400)."""
    try:
        return len(json.dumps(value, ensure_ascii=False, default=str, allow_nan=False).encode())
    except ValueError as error:
        raise ValueError("must not have a number beyond 1.8e308") from error


def _known_zone(value: str) -> str:
    if not time_zones.is_known(value):
        raise ValueError(time_zones.UNKNOWN)
    return value


Timezone = Annotated[
    str,
    StringConstraints(max_length=time_zones.MOST_CHARACTERS, pattern=time_zones.NAME),
    AfterValidator(_known_zone),
]
Prefix = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20, pattern=r"^[A-Z0-9-]+$"),
    Scanned(scanned_text.prefix, longest=64),
    Field(description="Letters, digits and hyphens; small letters are stored as capitals.", examples=["VIP"]),
]
Url = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https://[^\s]+$", max_length=2_000), ONE_LINE]
# A whole number stays one.
Length = Annotated[int, Field(ge=0, le=100)] | Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class PaperIn(In):
    """How tickets are printed: the sheet, and the tickets on it; lengths in millimetres.

    A client's own fields are stored unchanged.
    """

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)

    size: Literal["A3", "A4", "A5", "A6", "Letter", "Legal"] = "A4"
    orientation: Literal["portrait", "landscape"] = "portrait"
    columns: Annotated[int, Field(ge=1, le=12)] = 3
    rows: Annotated[int, Field(ge=1, le=20)] = 8
    margin: Length = 10
    gap: Length = 2
    show_name: bool = True
    show_number: bool = True
    show_extra: bool = True

    @model_validator(mode="after")
    def _not_too_much(self) -> "PaperIn":
        if bytes_as_json(self.model_extra) > _PAPER_BYTES:
            raise ValueError(f"must have at most {_PAPER_BYTES} bytes of other fields")
        return self


class SettingsIn(ChangeIn):
    """The changes; an omitted field keeps its value. `logo_url` null clears it."""

    name: PublicName = ""
    logo_url: Url | None = None
    timezone: Timezone = "UTC"
    ticket_prefix: Prefix = "TIX"
    max_users: Annotated[int, Field(ge=1, le=10_000)] = 10
    paper: PaperIn = Field(default_factory=PaperIn)
    rotate_invite: bool = Field(default=False, description="Creates a new invite code and invalidates the current one.")
    invite_days: Annotated[int, Field(ge=1, le=30, description="How long a new invite code is valid.")] = 7
    invite_uses: Annotated[int, Field(ge=1, le=1_000, description="How many people may join with a new one.")] = 10


class SettingsOut(Out):
    """An organization; the invite code is shown to its admins, and null after its end or its last use."""

    id: str
    name: str
    logo_url: str | None
    timezone: str
    ticket_prefix: str
    max_users: int
    members: int
    paper: dict[str, Any]
    invite_code: str | None
    invite_expires_at: Moment | None
    invite_uses: int | None
