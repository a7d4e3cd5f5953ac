"""Bugs of limits: the owner pays for a stranger, or a stranger guesses for ever."""

from tests.mutants.seeded.mutant import Mutant

_FILE = "chalicelib/domain/access/limits.py"
_OWNER = "tests/security/test_limits_never_lock_the_owner.py"
_REGISTRATION = "tests/portals/webapp/test_registration.py"
_FILLS = f"{_OWNER}::test_a_stranger_who_fills_a_limit_is_refused_and_the_owner_gets_in"

MUTANTS = (
    Mutant(
        name="failures-of-all-addresses-count-together",
        bug="ten wrong passwords of a stranger shut the owner out",
        file=_FILE,
        before='    return WRONG_PASSWORDS.of(f"{portal}:{login.strip().casefold()}:{network(address)}", locks=True)\n',
        after='    return WRONG_PASSWORDS.of(f"{portal}:{login.strip().casefold()}", locks=True)\n',
        tests=(_FILLS,),
    ),
    Mutant(
        name="log-in-codes-share-the-budget-of-all",
        bug="codes that strangers ask for stop the owner's log-in",
        file=_FILE,
        before="CODES_ASKED_FOR.of(number_mac, refuses=False)",
        after="CODES_ASKED_FOR.of(number_mac)",
        tests=(_FILLS,),
    ),
    Mutant(
        name="full-address-checks-nothing",
        bug="a stranger's failures refuse everybody behind the same address",
        file=_FILE,
        before="        is_checked = not has_failed_here and tries < budget.checked\n",
        after="        is_checked = False\n",
        tests=(_FILLS,),
    ),
    Mutant(
        name="failures-of-an-address-not-counted",
        bug="one password is tried on any number of accounts",
        file=_FILE,
        before="        if throttle.tally(name, whom, window) > budget.allowed:\n",
        after="        if throttle.tally(name, whom, window) < 0:\n",
        tests=(f"{_OWNER}::test_one_password_on_120_accounts_from_one_address_is_refused_at_100",),
    ),
    Mutant(
        name="row-of-wrong-codes-never-ends",
        bug="a right code leaves the row of wrong ones, so that the owner is refused later",
        file="chalicelib/domain/access/otp.py",
        before="        before = (spend, newest, self.wrong_codes.forgetting())\n",
        after="        before = (spend, newest)\n",
        tests=(f"{_OWNER}::TestWrongCodesInARow::test_a_right_code_ends_the_row",),
    ),
    Mutant(
        name="registration-of-anybody",
        bug="a second registration of a number replaces the first one's name and password",
        file="chalicelib/domain/access/otp.py",
        before='    macs = (challenge.pending or {}).get("found_by") or [challenge.number_mac]\n',
        after="    macs = [challenge.number_mac]\n",
        tests=(f"{_REGISTRATION}::test_a_second_registration_of_a_number_leaves_the_first_as_it_was",),
    ),
    Mutant(
        name="repeated-count-counts-twice",
        bug="a try whose answer was lost costs its owner another one",
        file="chalicelib/table/counters.py",
        before="    wanted = is_first if condition is None else is_first & condition\n",
        after="    wanted = condition\n",
        tests=("tests/security/test_tries_count_once.py::test_the_fifth_try_at_a_code_is_the_owners",),
    ),
)
