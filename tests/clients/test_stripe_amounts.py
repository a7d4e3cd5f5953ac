"""Stripe's units: what each currency's amounts are at Stripe, and which of them it can charge."""

import pytest

from chalicelib.clients import stripe_amounts
from chalicelib.domain import money
from chalicelib.domain.money import Money
from chalicelib.errors import ValidationFailed
from tests.support.settings import configured

# An amount in wire format, and the number that Stripe is asked for (docs.stripe.com/currencies).
KNOWN = [
    ("5000", "ISK", 500_000),
    ("5", "UGX", 500),
    ("500", "JPY", 500),
    ("10.00", "USD", 1_000),
    ("1500.00", "PKR", 150_000),
    ("5.120", "KWD", 5_120),
    ("10.45", "HUF", 1_045),
    ("800.45", "TWD", 80_045),
    ("700.00", "MGA", 700),
]


@pytest.mark.parametrize(("amount", "currency", "units"), KNOWN)
def test_an_amount_is_the_same_money_at_stripe_and_back(amount: str, currency: str, units: int) -> None:
    asked = money.parse(amount, currency)
    assert asked is not None
    assert stripe_amounts.to_stripe(asked.minor, currency) == units
    assert stripe_amounts.from_stripe(units, currency) == asked.minor


@pytest.mark.parametrize("currency", sorted(stripe_amounts.SUPPORTED))
def test_every_amount_that_can_be_charged_comes_back_unchanged(currency: str) -> None:
    step, least, most = (
        limit(currency) for limit in (stripe_amounts.step, stripe_amounts.least, stripe_amounts.greatest)
    )
    for minor in (least, least + step, 123 * step, most - step, most):
        units = stripe_amounts.to_stripe(minor, currency)
        assert stripe_amounts.from_stripe(units, currency) == minor
        assert len(str(units)) <= (12 if currency == "IDR" else 8)
        if minor >= least:
            assert money.uncharged(Money(minor, currency)) is None
    assert money.uncharged(Money(0, currency)) is None
    for minor in (most + step, least - step):
        if minor:
            assert money.uncharged(Money(minor, currency)) is not None
    if step > 1:
        assert money.uncharged(Money(least + 1, currency)) is not None
        with pytest.raises(ValueError, match="cannot be charged"):
            stripe_amounts.to_stripe(least + 1, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "why"),
    [
        (1_234, "KWD", "must be a multiple of 0.010 KWD"),
        (150, "MGA", "must be a multiple of 1.00 MGA"),
        (49, "USD", "must be 0.50 to 999999.99 USD"),
        (1_000_000, "ISK", "must be 1 to 999999 ISK"),
        (100_000_000, "PKR", "must be 0.01 to 999999.99 PKR"),
        (5_000, "IQD", "does not charge in IQD"),
        (0, "XXX", "does not charge in XXX"),
    ],
)
def test_a_price_that_cannot_be_charged_is_refused_with_what_can_be(minor: int, currency: str, why: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        money.require_chargeable(Money(minor, currency), field="price")
    assert refused.value.details is not None
    assert why in refused.value.details[0]["message"]


def test_a_card_fee_that_cannot_be_charged_is_a_fault_of_the_settings() -> None:
    with configured(CURRENCY="KWD", CARD_FEE="1230"):
        assert money.card_fee() == Money(1_230, "KWD")
    with configured(CURRENCY="KWD", CARD_FEE="1234"), pytest.raises(ValueError, match="CARD_FEE must be a multiple"):
        money.card_fee()
