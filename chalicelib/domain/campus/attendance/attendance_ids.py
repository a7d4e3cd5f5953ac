"""The id of one person at one event, the same for the submission and for the record (D-CAMPUS-01).

It follows from the two ids, so the key itself makes a second record impossible, and needs no lookup.
"""

from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.identifiers import id_of_fact

NO_SUBMISSION = "There is no such submission of yours. Scan the code of the event first."


def attendance_id(event_id: str, user_id: str) -> str:
    """Return the id of a person's record at an event."""
    return id_of_fact("att", f"{event_id}/{user_id}")


def submission_id(event_id: str, user_id: str) -> str:
    """Return the id of a person's submission at an event."""
    return id_of_fact("sub", f"{event_id}/{user_id}")


def attendance_of(submission: str) -> str:
    """Return the attendance id of a submission's id."""
    return f"att{submission.removeprefix('sub')}"


def of_submission(submission: str) -> str:
    """Return the attendance id of a submission's id. Raises NotFound for a text that is no such id."""
    if not submission.startswith("sub_"):
        raise NotFound(NO_SUBMISSION)
    return attendance_of(submission)


def asked_for(event_id: str | None, submission: str | None, user_id: str) -> str:
    """Return the attendance id of what a person names: an event, a submission, or both.

    Raises ValidationFailed where nothing is named, NotFound where the submission is not the person's at the event.
    """
    if event_id is None and submission is None:
        raise ValidationFailed(details=[{"field": "event_id", "message": "is required, or `submission_id`"}])
    if event_id is None:
        return of_submission(submission or "")
    if submission not in (None, submission_id(event_id, user_id)):
        raise NotFound(NO_SUBMISSION)
    return attendance_id(event_id, user_id)
