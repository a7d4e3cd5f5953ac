"""Money: integer minor units of a currency, written as a decimal string (contract, "Money")."""

import re

from msgspec import Struct

from chalicelib.clients import stripe_amounts
from chalicelib.config import config
from chalicelib.errors import ValidationFailed

# ISO 4217, active currencies without exactly two decimal digits.
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_DIGITS = {
    **dict.fromkeys(_NO_DIGITS.split(" "), 0),
    **dict.fromkeys(_THREE_DIGITS.split(" "), 3),
    "CLF": 4,
    "UYW": 4,
}
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,4})?")


def digits(currency: str) -> int:
    """Return the number of decimal digits of a currency (ISO 4217)."""
    return _DIGITS.get(currency, 2)


class Money(Struct, frozen=True, order=True):
    """An amount in minor units, signed, and its ISO 4217 code."""

    minor: int
    currency: str

    @property
    def amount(self) -> str:
        """The amount in wire format, such as `1500.00`."""
        places = digits(self.currency)
        whole, rest = divmod(abs(self.minor), 10**places)
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


def parse(text: str, currency: str) -> Money | None:
    """Parse an unsigned amount in wire format. Return None if it is malformed or has too many digits."""
    if not _AMOUNT.fullmatch(text):
        return None
    whole, _, rest = text.partition(".")
    places = digits(currency)
    if len(rest.rstrip("0")) > places:
        return None
    return Money(int(whole) * 10**places + int((rest[:places] or "0").ljust(places, "0") if places else 0), currency)


class AmountInput(Struct, frozen=True):
    """An amount as entered by a caller. Without a currency, the context defines it."""

    amount: str
    currency: str | None = None


def require(asked: AmountInput | None, *, currency: str, field: str) -> Money:
    """Return a required amount above zero, in this currency. Raises ValidationFailed."""
    if asked is None:
        raise ValidationFailed(details=[{"field": field, "message": "name an amount; it cannot be null"}])
    if asked.currency not in (None, currency):
        raise ValidationFailed(details=[{"field": f"{field}.currency", "message": f"must be {currency}"}])
    found = parse(asked.amount, currency)
    if found is None or found.minor == 0:
        raise ValidationFailed(details=[{"field": field, "message": f"must be above zero, {_in_places(currency)}"}])
    return found


def must_be_of(currency: str) -> str:
    """Return what is said of a text that is no amount of a currency."""
    return f"must be an amount of {currency}, {_in_places(currency)}"


def _in_places(currency: str) -> str:
    places = digits(currency)
    return f"with at most {places} digits after the point" if places else "in whole units"


def require_chargeable(price: Money, *, field: str) -> None:
    """Raise ValidationFailed for a price that a payment provider cannot charge; zero is free, not charged.

    The limits are Stripe's for every provider. So a price stays valid when the provider changes (D-PAY-20).
    """
    problem = uncharged(price)
    if problem:
        raise ValidationFailed(details=[{"field": field, "message": problem}])


def require_divisible(amount: Money, *, field: str) -> None:
    """Raise ValidationFailed for a part of a charge that a provider cannot refund: its last digits must be 0."""
    step = stripe_amounts.step(amount.currency)
    if amount.minor % step:
        raise ValidationFailed(details=[{"field": field, "message": _must_step(amount.currency, step)}])


def unpayable(amount: Money) -> int:
    """Return the minor units of an amount that a payout cannot carry to a bank: its last digits must be 0 there.

    The steps are Stripe's for every provider, as those of prices are.
    """
    return amount.minor % stripe_amounts.payout_step(amount.currency)


def uncharged(price: Money) -> str | None:
    """Return why a payment provider cannot charge a price, or None if it can."""
    currency = price.currency
    if not stripe_amounts.is_supported(currency):
        return f"the payment provider does not charge in {currency}"
    step = stripe_amounts.step(currency)
    if price.minor % step:
        return _must_step(currency, step)
    least, most = Money(stripe_amounts.least(currency), currency), Money(stripe_amounts.greatest(currency), currency)
    if price.minor and not least.minor <= price.minor <= most.minor:
        return f"must be {least.amount} to {most.amount} {currency}, which the payment provider charges"
    return None


def _must_step(currency: str, step: int) -> str:
    return f"must be a multiple of {Money(step, currency).amount} {currency}, which the payment provider charges"


def card_fee() -> Money:
    """Return the fee of a new card (`CARD_FEE`, `CURRENCY`). Raises ValueError if the setting cannot be charged."""
    fee = Money(config().card_fee, config().currency)
    problem = uncharged(fee)
    if problem:
        raise ValueError(f"CARD_FEE {problem}")
    return fee


def share(minor: int, *, basis_points: int) -> int:
    """Return a share of an amount in basis points (0.01 %), rounded half up."""
    return (minor * basis_points + 5_000) // 10_000


def portion(minor: int, *, part: int, whole: int) -> int:
    """Return `minor * part / whole`, rounded half up; exactly `minor` if the part is the whole."""
    return (2 * minor * part + whole) // (2 * whole) if whole else 0
