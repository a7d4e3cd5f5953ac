"""Bugs of exports and erasures: something of a person is left, or nobody can prove that nothing is."""

from tests.mutants.seeded.mutant import Mutant

_ERASURE = "tests/portals/admin/test_erasure.py"
_CUSTOMERS = "tests/portals/admin/test_customers.py"
_INVENTORY = "tests/domain/personal_data/test_inventory.py"
_LEAVES_NONE = f"{_ERASURE}::test_the_export_holds_and_the_erasure_leaves_none_of_a_person"

MUTANTS = (
    Mutant(
        name="erased-address-kept",
        bug="an erased account keeps its e-mail address",
        file="chalicelib/domain/personal_data/inventory.py",
        before='"login name email password_hash',
        after='"login name password_hash',
        tests=(_LEAVES_NONE, f"{_INVENTORY}::test_each_attribute_that_may_hold_data_of_a_customer_is_in_the_inventory"),
    ),
    Mutant(
        name="erased-order-keeps-holders",
        bug="an erased customer's orders keep the names of holders",
        file="chalicelib/domain/personal_data/erasing.py",
        before='{**line, "holder_name": NOBODY, "dependent_id": None, "card_id": None, "on_card": False}',
        after='{**line, "dependent_id": None, "card_id": None, "on_card": False}',
        tests=(_LEAVES_NONE,),
    ),
    Mutant(
        name="data-key-survives",
        bug="an erasure leaves the data key, so copies stay readable",
        file="chalicelib/domain/personal_data/erasures.py",
        before="            encryption.erasing(customer_id),\n",
        after="",
        tests=(_LEAVES_NONE,),
    ),
    Mutant(
        name="erased-with-a-ticket",
        bug="a customer with a valid ticket is erased without being asked",
        file="chalicelib/domain/personal_data/erasures.py",
        before="    if not force:\n",
        after="    if not force and mine.needs_second_person:\n",
        tests=(f"{_ERASURE}::test_a_customer_with_a_ticket_or_money_is_not_erased_unless_these_are_given_back",),
    ),
    Mutant(
        name="erased-customer-books",
        bug="a booking that began before the erasure still succeeds",
        file="chalicelib/domain/sale/allowances.py",
        before="    seats.require_open(before.seats)\n",
        after="",
        tests=("tests/faults/test_erasure.py::test_customers_who_act_while_they_are_erased_leave_no_half_state",),
    ),
    Mutant(
        name="stale-customer-written",
        bug="staff overwrite a change that they have not seen",
        file="chalicelib/domain/customers/customer_records.py",
        before="    if before.version != version:\n        raise _stale(before)\n",
        after="",
        tests=(f"{_CUSTOMERS}::test_a_change_is_stored_under_the_version_that_was_read",),
    ),
)
