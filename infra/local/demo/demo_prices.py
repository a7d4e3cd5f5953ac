"""What the amounts of the demo data are in the currency of a run (`CURRENCY`)."""

from chalicelib.config import config
from chalicelib.domain import money
from chalicelib.domain.money import Money
from chalicelib.schemas.examples import demo


def minor(amount: int) -> int:
    """Return an amount of the demo data in minor units of the run's currency: as many whole units as it has there."""
    return int(amount * 10 ** money.digits(config().currency) // 10 ** money.digits(demo.CURRENCY))


def written(amount: int) -> dict[str, str]:
    """Return an amount of the demo data as the wire writes it."""
    found = Money(minor(amount), config().currency)
    return {"amount": found.amount, "currency": found.currency}
