"""Parts of profiles, shared by several portals."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationInfo

from chalicelib import mail_addresses, scanned_text
from chalicelib.schemas.texts import ONE_LINE, Name
from chalicelib.schemas.wire import In, Moment, Out, Scanned


def _reachable(value: str) -> str:
    if not mail_addresses.is_reachable(value):
        raise ValueError("must be an email address that mail can be sent to, such as name@example.com")
    return value


# RFC 5321 bounds a path at 256 with its brackets.
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$"),
    ONE_LINE,
    AfterValidator(_reachable),
]
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
# S3 accepts no larger upload with the form that is returned.
_PICTURE_BYTES = 5 * 1024 * 1024
PictureType = Literal["image/jpeg", "image/png", "image/webp"]
PictureSize = Annotated[int, Field(ge=1, le=_PICTURE_BYTES)]
UploadKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _iban(value: str) -> str:
    """Return an IBAN if its check digits are right (ISO 13616: modulo 97 is 1)."""
    if not _IBAN.fullmatch(value) or int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 != 1:
        raise ValueError("must be an IBAN with right check digits, such as PK36SCBL0000001123456702")
    return value


Iban = Annotated[str, AfterValidator(_iban), Scanned(scanned_text.iban, longest=128)]


def _object(value: Any, info: ValidationInfo) -> Any:
    """Return the object that a form writes as JSON: its fields are texts. In a JSON body a text is no object."""
    if info.mode == "json" or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


# Marks an object in a body that may also be sent as a form.
WRITTEN_AS_JSON = BeforeValidator(_object)


class BankAccountIn(In):
    """A bank account: an IBAN (ISO 13616) and its holder."""

    title: Name
    iban: Iban


class BankAccountOut(Out):
    """A bank account; the IBAN is masked."""

    title: str
    iban: str


class UploadOut(Out):
    """A form that uploads a picture: `fields` first, then `file`. Send `key` afterwards to use the picture."""

    url: str
    fields: dict[str, str]
    key: str = Field(description="The name of the upload, which is also one of `fields`.")
    expires_at: Moment
