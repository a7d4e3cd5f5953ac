"""Notices of one customer: the receiver, the channels, the files.

A mail with tickets is sent at once by the worker that made it, so that codes never wait behind it and no ticket waits
in a queue. Everything else waits in the messages queue. Both leave by `deliveries`, which sends each id once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import clock
from chalicelib.clients import messages
from chalicelib.clients.messages import Attachment, Channel, Message
from chalicelib.domain.access import deliveries
from chalicelib.domain.customer_notices import wording
from chalicelib.domain.customer_notices.wording import Kind, Subject
from chalicelib.domain.customers import contacts
from chalicelib.domain.customers.contacts import Contact
from chalicelib.identifiers import id_of_fact
from chalicelib.observability import logger
from chalicelib.table.items import Event
from chalicelib.vocabulary.customers import Language

# An SMS over its cap waits for room: money and tickets are never old news within a week.
_WAITS_FOR = timedelta(days=7)
Attach = Callable[[Language], Sequence[Attachment]]


class Notice(Struct, frozen=True):
    """One notice; `fact_id` and the channel make the id of its message."""

    kind: Kind
    fact_id: str
    subject: Subject
    waits_until: datetime | None = None
    # Instead of `fact_id` for SMS, where fewer are sent than mails.
    sms_fact_id: str | None = None


def subject_of(event: Event) -> Subject:
    """Return what a text may say about an event."""
    return Subject(
        title=event.title,
        starts_at=event.starts_at,
        zone=event.timezone,
        venue=event.venue.name if event.venue is not None else None,
    )


def message_id(kind: Kind, fact_id: str, channel: Channel) -> str:
    """Return the id of the message about a fact on a channel: the same each time the fact comes."""
    return id_of_fact("msg", f"{kind}/{fact_id}/{channel}")


def send(notice: Notice, customer_id: str, attach: Attach | None = None) -> None:
    """Notify one customer; `attach` makes the files of a mail. Raises Unavailable, ClientError if SES refuses it."""
    contact = contacts.find_many([customer_id]).get(customer_id)
    if contact is None:
        logger.info("no account to notify", extra={"customer_id": customer_id, "notice": notice.kind})
        return
    made = _messages(notice, contact)
    for message in made:
        if message.channel is not Channel.EMAIL or attach is None:
            messages.enqueue(message)
    for message in made:
        if message.channel is Channel.EMAIL and attach is not None:
            deliveries.deliver(replace(message, attachments=tuple(attach(contact.language))))
    _log(notice, contact)


def queue(notice: Notice, contact: Contact, files: Sequence[Attachment]) -> None:
    """Queue the messages of one customer, a mail with these small files. Raises Unavailable."""
    for message in _messages(notice, contact):
        is_mail = message.channel is Channel.EMAIL
        messages.enqueue(replace(message, attachments=tuple(files)) if is_mail else message)
    _log(notice, contact)


def _log(notice: Notice, contact: Contact) -> None:
    ids = {"customer_id": contact.customer_id, "notice": notice.kind}
    logger.info("customer notified", extra={**ids, "ways": [channel for channel, _ in contact.ways]})


def _messages(notice: Notice, contact: Contact) -> list[Message]:
    until = clock.to_text(notice.waits_until or clock.now() + _WAITS_FOR)
    mail = wording.mail(notice.kind, contact.language, notice.subject)
    made = []
    for channel, address in contact.ways:
        is_sms = channel is Channel.SMS
        fact_id = (notice.sms_fact_id if is_sms else None) or notice.fact_id
        made.append(
            Message(
                message_id=message_id(notice.kind, fact_id, channel),
                channel=channel,
                to=address,
                subject=mail.subject,
                body=wording.sms(notice.kind, contact.language, notice.subject) if is_sms else mail.body,
                waits_until=until,
                # With both channels the mail is sent already.
                or_mail_to=contact.may_mail_to if is_sms and len(contact.ways) == 1 else None,
            )
        )
    return made
