"""The currency of a local run: whether it is one that a stage may have."""

from collections.abc import Mapping

from chalicelib.clients.stripe_amounts import SUPPORTED
from chalicelib.domain import money
from chalicelib.schemas.examples import demo
from infra.local.console import CannotStart

# Of a deployment's default, in whole units of its currency.
_CARD_FEE, _SECOND_PERSON_OVER = 500, 100_000


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return what the defaults of amounts are in the currency of the run, where they are not given.

    Raises CannotStart for a currency that a stage may not have.
    """
    currency = given.get("CURRENCY", demo.CURRENCY)
    if currency not in SUPPORTED:
        allowed = ", ".join(sorted(SUPPORTED))
        raise CannotStart(f"CURRENCY={currency} is not one that the platform charges in. Choose one of {allowed}.")
    unit = 10 ** money.digits(currency)
    amounts = {"CARD_FEE": f"{_CARD_FEE * unit}", "SECOND_PERSON_OVER": f"{currency}:{_SECOND_PERSON_OVER * unit}"}
    return {"CURRENCY": currency, **{name: given.get(name, amount) for name, amount in amounts.items()}}
