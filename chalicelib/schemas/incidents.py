"""Bodies of incidents, as ushers report and staff answer them, and of conflicts."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.texts import LINES
from chalicelib.schemas.usher.scans import CardName
from chalicelib.schemas.wire import Id, In, Moment, Out
from chalicelib.vocabulary.gate import ConflictResolution, IncidentStatus, IncidentType

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), LINES]


class IncidentIn(In):
    """What happened, and perhaps with which card or ticket. A form may have the picture itself in `photo`."""

    type: IncidentType
    note: Note
    card_id: CardName | None = None
    ticket_id: Id | None = None
    photo: None = Field(default=None, description="Null in JSON: send the picture as a part of multipart/form-data.")


class IncidentAnswerIn(In):
    """The next state of an incident, and a note."""

    status: IncidentStatus
    note: Note


class IncidentOut(Out):
    """An incident."""

    id: str
    event_id: str
    type: IncidentType
    status: IncidentStatus
    note: str
    card_uid: str | None
    ticket_id: str | None
    photo_url: str | None = Field(description="The picture that was reported, valid for an hour.")
    reported_by: str
    created_at: Moment
    answer: str | None
    answered_by: str | None
    answered_at: Moment | None


class ConflictIn(In):
    """How a conflict is closed, and why."""

    resolution: ConflictResolution
    note: Note


class ConflictOut(Out):
    """A closed conflict of the check-in log."""

    log_id: str
    event_id: str
    conflict: str
    resolution: ConflictResolution
