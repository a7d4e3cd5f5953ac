"""Bugs of a customer's own data: another customer reads it, or encrypted data decrypts elsewhere."""

from tests.mutants.seeded.mutant import Mutant

_PAYMENTS = "tests/portals/webapp/test_payments.py"
_ENCRYPTION = "tests/domain/crypto/test_encryption.py"
_ORDERS = "tests/domain/sale/test_orders.py"
_TRANSFERS = "tests/portals/webapp/test_transfers.py"
_CARDS = "tests/portals/webapp/test_cards.py"

MUTANTS = (
    Mutant(
        name="anothers-payment-confirmed",
        bug="anybody confirms anybody's payment",
        file="chalicelib/domain/payments/own_payments.py",
        before="if payment is None or payment.customer_id != customer_id:",
        after="if payment is None:",
        tests=(f"{_PAYMENTS}::test_what_is_not_the_customers_is_not_found",),
    ),
    Mutant(
        name="anothers-booking-paid",
        bug="anybody sees and pays anybody's booking",
        file="chalicelib/domain/sale/orders.py",
        before="    if order.customer_id != customer_id:\n",
        after="    if order.customer_id is None:\n",
        tests=(f"{_ORDERS}::test_a_booking_belongs_to_its_customer",),
    ),
    Mutant(
        name="anothers-ticket-given",
        bug="anybody gives anybody's ticket away",
        file="chalicelib/domain/tickets/transfers.py",
        before="    return ticket.customer_id == customer_id and not reservation_over\n",
        after="    return not reservation_over\n",
        tests=(f"{_TRANSFERS}::test_nobody_transfers_anothers_ticket",),
    ),
    Mutant(
        name="anothers-card-seen",
        bug="anybody sees what is on anybody's card",
        file="chalicelib/domain/cards/own_cards.py",
        before="    if not found or found[0].card.customer_id != customer_id:\n",
        after="    if not found:\n",
        tests=(f"{_CARDS}::test_a_card_that_is_not_the_customers_own_is_not_found",),
    ),
    Mutant(
        name="anothers-invoice-read",
        bug="anybody reads anybody's invoice",
        file="chalicelib/domain/payments/invoices.py",
        before="if payment is None or payment.customer_id != customer_id:",
        after="if payment is None:",
        tests=("tests/domain/payments/test_invoice_numbers.py",),
    ),
    # Sealed data
    Mutant(
        name="associated-data-dropped",
        bug="sealed data opens in every place",
        file="chalicelib/domain/crypto/encryption.py",
        before='        return f"{self.owner_id}\\x00{field}".encode()\n',
        after='        return b""\n',
        tests=(
            f"{_ENCRYPTION}::test_sealed_bytes_open_in_no_other_field",
            f"{_ENCRYPTION}::test_sealed_bytes_open_for_no_other_owner_even_with_the_key",
        ),
    ),
    Mutant(
        name="sealed-for-any-owner",
        bug="sealed data of one owner opens for another who has the key",
        file="chalicelib/domain/crypto/encryption.py",
        before='        return f"{self.owner_id}\\x00{field}".encode()\n',
        after="        return field.encode()\n",
        tests=(f"{_ENCRYPTION}::test_sealed_bytes_are_bound_to_their_owner_whatever_key_opens_them",),
    ),
    Mutant(
        name="second-key-written-over-the-first",
        bug="of two first writers the slower makes the other's data unreadable",
        file="chalicelib/domain/crypto/encryption.py",
        before="operations.put(item, DataKey.pk.does_not_exist())",
        after="operations.put(item)",
        tests=(f"{_ENCRYPTION}::test_two_first_writers_end_with_one_key",),
    ),
)
