"""Bugs of money at the provider: its units, its refunds and disputes, and answers in between."""

from tests.mutants.seeded.mutant import Mutant

_AMOUNTS = "tests/clients/test_stripe_amounts.py"
_CURRENCIES = "tests/portals/webapp/test_stripe_currencies.py"
_MOVES = "tests/portals/webapp/test_stripe_moves.py"
_ANY_ORDER = "tests/domain/payments/test_moves_in_any_order.py"
_KEYS = "tests/domain/test_idempotency_keys.py"
_HOLDS = "tests/domain/payouts/test_holds.py"
_DISPUTED = "tests/portals/admin/test_disputed_refunds.py"

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
        file="chalicelib/clients/providers/stripe_objects.py",
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
    # Refunds and disputes that begin at the provider
    Mutant(
        name="dispute-dropped",
        bug="a dispute at the provider is answered 200 and forgotten",
        file="chalicelib/clients/providers/stripe.py",
        before="    is_of_money = kind in (*_REFUND_KINDS, _CHARGE_REFUNDED) or kind.startswith(_DISPUTE)\n",
        after="    is_of_money = kind in (*_REFUND_KINDS, _CHARGE_REFUNDED)\n",
        tests=(_MOVES,),
    ),
    Mutant(
        name="refund-made-twice-after-staffs",
        bug="what staff refunded at the provider is refunded again",
        file="chalicelib/domain/payments/repayments.py",
        before="    if amount := min(request.amount, returns.unmade(payment, refund_id)):\n",
        after="    if amount := request.amount:\n",
        tests=(_MOVES,),
    ),
    Mutant(
        name="rest-of-a-refund-under-a-used-key",
        bug="what a dispute won in the end leaves unpaid is never made at the provider",
        file="chalicelib/domain/payments/returns.py",
        before='    return f"{key}{_PART}{made}" if made else key\n',
        after="    return key\n",
        tests=(f"{_DISPUTED}::test_a_balance_is_paid_back_once_beside_a_dispute",),
    ),
    Mutant(
        name="two-refunds-at-once-as-if-alone",
        bug="refunds that are made at the same moment are both reduced by what a dispute took",
        file="chalicelib/domain/payments/returns.py",
        before="        other -= rest - left[name]\n",
        after="",
        tests=(_DISPUTED,),
    ),
    Mutant(
        name="dispute-won-is-not-owed-again",
        bug="a refund that a dispute had covered stays paid after the dispute was won",
        file="chalicelib/domain/payments/returns.py",
        before="    if payment.status == PaymentStatus.REFUNDED:\n",
        after="    if payment.status == PaymentStatus.FAILED:\n",
        tests=(_ANY_ORDER,),
    ),
    Mutant(
        name="payout-not-held-by-a-dispute",
        bug="an organizer is paid money that the bank is taking back",
        file="chalicelib/domain/payouts/settlements.py",
        before="status = PayoutStatus.ON_HOLD if is_held else resting",
        after="status = resting",
        tests=(_HOLDS,),
    ),
    # 3-D Secure and Idempotency-Keys
    Mutant(
        name="answer-in-between-kept",
        bug="a payment that waited for its owner waits for ever under its key",
        file="chalicelib/portals/http/idempotent_answers.py",
        before="    if result.is_in_between:\n",
        after="    if result.is_in_between and claimed.record is None:\n",
        tests=("tests/portals/webapp/test_payments.py",),
    ),
    Mutant(
        name="body-compared-as-bytes",
        bug="the same request with other spacing is refused",
        file="chalicelib/domain/idempotency.py",
        before="hashlib.sha256(canonical(body)).hexdigest()",
        after="hashlib.sha256(body).hexdigest()",
        tests=(_KEYS,),
    ),
    Mutant(
        name="next-action-not-shown",
        bug="a customer is never sent to the bank",
        file="chalicelib/clients/providers/stripe_objects.py",
        before='        action=_action(intent) if status == "requires_action" else None,\n',
        after="",
        tests=("tests/portals/webapp/test_stripe.py",),
    ),
)
