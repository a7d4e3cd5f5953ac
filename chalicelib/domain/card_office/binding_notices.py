"""The security notice of a card that the staff bound to a customer."""

from contextlib import suppress

from chalicelib.domain.access import notices
from chalicelib.domain.access.notices import Changed
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Account

_BY = "our staff"


def send(customer_id: str, uid: str) -> None:
    """Tell a customer of their new card, after the commit: they may not have asked for it."""
    with suppress(Unavailable):  # a notice that cannot be read for fails nothing
        account = operations.get(keys.access.account(customer_id))
        if isinstance(account, Account):
            notices.send(notices.owner(account), Changed.CARD, card=uid[-4:], shop=_BY)
