"""Codes that a shop has sent to a customer before it chooses the card.

Such a code belongs to one shop and one number. The shop's next assignment for that customer within the code's lifetime
takes it, instead of sending another. Its text names the shop and the fee; where another fee is due by then, it is not
taken.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import accounts, otp
from chalicelib.domain.cards import card_requests
from chalicelib.domain.merchants import customer_lookup
from chalicelib.domain.money import Money
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, EarlyCode, OpenCardRequest, Profile
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import OtpPurpose


class EarlyCodeSent(Struct, frozen=True):
    """A code without an assignment yet. `expires_in` is its lifetime in seconds."""

    expires_in: int
    expires_at: datetime
    assignment_id: str | None = None


class TakenCode(Struct, frozen=True):
    """An early code that an assignment takes, with the write that removes it."""

    challenge_id: str
    removal: Write


def send(merchant_id: str, mobile_number: str) -> EarlyCodeSent:
    """Send a customer the code of the shop's next assignment for them; it voids an earlier code.

    Counted as a look-up of the number, since the answer tells whether it belongs to a customer. Raises NotFound,
    RateLimited.
    """
    customer_lookup.count_look_up(merchant_id)
    customer = customer_lookup.with_number(mobile_number)
    fee = _fee(customer)
    otp.take_send(OtpPurpose.CARD_ASSIGNMENT, customer.mobile_number, address=None)
    challenge_id, expires_at = new_id("chl"), clock.now() + otp.LIFETIME
    early = EarlyCode(
        *keys.merchants.early_code(customer.account_id, merchant_id),
        challenge_id=challenge_id,
        fee=fee,
        expires_at=expires_at,
        ttl=int(expires_at.timestamp()),
    )
    words = fee_in_words(fee, config().currency)
    named = {"shop": accounts.get(merchant_id).name, "shop_id": merchant_id, "card": "", "fee": words}
    sent = otp.send(
        OtpPurpose.CARD_ASSIGNMENT,
        customer.mobile_number,
        account=customer,
        pending=named,
        challenge_id=challenge_id,
        together_with=[operations.put(early)],
    )
    logger.info("code sent before a card was chosen", extra={"merchant_id": merchant_id, "challenge_id": challenge_id})
    return EarlyCodeSent(sent.expires_in, expires_at)


def _fee(customer: Account) -> int:
    places = (keys.customers.profile(customer.account_id), keys.cards.open_card_request(customer.account_id))
    found = operations.get_many(places)
    profile, requested = (found.get(place) for place in places)
    return card_requests.fee_for(
        customer.account_id,
        has_paid=isinstance(profile, Profile) and profile.fee_paid,
        requested=requested if isinstance(requested, OpenCardRequest) else None,
    )


def fee_in_words(fee: int, currency: str) -> str:
    """Return the fee as the text of a code names it."""
    whole, _, rest = Money(fee, currency).amount.partition(".")
    amount = f"{whole}.{rest}" if rest.strip("0") else whole
    return f"fee {currency} {amount}" if fee else "no fee"


def taken(early: object, merchant_id: str, customer: Account, *, fee: int) -> TakenCode | None:
    """Return the early code that an assignment takes, or None where it must send one of its own.

    `early` is the stored EarlyCode of shop and customer, if there is one.
    """
    if not isinstance(early, EarlyCode) or early.fee != fee or clock.now() >= early.expires_at:
        return None
    number = customer.mobile_number
    if not otp.waits(OtpPurpose.CARD_ASSIGNMENT, early.challenge_id, number, shop_id=merchant_id):
        return None
    return TakenCode(early.challenge_id, operations.remove(early.place))


def removals(code: TakenCode | None) -> Sequence[Write]:
    """Return the writes that an assignment adds to its transaction."""
    return [code.removal] if code else []
