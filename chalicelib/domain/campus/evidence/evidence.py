"""What is known of a submission when it is judged: facts alone, without table or network."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.vocabulary.campus import AttendanceMethod, PhotoSide


@dataclass(frozen=True, slots=True)
class Position:
    """A position in WGS 84 degrees; `accuracy` is the radius of 68 % confidence in metres (W3C Geolocation)."""

    latitude: float
    longitude: float
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class EventPlace:
    """Where an event is: its centre in WGS 84 degrees and its radius in metres."""

    latitude: float
    longitude: float
    radius: float


@dataclass(frozen=True, slots=True)
class EarlierPlace:
    """Where the same person's last verified record of another event was, and when."""

    latitude: float
    longitude: float
    at: datetime


@dataclass(frozen=True, slots=True)
class PhotoEvidence:
    """A photo: whether it carries this submission's nonce, and the nearest other picture that is known.

    `same_bytes` is true where another submission had the same bytes. `nearest` is the Hamming distance of the 256-bit
    perceptual hash to the nearest picture of another submission; None where none is near, or before the check.
    `shows_other_code` is true where a code is readable in the picture that is another event's or an earlier one.
    """

    side: PhotoSide
    is_bound: bool
    same_bytes: bool = False
    nearest: int | None = None
    shows_other_code: bool = False
    is_checked: bool = False


@dataclass(frozen=True, slots=True)
class EventDemands:
    """What the event asks for."""

    photos: bool
    signature: bool
    location: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the rule looks at.

    `code_age` is the age in seconds of the code when it arrived at the server. `device_users` and `position_users`
    count the other people of the event with the same device, or at exactly the same coordinates.
    """

    method: AttendanceMethod
    demands: EventDemands
    place: EventPlace
    verified_at: datetime
    submitted_at: datetime
    late_after: datetime
    code_age: float
    position: Position | None = None
    distance: float | None = None
    is_mock: bool = False
    device_users: int = 0
    position_users: int = 0
    earlier: EarlierPlace | None = None
    photos: tuple[PhotoEvidence, ...] = ()
    has_signature: bool = False
