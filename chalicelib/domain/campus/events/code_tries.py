"""The tries of eight-digit codes: five for each person and event in any ten minutes; a right one costs no try.

The tries count for the person and the event, so that nobody uses up those of a neighbour.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.domain.access import throttle
from chalicelib.domain.access.throttle import Limit
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.domain.campus.events.rotating_codes import CodeVerdict
from chalicelib.errors import RateLimited
from chalicelib.table.items import CampusEvent, Throttle
from chalicelib.table.places import Key
from chalicelib.vocabulary.campus import CodeRefusal

TRIES, WINDOW = 5, timedelta(minutes=10)


def limit(event_id: str, user_id: str) -> Limit:
    """Return the limit of a person's tries at an event; its `place` may be read together with other items."""
    return Limit("campus code", f"{event_id} {user_id}", TRIES, WINDOW, tried="wrong codes")


def check(
    given: str, event: CampusEvent, at: datetime, *, user_id: str, read: Mapping[Key, Throttle] | None = None
) -> CodeVerdict:
    """Return whether eight digits are accepted, and count a wrong try. `read` is the limit's item, if it was read.

    A try beyond the limit is refused as `too_many_tries`, right or wrong.
    """
    try:
        # Counted before the comparison, so that simultaneous tries share the limit.
        (counted,) = throttle.slide(limit(event.event_id, user_id), read=read, until_decided=True)
    except RateLimited:
        return CodeVerdict(CodeRefusal.TOO_MANY_TRIES)
    verdict = rotating_codes.check_code(given, event, at)
    if verdict.is_accepted:
        throttle.give_back(counted)
    else:
        throttle.keep(counted)
    return verdict
