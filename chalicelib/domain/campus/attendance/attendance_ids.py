"""The id of one person at one event, the same for the submission and for the record (D-CAMPUS-01).

It follows from the two ids, so the key itself makes a second record impossible, and needs no lookup.
"""

from chalicelib.identifiers import id_of_fact


def attendance_id(event_id: str, user_id: str) -> str:
    """Return the id of a person's record at an event."""
    return id_of_fact("att", f"{event_id}/{user_id}")


def submission_id(event_id: str, user_id: str) -> str:
    """Return the id of a person's submission at an event."""
    return id_of_fact("sub", f"{event_id}/{user_id}")


def attendance_of(submission: str) -> str:
    """Return the attendance id of a submission's id."""
    return f"att{submission.removeprefix('sub')}"
