"""Bodies of campus attendance: codes, positions, submissions, feedback."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from chalicelib import scanned_text
from chalicelib.schemas import messages
from chalicelib.schemas.wire import BareErrorOut, Id, In, Moment, Out, Scanned
from chalicelib.vocabulary.campus import AttendanceStatus, EvidenceFactor, EvidenceFlag, VerificationStatus

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="WGS 84 degrees.")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="WGS 84 degrees.")]
# No phone states more than the circumference of the earth.
Accuracy = Annotated[
    float,
    Field(ge=0, le=40_100_000, allow_inf_nan=False, description="The accuracy in metres, as the phone states it."),
]
DeviceKey = Annotated[
    str,
    StringConstraints(min_length=8, max_length=128),
    Field(description="A random key that the client makes once and keeps. Stored as a keyed hash only."),
]


def _token(text: str) -> str:
    """Return a token without what scanners and clipboards add around it."""
    return scanned_text.visible(text).strip()


class PlaceIn(In):
    """A position that may be left out, but not by half."""

    latitude: Latitude | None = None
    longitude: Longitude | None = None
    accuracy: Accuracy | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            missing, sent = ("latitude", "longitude") if self.latitude is None else ("longitude", "latitude")
            raise messages.of_field(missing, f"is needed with `{sent}`: send both coordinates or neither")
        return self


class VerifyCodeIn(PlaceIn):
    """The token of the QR code, or the eight digits with their event."""

    qr_token: Annotated[str, StringConstraints(max_length=2048), AfterValidator(_token)] | None = None
    code: Annotated[str, Scanned(scanned_text.one_time_code, longest=64)] | None = Field(
        default=None, description="The eight digits beside the QR code."
    )
    event_id: Id | None = None
    device_key: DeviceKey | None = None


class VerifiedEventOut(Out):
    """The event of a verified code."""

    id: str
    title: str
    location: str
    start_time: Moment
    end_time: Moment
    latitude: float
    longitude: float
    location_radius: int = Field(description="In metres.")


class StudentOut(Out):
    """A student, as forms show them; `student_id` is the student number."""

    student_id: str | None
    full_name: str
    email: str
    department: str
    year_level: str | None
    profile_photo_url: str | None


class VerifiedCodeOut(Out):
    """A verified code; it is good for ten minutes, for this student."""

    event: VerifiedEventOut
    student: StudentOut
    next_step: Literal["location_verification"] = "location_verification"
    submission_id: str


class LocationIn(In):
    """A position, for a submission or an event."""

    submission_id: Id | None = None
    event_id: Id | None = None
    latitude: Latitude
    longitude: Longitude
    accuracy: Accuracy | None = None


class LocationOut(Out):
    """Whether a position is at the event."""

    location_verified: bool
    distance_m: float = Field(description="The geodesic distance from the centre of the event.")
    radius_m: int


class SubmitIn(PlaceIn):
    """A submission; the event is named by its id, or by the id of the submission."""

    event: Id | None = None
    event_id: Id | None = None
    submission_id: Id | None = None
    selfie_image: Annotated[str, StringConstraints(max_length=1_000_000)] | None = Field(
        default=None, description="The front photo as a data URL; in a form, the file itself."
    )
    signature: Annotated[str, StringConstraints(max_length=1_000_000)] | None = Field(
        default=None, description="A PNG as a data URL, or the path of an SVG."
    )
    is_mock: bool = Field(default=False, description="Whether the phone says that a tool set its position.")
    device_key: DeviceKey | None = None

    @model_validator(mode="after")
    def _names_one_event(self) -> Self:
        if None not in (self.event, self.event_id) and self.event != self.event_id:
            raise messages.of_field("event", "names another event than `event_id`: send one of them")
        return self

    @property
    def named_event(self) -> str | None:
        """The event by either of its names."""
        return self.event_id or self.event


class FlagOut(Out):
    """Something that staff look at; it refuses nothing and changes no status."""

    flag: EvidenceFlag
    evidence: dict[str, int]
    message: str


class SubmittedOut(Out):
    """A submission that was taken."""

    message: Literal["Attendance submitted successfully"] = "Attendance submitted successfully"
    attendance_id: str
    verification_status: VerificationStatus
    next_steps: list[str]
    status: AttendanceStatus
    location_verified: bool | None
    flags: list[FlagOut]


class ErrorOut(BareErrorOut):
    """The envelope of every refusal to campus; that of a submission also says which record or time is in its way."""

    message: str = Field(description="The same text as `error`.")
    duplicate: Annotated[
        bool | None,
        Field(exclude_if=lambda said: said is None, description="Whether the person submitted before."),
    ]
    attendance_id: Annotated[
        str | None,
        Field(exclude_if=lambda said: said is None, description="The id of the record that the person has."),
    ]
    timing: Annotated[
        str | None,
        Field(exclude_if=lambda said: said is None, description="When attendance opens or closed, for people."),
    ]


class FeedbackIn(In):
    """The record or the submission that is asked about."""

    attendance_id: Id | None = None
    submission_id: Id | None = None


class FactorOut(Out):
    """A part of the evidence; `passed` is null where it is not asked for or not checked yet."""

    factor: EvidenceFactor
    passed: bool | None
    message: str


class FeedbackOut(Out):
    """What is known of a submission, factor by factor."""

    factors: list[FactorOut]
    overall: VerificationStatus
