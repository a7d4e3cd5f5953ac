"""The one way out of the platform's messages, mail and SMS: each `message_id` is sent once (D-NOTE-01).

A worker claims the id before it calls SES or SNS, and marks it as sent after their answer. A copy of a message that is
sent is dropped, and a copy of one in progress is tried later. A worker that dies between the claim and the mark leaves
a claim that ends by itself. Then the message is sent again: a code or a notice may arrive twice, and is never lost.

What can never arrive is dropped with a line in the log, so that it comes back neither from its queue nor from the dead
letters: a mail to an address that no mail reaches, and an SMS that SNS refuses for its number (D-MONEY-07).
"""

import secrets
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import clock, mail_addresses
from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.domain.access import sms
from chalicelib.errors import Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import SentMessage

# Exceeds the time-out of a worker that sends, 30 s, and ends before its queue delivers again, after 180 s.
CLAIMED_FOR = timedelta(minutes=1)
# Exceeds the days that a queue (4) and its dead letters (14) keep a copy.
_REMEMBERED_FOR = timedelta(days=30)
# A metric counts these lines: how long a code waited, and whether SES or SNS has it.
CODE = "code handed over"


def deliver(message: Message, *, queued_at: datetime | None = None) -> None:
    """Send a message, unless its id was sent already; an SMS only within the caps of `sms`.

    `queued_at` is when its queue got it: a code is late after half a minute. Raises Unavailable where another worker
    sends it now, and botocore's ClientError if the service refuses it.
    """
    if message.decoy:
        return
    until = clock.now() + CLAIMED_FOR
    if not _claim(message.message_id, until=until):
        return
    try:
        admitted = _admitted(message)
        if admitted is not None:
            admitted = _sent(admitted)
    except (BotoCoreError, ClientError, Unavailable):
        _end(message.message_id, until=until, sent_at=None)
        _note_code(message, queued_at, sent=False)
        raise
    _end(message.message_id, until=until, sent_at=None if admitted is None else clock.now())
    _note_code(message, queued_at, sent=admitted is not None)


def _admitted(message: Message) -> Message | None:
    """Return what to send of a message now, or nothing."""
    admitted = sms.admit(message) if message.channel is Channel.SMS else message
    if admitted is None or admitted.channel is Channel.SMS or mail_addresses.is_reachable(admitted.to):
        return admitted
    # Stored by an earlier release, which took addresses that no mail reaches.
    logger.warning("mail dropped", extra={"sent_id": message.message_id, "reason": "address"})
    return None


def _sent(message: Message) -> Message | None:
    """Send a message and return it; of an SMS that SNS refuses for its number the mail in its place, or nothing."""
    try:
        messages.send(message)
    except ClientError as error:
        if message.channel is not Channel.SMS or not sms.is_refused_for_good(error):
            raise
        instead = sms.in_place_of(message, because="refused")
        return _sent(instead) if instead is not None and _admitted(instead) is not None else None
    return message


def _note_code(message: Message, queued_at: datetime | None, *, sent: bool) -> None:
    """Log a try to send a code; its customer waits for it."""
    if message.is_code and queued_at is not None:
        waited = round((clock.now() - queued_at).total_seconds(), 1)
        logger.info(CODE, extra={"sent_id": message.message_id, "sent": sent, "waited_seconds": waited})


def _claim(message_id: str, *, until: datetime) -> bool:
    """Reserve an id for this worker; False where it was sent. Raises Unavailable where it is another worker's."""
    is_free = SentMessage.claimed_until.does_not_exist() | (SentMessage.claimed_until <= until - CLAIMED_FOR)
    mine = secrets.token_hex(8)
    actions = [
        SentMessage.kind.set(SentMessage),
        SentMessage.claimed_until.set(until),
        SentMessage.claim_id.set(mine),
        SentMessage.ttl.set(int((until + _REMEMBERED_FOR).timestamp())),
    ]
    place = keys.access.sent_message(message_id)
    try:
        operations.record(operations.change(place, actions, SentMessage.sent_at.does_not_exist() & is_free))
    except operations.ConditionFailed as failure:
        found = failure.found(SentMessage)
        if found is not None and found.sent_at is not None:
            logger.info("message was sent before", extra={"sent_id": message_id})
            return False
        if found is not None and found.claim_id == mine:
            return True  # our own first try, whose answer was lost
        raise Unavailable("Another worker sends this message now.", retry_after=1) from failure
    return True


def _end(message_id: str, *, until: datetime, sent_at: datetime | None) -> None:
    """End a claim and store when the message was sent; without `sent_at` it can be sent at once when it comes again.

    What SES or SNS has accepted must not come again, so a failure to store it is logged and not raised.
    """
    actions = [SentMessage.claimed_until.remove(), SentMessage.sent_at.set(sent_at)]
    # A claim that ended by itself may be another worker's by now.
    is_own = SentMessage.claimed_until == until
    try:
        operations.record(operations.change(keys.access.sent_message(message_id), actions, is_own))
    except (operations.ConditionFailed, Unavailable):
        logger.warning("claim of a message was not ended", extra={"sent_id": message_id})
