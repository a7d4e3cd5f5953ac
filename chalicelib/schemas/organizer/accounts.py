"""Bodies of the organizers' portal: log-in, forgotten password, profile."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.log_ins import ChallengeId
from chalicelib.schemas.platform_names import PublicName
from chalicelib.schemas.profiles import (
    WRITTEN_AS_JSON,
    BankAccountIn,
    BankAccountOut,
    Email,
    PictureSize,
    PictureType,
    UploadKey,
    UploadOut,
)
from chalicelib.schemas.texts import ONE_LINE
from chalicelib.schemas.wire import ChangeIn, In, NewPassword, Out, Phone, ResetCode, TokensOut
from chalicelib.vocabulary.access import AccountStatus

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), ONE_LINE]
_TaxNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), ONE_LINE]


class ForgotPasswordIn(In):
    """The number of the account with the forgotten password."""

    contact_mobile: Phone


class ResetPasswordIn(In):
    """The code that was sent to the number, and the new password.

    With the `challenge_id` of the request for the code, nobody's wrong codes by number refuse it.
    """

    challenge_id: ChallengeId | None = None
    contact_mobile: Phone
    otp: ResetCode
    new_password: NewPassword


class ImageIn(In):
    """The image to upload: its type, and its size in bytes."""

    content_type: PictureType
    size: PictureSize | None = None


class ProfileIn(ChangeIn):
    """The changes: null clears a field, an omitted one keeps its value. A form clears nothing.

    `image` requests `image_upload`, a form that uploads the image; its `key`, sent as `image_key`, then makes
    the upload the organizer's image. Sent as multipart/form-data, `image` is the picture itself and `bank_account` is
    written as JSON.
    """

    name: Annotated[PublicName, Field(description="Cannot be cleared.")] = ""
    email: Email | None = None
    company_name: _Text | None = None
    address: _Text | None = None
    tax_number: _TaxNumber | None = None
    bank_account: Annotated[BankAccountIn | None, WRITTEN_AS_JSON] = None
    image: ImageIn | None = None
    image_key: UploadKey | None = None


class OrganizerProfileOut(Out):
    """An organizer as they see themselves."""

    id: str
    name: str
    contact_mobile: str
    email: str
    company_name: str | None
    address: str | None
    tax_number: str | None
    bank_account: BankAccountOut | None
    image_url: str | None
    status: AccountStatus


class ChangedProfileOut(OrganizerProfileOut):
    """An organizer after the change; `image_upload` is set if it was requested."""

    image_upload: UploadOut | None


class OrganizerLoggedInOut(TokensOut):
    """The first tokens of a session, and its owner."""

    organizer: OrganizerProfileOut
