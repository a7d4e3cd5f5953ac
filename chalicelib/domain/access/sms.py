"""SMS cost money: how many are sent in an hour, to each country and in all, and to which numbers (D-SEC-54).

The caps are split, so that no stranger can use up the owners' part: codes that anybody can ask for, codes of owners,
and notices. Codes are counted where they are asked for, and refused in words. Each SMS is counted again where it is
sent. There a notice over its part that names an address becomes a mail. Else it waits a quarter of an hour, for at most
a day or until the moment that it names. All counters of an hour are one item.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum

from botocore.exceptions import ClientError
from msgspec import Struct
from msgspec.structs import replace
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chalicelib import clock, phone_numbers
from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.config import config
from chalicelib.domain.access import throttle
from chalicelib.errors import RateLimited
from chalicelib.observability import count, logger
from chalicelib.table import counters, keys, operations
from chalicelib.table.items import Throttle
from chalicelib.table.places import Place
from chalicelib.vocabulary.access import OtpPurpose

_HOUR_SECONDS = 3600
# Amazon SQS holds a message back for 15 minutes at most.
_WAIT_SECONDS = 900
_WAITS_AT_MOST = timedelta(days=1)
# The codes that need nothing but a number.
_FOR_ANYBODY = (OtpPurpose.REGISTER, OtpPurpose.RESET, OtpPurpose.ORGANIZER_RESET)
# What SNS says of a number that is none, or whose owner wants no SMS (AWS: "Publish", "OptedOutException").
_REFUSALS = ("InvalidParameter", "InvalidParameterValue", "OptedOut")
# Lines that alarms count.
CAPPED, DROPPED = "sms capped", "sms dropped"


class Part(StrEnum):
    """A part of the caps."""

    ANYBODY = "anybody"
    OWNERS = "owners"
    NOTICES = "notices"
    SENT = "sent"


# In percent. What is sent includes the other three.
PERCENT: Mapping[Part, int] = {Part.ANYBODY: 40, Part.OWNERS: 40, Part.NOTICES: 20, Part.SENT: 100}


class CountedSms(Struct, frozen=True):
    """A counted SMS, with the counters of its hour."""

    place: Place[Throttle]
    counters: Sequence[str]

    def undo(self) -> None:
        """Undo the count of an SMS that is not sent."""
        fewer = [Path(name).add(-1) for name in self.counters]
        # A transaction, since its token prevents an SDK retry from subtracting twice.
        with suppress(operations.ConditionFailed):  # the limits were cleared
            operations.commit(operations.change(self.place, fewer, Throttle.pk.exists()))


def take_code(purpose: OtpPurpose, country: str | None) -> CountedSms:
    """Count a code that is asked for, for the country of its number. Raises RateLimited over a cap."""
    return _take((Part.ANYBODY if purpose in _FOR_ANYBODY else Part.OWNERS,), country)


def admit(message: Message) -> Message | None:
    """Count an SMS and return what to send now: the SMS, a mail in its place, or nothing.

    A notice over a cap is queued again. A code over a cap is dropped, since it would come too late. So is an SMS to a
    number that gets none. Raises Unavailable.
    """
    parts = (Part.SENT,) if message.is_code else (Part.SENT, Part.NOTICES)
    try:
        phone_numbers.mobile(message.to)
        _take(parts, phone_numbers.country(message.to))
    except phone_numbers.NumberRefused as refused:
        # Such as a customer of a country that is no longer served.
        return in_place_of(message, because=refused.code or "number")
    except RateLimited:
        if message.or_mail_to is not None:
            return _as_mail(message, message.or_mail_to)
        _put_off(message)
        return None
    return message


def is_refused_for_good(error: ClientError) -> bool:
    """Whether SNS refuses an SMS for its number, and will when it comes again."""
    return error.response.get("Error", {}).get("Code") in _REFUSALS


def in_place_of(message: Message, *, because: str) -> Message | None:
    """Return the mail in place of an SMS to a number that gets none; without one the SMS is dropped."""
    if message.or_mail_to is not None:
        return _as_mail(message, message.or_mail_to)
    _drop(message, because=because)
    return None


def _as_mail(message: Message, address: str) -> Message:
    return replace(message, channel=Channel.EMAIL, to=address)


def _take(parts: tuple[Part, ...], country: str | None) -> CountedSms:
    """Count one SMS in these parts of the hour, for its country and in all, or in none. Raises RateLimited."""
    country = country or "none"
    # No secret is in the key, so that the sender needs no access to the master secret.
    hour, elapsed = divmod(int(clock.now().timestamp()), _HOUR_SECONDS)
    place, left = keys.access.throttle("sms", "all", hour), _HOUR_SECONDS - elapsed
    allowed = {name: most for part in parts for name, most in _caps(part, country).items()}
    actions: list[Action] = [
        *(Path(name).add(1) for name in allowed),
        Throttle.kind.set(Throttle),
        Throttle.ttl.set((hour + 2) * _HOUR_SECONDS),
    ]
    fits: Condition = Throttle.pk.exists() | Throttle.pk.does_not_exist()
    for name, most in allowed.items():
        # Without a counter there is room for one, unless the part is smaller than that.
        fits &= Path(name).does_not_exist() | (Path(name) < most) if most else Path(name) < 0
    try:
        counters.count(place, Throttle.counted_by, actions, fits)
    except operations.ConditionFailed as failure:
        found = failure.failures[0] or {}
        full = [name for name, most in allowed.items() if int(found.get(name, {}).get("N", 0)) >= most]
        is_country = all(name.endswith(f"_{country}") for name in full)
        logger.warning(CAPPED, extra={"part": parts[-1], "country": country if is_country else "all"})
        raise throttle.refusal("SMS to numbers of this country" if is_country else "SMS", left) from failure
    return CountedSms(place, [*allowed])


def _caps(part: Part, country: str) -> dict[str, int]:
    """Return the names of a part's counters, and what each may count in an hour."""
    settings, times = config(), config().limits.times
    in_all, to_country = settings.sms_in_all * times, settings.sms_per_country * times
    return {part: in_all * PERCENT[part] // 100, f"{part}_{country}": to_country * PERCENT[part] // 100}


def _put_off(message: Message) -> None:
    """Queue a notice again; drop a code, and a notice that has waited as long as it may."""
    now = clock.now()
    since = message.waits_since or clock.to_text(now)
    until = message.waits_until
    ends_at = datetime.fromisoformat(until) if until else datetime.fromisoformat(since) + _WAITS_AT_MOST
    if message.is_code or ends_at <= now:
        _drop(message, because="capped")
        return
    messages.enqueue(replace(message, waits_since=since), delay_seconds=_WAIT_SECONDS)
    logger.info("sms waits", extra={"sms_id": message.message_id})


def _drop(message: Message, *, because: str) -> None:
    logger.error(DROPPED, extra={"sms_id": message.message_id, "is_code": message.is_code, "because": because})
    count("SmsDropped", {because: 1}, by="reason")
