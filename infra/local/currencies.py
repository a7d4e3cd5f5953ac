"""The currency of a local run: whether it is one that a stage may have, and the one of a kept folder."""

from collections.abc import Mapping
from pathlib import Path

from chalicelib.clients.stripe_amounts import SUPPORTED
from chalicelib.config import config
from chalicelib.domain import money
from chalicelib.schemas.examples import demo
from infra.local.console import CannotStart

_MARK = "currency"
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


def require_settings() -> None:
    """Raise CannotStart for a setting that the app cannot read, or a fee of cards that cannot be charged."""
    try:
        money.card_fee()
    except ValueError as error:
        raise CannotStart(f"A setting of the environment is wrong: {error}. Correct it, and run again.") from None
    finally:
        # The run's own addresses are not known yet.
        config.cache_clear()


def keep(data: Path, currency: str) -> None:
    """Mark a folder with the currency of its amounts. Raises CannotStart for a folder of another one."""
    mark = data / _MARK
    if mark.exists():
        kept = mark.read_text(encoding="utf-8").strip()
    else:
        # Earlier releases loaded the demo data in this currency alone, and marked nothing.
        kept = demo.CURRENCY if (data / "cloud").exists() else currency
    if kept != currency:
        raise CannotStart(
            f"DATA={data} keeps amounts in {kept}, not in {currency}. "
            f"Run with CURRENCY={kept}, or name another folder for {currency}."
        )
    mark.write_text(f"{currency}\n", encoding="utf-8")
