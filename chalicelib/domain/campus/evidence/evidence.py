"""What is known of a submission when it is judged: facts alone, without table or network."""

from datetime import datetime

from msgspec import Struct

from chalicelib.vocabulary.campus import AttendanceMethod, PhotoSide


class EventPlace(Struct, frozen=True):
    """Where an event is: its centre in WGS 84 degrees and its radius in metres."""

    latitude: float
    longitude: float
    radius: float


class EarlierPlace(Struct, frozen=True):
    """Where the same person's last verified record of another event was, and when."""

    latitude: float
    longitude: float
    at: datetime


class PhotoEvidence(Struct, frozen=True):
    """A photo of one side: whether it was uploaded for this submission's nonce, and what its check found.

    `same_bytes` is true where an earlier photo has the same bytes. `nearest` is the Hamming distance of the picture
    hash to the nearest picture that was sent before. `shows_other_code` is true where a code of another event or of
    an earlier epoch is readable in the picture; `shown_code_age` is the age in seconds, at the upload, of a readable
    code of this event. `is_screenshot` is true where the picture was drawn by a computer, not taken by a camera.
    """

    side: PhotoSide
    is_bound: bool
    is_checked: bool = False
    same_bytes: bool = False
    nearest: int | None = None
    shows_other_code: bool = False
    shown_code_age: float | None = None
    is_screenshot: bool = False


class EventDemands(Struct, frozen=True):
    """What the event asks for."""

    photos: bool
    signature: bool
    location: bool


class Evidence(Struct, frozen=True):
    """Everything that the rule looks at.

    `code_age` is the age in seconds of the code when it arrived at the server. `distance` and `accuracy` are metres:
    from the centre of the event (`distances.metres`), and as the phone stated it; None without a position.
    `device_users` counts the other people of the event with the same device, `position_users` those at exactly the
    same coordinates. `device_pause` is the time in seconds since the last submission of another person with the same
    device. `late_after` is None where nobody is late.
    """

    method: AttendanceMethod
    demands: EventDemands
    place: EventPlace
    submitted_at: datetime
    late_after: datetime | None
    code_age: float
    distance: float | None = None
    accuracy: float | None = None
    is_mock: bool = False
    device_users: int = 0
    position_users: int = 0
    device_pause: float | None = None
    earlier: EarlierPlace | None = None
    photos: tuple[PhotoEvidence, ...] = ()
    has_signature: bool = False
