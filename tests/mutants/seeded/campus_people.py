"""Bugs of campus people: a client locked out, a squatter who becomes the owner, an office without its bounds."""

from tests.mutants.seeded.mutant import Mutant

_ACCOUNTS = "tests/portals/campus/test_accounts.py"
_USERS = "tests/portals/campus/test_users.py"
_CROWD = "tests/portals/campus/test_crowd.py"

MUTANTS = (
    Mutant(
        name="campus-token-rotates",
        bug="the second refresh with the token of the log-in ends the session",
        file="chalicelib/domain/access/sessions.py",
        before="WITHOUT_ROTATION = frozenset((Portal.CAMPUS,))\n",
        after="WITHOUT_ROTATION: frozenset[Portal] = frozenset()\n",
        tests=(f"{_ACCOUNTS}::test_the_refresh_token_of_the_log_in_stays_valid_for_30_days",),
    ),
    Mutant(
        name="squatter-of-a-number",
        bug="a second account is verified for a student number that is verified already",
        file="chalicelib/domain/campus/people/student_numbers.py",
        before="    return operations.put(StudentNumberClaim(*place, user_id=user_id), mine)\n",
        after="    return operations.put(StudentNumberClaim(*place, user_id=user_id), mine if not user_id else None)\n",
        tests=(f"{_USERS}::test_a_squatter_of_a_number_neither_refuses_nor_becomes_its_owner",),
    ),
    Mutant(
        name="admins-made-by-hr",
        bug="hr makes and demotes admins",
        file="chalicelib/domain/campus/people/campus_changes.py",
        before="actor.role != CampusRole.ADMIN and CampusRole.ADMIN in (target.role, wanted.get",
        after="actor.role not in _OFFICE and CampusRole.ADMIN in (target.role, wanted.get",
        tests=(f"{_USERS}::test_only_an_admin_makes_or_changes_an_admin",),
    ),
    Mutant(
        name="guessed-by-two-names",
        bug="wrong passwords by user name and by address count apart",
        file="chalicelib/domain/access/accounts.py",
        before="limits.take_password_try(portal, account.login if account else login, address=address)",
        after="limits.take_password_try(portal, login, address=address)",
        tests=(f"{_CROWD}::test_one_student_is_guessed_ten_times_by_name_and_address_together",),
    ),
)
