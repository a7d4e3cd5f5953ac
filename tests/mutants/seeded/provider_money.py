"""Bugs of money at the provider: its units, its refunds and disputes, and answers in between."""

from tests.mutants.seeded.mutant import Mutant

_AMOUNTS = "tests/clients/test_stripe_amounts.py"
_CURRENCIES = "tests/portals/webapp/test_stripe_currencies.py"

MUTANTS = (
    Mutant(
        name="units-of-the-provider-ignored",
        bug="5,000 ISK are charged as 50.00",
        file="chalicelib/clients/providers/stripe.py",
        before="        return stripe_amounts.to_stripe(amount, currency)\n",
        after="        return amount\n",
        tests=(_CURRENCIES,),
    ),
    Mutant(
        name="units-of-a-callback-ignored",
        bug="5,000 ISK that were paid are booked as 500,000",
        file="chalicelib/clients/providers/stripe.py",
        before="stripe_amounts.from_stripe(int(amount), currency)",
        after="int(amount)",
        tests=(_CURRENCIES,),
    ),
    Mutant(
        name="price-that-cannot-be-charged",
        bug="a price of 1.234 KWD is sold, and no provider charges it",
        file="chalicelib/domain/money.py",
        before="    if price.minor % step:\n        return _must_step(currency, step)\n",
        after="",
        tests=(_AMOUNTS,),
    ),
)
