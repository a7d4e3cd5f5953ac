"""Bugs of payments and invoices: trust in a provider, what a payment buys, and refunds."""

from tests.mutants.seeded.mutant import Mutant

_DOOR = "tests/portals/webapp/test_payments.py"
_SETTLEMENTS = "tests/domain/payouts/test_settlements.py"
_OVERTAKEN = "tests/domain/test_overtaken.py"
_INVOICES = "tests/domain/payments/test_invoice_numbers.py"

MUTANTS = (
    # Reports of a provider
    Mutant(
        name="taken-amount-not-compared",
        bug="whatever amount was taken pays the order",
        file="chalicelib/domain/payments/payment_decisions.py",
        before=(
            "    if (outcome.amount, outcome.currency) != (payment.amount, payment.currency):\n"
            "        return PaymentDecision(PaymentVerdict.OWE, _NOT_WHAT_WAS_ASKED)\n"
        ),
        after="",
        tests=(f"{_DOOR}::test_another_amount_than_was_asked_for_never_pays_the_order",),
    ),
    Mutant(
        name="taken-currency-not-compared",
        bug="three thousand of any currency pay the order",
        file="chalicelib/domain/payments/payment_decisions.py",
        before="    if (outcome.amount, outcome.currency) != (payment.amount, payment.currency):\n",
        after="    if outcome.amount != payment.amount:\n",
        tests=(f"{_DOOR}::test_another_amount_than_was_asked_for_never_pays_the_order",),
    ),
    Mutant(
        name="callback-signature-not-compared",
        bug="anybody says that an order was paid",
        file="chalicelib/domain/payments/sandbox_callbacks.py",
        before="any(hmac.compare_digest(_mac(key, body, at), given) for key in PROVIDERS.candidates(_PURPOSE))",
        after="any(_mac(key, body, at) and given for key in PROVIDERS.candidates(_PURPOSE))",
        tests=(f"{_DOOR}::test_a_callback_that_is_not_signed_just_now_changes_nothing",),
    ),
    Mutant(
        name="callback-age-not-compared",
        bug="a callback that somebody recorded is believed for ever",
        file="chalicelib/domain/payments/sandbox_callbacks.py",
        before="    if abs(clock.now().timestamp() - int(at)) > _TOLERANCE:",
        after="    if False:",
        tests=(f"{_DOOR}::test_a_callback_that_is_not_signed_just_now_changes_nothing",),
    ),
    Mutant(
        name="callback-from-the-future",
        bug="a callback may be signed for any later time",
        file="chalicelib/domain/payments/sandbox_callbacks.py",
        before="abs(clock.now().timestamp() - int(at)) > _TOLERANCE:",
        after="clock.now().timestamp() - int(at) > _TOLERANCE:",
        tests=(f"{_DOOR}::test_a_callback_that_is_not_signed_just_now_changes_nothing",),
    ),
    Mutant(
        name="callback-of-another-charge",
        bug="what a provider says of another charge settles this payment",
        file="chalicelib/domain/payments/resolution.py",
        before="if payment.provider_reference not in (None, outcome.reference):",
        after="if payment.provider_reference is None and outcome.reference is None:",
        tests=(f"{_DOOR}::test_a_callback_of_another_kind_or_about_no_payment_of_ours_is_taken_without_effect",),
    ),
    Mutant(
        name="callback-about-a-wallet",
        bug="a provider's callback settles what is paid from a card's balance",
        file="chalicelib/domain/payments/reconciliation.py",
        before="if payment is None or payment.provider != provider:",
        after="if payment is None:",
        tests=(f"{_DOOR}::test_a_callback_about_a_wallet_payment_pays_nothing",),
    ),
    # The effects of a settlement
    Mutant(
        name="settled-payment-decided-again",
        bug="a success that is told twice is decided on twice",
        file="chalicelib/domain/payments/payment_decisions.py",
        before="    if payment.status not in OPEN or outcome.status is OutcomeStatus.PENDING:\n"
        "        return PaymentDecision",
        after="    if outcome.status is OutcomeStatus.PENDING:\n        return PaymentDecision",
        tests=(f"{_SETTLEMENTS}::test_a_settled_payment_stays_as_it_is_whatever_is_said_of_it_later",),
    ),
    Mutant(
        name="settlement-condition-dropped",
        bug="a failure that was decided on before a success undoes it",
        file="chalicelib/domain/payments/resolution.py",
        before=(
            "    return operations.change("
            "keys.money.payment(payment.payment_id), actions, returns.as_read(payment))\n\n\n"
            "def _settled"
        ),
        after=(
            "    return operations.change("
            "keys.money.payment(payment.payment_id), actions, Payment.status.exists())\n\n\n"
            "def _settled"
        ),
        tests=(f"{_OVERTAKEN}::test_a_failure_that_was_decided_on_before_a_success_does_not_undo_it",),
    ),
    Mutant(
        name="success-after-failure-ignored",
        bug="money that was taken after a decline buys nothing and is kept",
        file="chalicelib/domain/payments/payment_decisions.py",
        before="OPEN = (PaymentStatus.REQUIRES_CONFIRMATION, PaymentStatus.FAILED)",
        after="OPEN = (PaymentStatus.REQUIRES_CONFIRMATION,)",
        tests=(f"{_DOOR}::test_success_wins_whichever_callback_comes_first",),
    ),
    Mutant(
        name="late-success-keeps-the-money",
        bug="a success that comes when all is sold is closed as a failure, the money kept",
        file="chalicelib/domain/payments/resolution.py",
        before="                return _not_served(payment, outcome, _TOO_LATE, at=at)\n",
        after="                return [_failed(payment, outcome, _TOO_LATE)]\n",
        tests=(f"{_DOOR}::test_a_late_success_without_stock_is_refunded_in_full_once",),
    ),
    Mutant(
        name="second-payment-keeps-the-money",
        bug="two payments for one booking are both kept",
        file="chalicelib/domain/payments/payment_decisions.py",
        before="else PaymentDecision(PaymentVerdict.OWE, _PAID_ALREADY)",
        after="else PaymentDecision(PaymentVerdict.NOTHING)",
        tests=(f"{_DOOR}::test_the_second_of_two_payments_for_one_booking_is_refunded",),
    ),
    Mutant(
        name="cancelled-event-paid",
        bug="a success pays for tickets of an event that was cancelled meanwhile",
        file="chalicelib/domain/payments/payment_decisions.py",
        before="facts.order.status == OrderStatus.CANCELLED or facts.event_objection:",
        after="facts.order.status == OrderStatus.CANCELLED:",
        tests=(f"{_SETTLEMENTS}::test_a_success_for_an_event_that_was_cancelled_meanwhile_is_owed_back",),
    ),
    Mutant(
        name="reload-of-a-card-that-is-anothers",
        bug="a reload goes to whoever has the card by then",
        file="chalicelib/domain/payments/payment_decisions.py",
        before="theirs = facts.card is not None and facts.card.customer_id == payment.customer_id",
        after="theirs = facts.card is not None",
        tests=(f"{_SETTLEMENTS}::test_a_reload_of_a_card_that_is_somebody_elses_by_then_is_owed_back",),
    ),
    Mutant(
        name="refund-key-not-stable",
        bug="a refund whose record was lost asks the provider for another one",
        file="chalicelib/domain/payments/reconciliation.py",
        before='key = returns.part_key(payment, f"{payment_id}/refund")',
        after='key = f"{payment_id}/{clock.now()}"',
        tests=(f"{_SETTLEMENTS}::test_a_refund_whose_record_was_lost_is_found_again_and_not_made_twice",),
    ),
    Mutant(
        name="means-named-first-charged",
        bug="a customer who names another card is charged on the first",
        file="chalicelib/domain/payments/payments.py",
        before="current.token_digest != charges.digest_of(token)",
        after="current.token_digest is None",
        tests=("tests/portals/webapp/test_other_means.py",),
    ),
    Mutant(
        name="poor-balance-gives-up",
        bug="a late payment is set aside where the balance at the provider is too small for its refund",
        file="chalicelib/domain/payments/provider_refunds.py",
        before="    except OutOfFunds:\n",
        after="    except KeyError:\n",
        tests=("tests/portals/webapp/test_stripe_funds.py",),
    ),
    Mutant(
        name="refund-of-what-was-asked",
        bug="a refund gives back what was asked for, not what was taken",
        file="chalicelib/domain/payments/reconciliation.py",
        before="amount=returns.due(payment),",
        after="amount=payment.amount,",
        tests=(f"{_SETTLEMENTS}::test_a_refund_gives_back_what_was_taken_not_what_was_asked_for",),
    ),
    # Invoices
    Mutant(
        name="invoice-number-unguarded",
        bug="two who number invoices at once give one number twice",
        file="chalicelib/domain/payments/invoices.py",
        before=(
            "    writes = [operations.change(place, moved, as_read)]\n"
            "    for position, payment in enumerate(payments, start=last + 1):\n"
            '        number = f"GH-{series}-{position:06d}"\n'
            "        invoice = Invoice(\n"
            "            *keys.money.invoice(series, number), number=number, "
            "payment_id=payment.payment_id, issued_at=now\n"
            "        )\n"
            "        writes.append(operations.put(invoice, Invoice.pk.does_not_exist()))\n"
        ),
        after=(
            "    writes = [operations.change(place, moved, as_read | InvoiceSeries.pk.exists())]\n"
            "    for position, payment in enumerate(payments, start=last + 1):\n"
            '        number = f"GH-{series}-{position:06d}"\n'
            "        invoice = Invoice(\n"
            "            *keys.money.invoice(series, number), number=number, "
            "payment_id=payment.payment_id, issued_at=now\n"
            "        )\n"
            "        writes.append(operations.put(invoice))\n"
        ),
        tests=(f"{_OVERTAKEN}::test_two_who_number_invoices_at_once_give_each_number_once",),
    ),
    Mutant(
        name="invoice-series-falls-behind",
        bug="the series counts one number where several were given",
        file="chalicelib/domain/payments/invoices.py",
        before="InvoiceSeries.last.set(last + len(payments))",
        after="InvoiceSeries.last.set(last + 1)",
        tests=(_INVOICES,),
    ),
    Mutant(
        name="numbered-payment-numbered-again",
        bug="a payment that has a number is given another",
        file="chalicelib/domain/payments/invoices.py",
        before="    return is_sale and payment.invoice_number is None\n",
        after="    return is_sale\n",
        tests=(_INVOICES,),
    ),
    Mutant(
        name="blocked-card-charged",
        bug="a reload that was opened before staff blocked the card is charged",
        file="chalicelib/domain/payments/payments.py",
        before="    return None if is_fed else _NOT_RELOADED\n",
        after="    return None\n",
        tests=(f"{_DOOR}::test_a_reload_of_a_card_that_staff_blocked_meanwhile_charges_nothing",),
    ),
)
