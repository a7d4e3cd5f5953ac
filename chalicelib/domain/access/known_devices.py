"""The devices that an account has logged in from, and the notice of a log-in from another one (D-SEC-40).

An account remembers short marks of family and network (`Visitor.mark`), no user agents and no addresses. They are read
with the account, so that a log-in from a known device costs nothing.
"""

from collections.abc import Sequence

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import notices
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.access.visitors import Visitor
from chalicelib.errors import Unavailable
from chalicelib.observability import logger
from chalicelib.table.items import Account

# An account with more of them forgets them all, and its owner hears of each again.
KEPT = 20


def is_known(account: Account, visitor: Visitor) -> bool:
    """Whether this account has logged in from this device and network before."""
    return visitor.mark in (account.known_devices or ())


def remembering(account: Account, visitor: Visitor | None) -> Sequence[Action]:
    """Return the change of the account that remembers a device; none for a known one, and for no request."""
    if visitor is None or is_known(account, visitor):
        return ()
    if len(account.known_devices or ()) >= KEPT:
        return (Account.known_devices.set({visitor.mark}),)
    return (Account.known_devices.add({visitor.mark}),)


def notify(account: Account, visitor: Visitor | None) -> None:
    """Send the owner the notice of a log-in from a new device, after the log-in; none of the account's first device.

    `account` is as it was read before the log-in.
    """
    if visitor is None or not account.known_devices or is_known(account, visitor):
        return
    try:
        owner = notices.owner(account)
    except Unavailable:
        logger.warning("notice not sent", extra={"account_id": account.account_id, "changed": Changed.NEW_DEVICE})
        return
    # Log-ins at the same moment all find the device new. Of one that was forgotten they hear on another day.
    fact_id = f"{visitor.mark}/{clock.now().date()}"
    notices.send(owner, Changed.NEW_DEVICE, device=visitor.device, fact_id=fact_id)
