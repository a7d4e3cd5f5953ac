"""A lecture with its students: verify the code, check the position, submit, over HTTP as their client does."""

from dataclasses import dataclass, field
from typing import Any

from chalicelib import clock
from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceDraft, AttendanceRecord, Campus, CampusEvent, QrScan
from chalicelib.vocabulary.campus import CampusRole
from tests.support.campus import LATITUDE, LONGITUDE, make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call

ATTENDANCE = "/api/campus/attendance"
# Eleven metres from the centre.
NEARBY: dict[str, Any] = {"latitude": LATITUDE + 0.0001, "longitude": LONGITUDE, "accuracy": 8}
_BOUNDARY = "between-the-parts"


@dataclass
class Attendee:
    """A student with the token of one log-in, at one event."""

    event: CampusEvent
    account: Account
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = token_of(self.account)

    @property
    def attendance_id(self) -> str:
        return attendance_ids.attendance_id(self.event.event_id, self.account.account_id)

    @property
    def submission_id(self) -> str:
        return attendance_ids.submission_id(self.event.event_id, self.account.account_id)

    @property
    def record(self) -> AttendanceRecord | None:
        return operations.get(keys.attendance.record(self.attendance_id))

    @property
    def draft(self) -> AttendanceDraft | None:
        return operations.get(keys.attendance.draft(self.attendance_id))

    @property
    def scans(self) -> list[QrScan]:
        """The log of this student's readings, oldest first."""
        raws = operations.query(keys.attendance.qr_scan(self.account.account_id).pk, consistent=True)
        return [QrScan.from_raw_data(raw) for raw in raws]

    def post(self, route: str, body: Any, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return call("POST", f"{ATTENDANCE}/{route}/", body, token=self.token, headers=named)

    def verify(self, token: str | None = None, **more: Any) -> Answer:
        """Send the present code, or another one."""
        return self.post("verify-qr", {"qr_token": token or self.code(), **more})

    def code(self) -> str:
        return rotating_codes.token(self.event, clock.now())

    def submit(self, **more: Any) -> Answer:
        """Submit from nearby, with the code verified before."""
        return self.post("submit", {"event_id": self.event.event_id, **NEARBY, **more})

    def send_form(self, route: str, texts: dict[str, str], files: dict[str, bytes] | None = None) -> Answer:
        """Send a form as axios does."""
        parts = [f'Content-Disposition: form-data; name="{n}"\r\n\r\n{value}'.encode() for n, value in texts.items()]
        parts += [
            f'Content-Disposition: form-data; name="{n}"; filename="{n}.jpg"\r\n'.encode()
            + b"Content-Type: image/jpeg\r\n\r\n"
            + content
            for n, content in (files or {}).items()
        ]
        raw = b"".join(f"--{_BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts)
        return call(
            "POST",
            f"{ATTENDANCE}/{route}/",
            token=self.token,
            headers={"content-type": f"multipart/form-data; boundary={_BOUNDARY}"},
            raw=raw + f"--{_BOUNDARY}--\r\n".encode(),
        )


@dataclass
class Lecture:
    """A campus, an event that is open now, and its organizer."""

    campus: Campus = field(default_factory=make_campus)
    organizer: Account = field(init=False)
    event: CampusEvent = field(init=False)

    def __post_init__(self) -> None:
        self.organizer = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
        self.event = self.another()

    def another(self, **changes: Any) -> CampusEvent:
        """Make an event of the same organizer; `changes` are attributes of CampusEvent."""
        return make_campus_event(self.campus, self.organizer, **changes)

    def student(self, event: CampusEvent | None = None, *, account: Account | None = None) -> Attendee:
        """Return a student in a fresh log-in, a new one unless an account is given."""
        return Attendee(event or self.event, account or make_campus_user(self.campus))
