"""Notices to an organizer of what staff answered: a draft published or sent back, an edit request approved or rejected.

No route of the portal shows the answer to an edit request, so this is the only place where its note is read. The stream
publishes a fact for each answer, and the worker of alerts queues the message: a mail, or an SMS without an address. Its
id follows from the fact, so that it is sent once however often either comes.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from chalicelib import clock
from chalicelib.clients import messages
from chalicelib.clients.bus import Published
from chalicelib.clients.messages import Channel, Message
from chalicelib.domain.access import notices
from chalicelib.domain.background.changes import Change, every, follows, that_became
from chalicelib.domain.quotations import quote
from chalicelib.identifiers import id_of_fact
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import EditRequest, Event
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.events import DraftReview, EditRequestStatus, EventStatus
from chalicelib.vocabulary.messages import Fact

# UTF-16 units of a staff's note. An SMS has two segments at most.
_NOTE_IN_MAIL, _QUOTED_IN_SMS = 500, 30


class Answer(StrEnum):
    """What staff answered."""

    PUBLISHED = "published"
    SENT_BACK = "sent_back"
    EDIT_APPROVED = "edit_approved"
    EDIT_REJECTED = "edit_rejected"


_SAID: Mapping[Answer, str] = {
    Answer.PUBLISHED: "your event {title} is published",
    Answer.SENT_BACK: "your event {title} was sent back",
    Answer.EDIT_APPROVED: "your changes to {title} are approved",
    Answer.EDIT_REJECTED: "your changes to {title} were declined",
}
_NEXT: Mapping[Answer, str] = {
    Answer.PUBLISHED: "From now on it changes by edit request.",
    Answer.SENT_BACK: "Change the draft, and submit it again.",
    Answer.EDIT_APPROVED: "The event shows them now. Other open edit requests for it must be submitted again.",
    Answer.EDIT_REJECTED: "The event stays as it is. You may send another edit request.",
}
_NO_LONGER_THEIRS = "The event has another organizer now."
_EDITS = {EditRequestStatus.APPROVED: Answer.EDIT_APPROVED, EditRequestStatus.REJECTED: Answer.EDIT_REJECTED}


@follows(*every(Event, EditRequest))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Return a fact for each answer of staff in these changes."""
    return [*_drafts(changes), *_edits(changes)]


def _drafts(changes: Sequence[Change]) -> Iterator[Published]:
    for change in changes:
        before, after = change.before, change.after
        if not isinstance(before, Event) or not isinstance(after, Event) or before.review != DraftReview.SUBMITTED:
            continue
        if after.status == EventStatus.PUBLISHED:
            yield _fact(after.event_id, Answer.PUBLISHED, f"{after.event_id}/{after.version}", {})
        elif after.review == DraftReview.REJECTED:
            yield _fact(after.event_id, Answer.SENT_BACK, f"{after.event_id}/{after.version}", {})


def _edits(changes: Sequence[Change]) -> Iterator[Published]:
    for status, answer in _EDITS.items():
        for request in that_became(changes, EditRequest, status):
            yield _fact(request.event_id, answer, request.request_id, {"request_id": request.request_id})


def _fact(event_id: str, answer: Answer, fact_id: str, ids: dict[str, str]) -> Published:
    known = {"event_id": event_id, "answer": answer.value, **ids}
    return Published(Fact.ORGANIZER_REQUEST_ANSWERED, fact_id, clock.now(), known)


def send(detail: dict[str, Any]) -> None:
    """Queue the message about an answer to the organizer who asked, unless they are not active. Raises Unavailable."""
    event = operations.get(keys.events.event(detail["event_id"]))
    request = _request(detail)
    # Staff may have given the event to another organizer since.
    organizer_id = request.organizer_id if request is not None else event and event.organizer_id
    account = operations.get(keys.access.account(organizer_id)) if organizer_id else None
    if event is None or account is None or account.status != AccountStatus.ACTIVE:
        logger.info("no organizer to notify", extra={"event_id": detail["event_id"]})
        return
    owner, answer = notices.owner(account), Answer(detail["answer"])
    channel = Channel.EMAIL if owner.email else Channel.SMS
    address = owner.email or owner.number
    if address is None:
        logger.info("no organizer to notify", extra={"event_id": event.event_id})
        return
    messages.enqueue(
        Message(
            message_id=id_of_fact("msg", f"{Fact.ORGANIZER_REQUEST_ANSWERED}/{detail['fact_id']}/{channel}"),
            channel=channel,
            to=address,
            subject=f"[Gatehouse] {_capital(_said(answer, quote(event.title)))}" if owner.email else None,
            body=_body(event, answer, request, is_theirs=organizer_id == event.organizer_id)
            if owner.email
            else _short(event, answer),
        )
    )
    logger.info("organizer notified", extra={"event_id": event.event_id, "answer": answer})


def _request(detail: Mapping[str, Any]) -> EditRequest | None:
    if "request_id" not in detail:
        return None
    return operations.get(keys.organizers.edit_request(detail["event_id"], detail["request_id"]))


def _said(answer: Answer, title: str) -> str:
    return _SAID[answer].format(title=title)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _body(event: Event, answer: Answer, request: EditRequest | None, *, is_theirs: bool) -> str:
    note = event.review_note if request is None else request.note
    reason = f"Note of the staff: {quote(note, longest=_NOTE_IN_MAIL)}\n" if note else ""
    return (
        f"Gatehouse: {_said(answer, quote(event.title))}.\n{reason}{_NEXT[answer] if is_theirs else _NO_LONGER_THEIRS}"
    )


def _short(event: Event, answer: Answer) -> str:
    return f"Gatehouse: {_said(answer, quote(event.title, longest=_QUOTED_IN_SMS))}. See the organizer portal."
