"""Bugs of the staff's desk: a role that is not asked, a stale change, a code that is good twice, totals twice."""

from tests.mutants.seeded.mutant import Mutant

_USERS = "tests/portals/admin/test_users.py"
_FACTOR = "tests/security/test_second_factor.py"
_RACES = "tests/truth/test_staff_races.py"

MUTANTS = (
    Mutant(
        name="stale-change-of-user",
        bug="a change of a user that was changed since is written",
        file="chalicelib/domain/access/user_changes.py",
        before="    condition: Condition = seen & ",
        after="    condition: Condition = ",
        tests=(f"{_RACES}::test_of_changes_of_one_version_one_is_made",),
    ),
    Mutant(
        name="recovery-code-good-twice",
        bug="a recovery code is accepted as often as it is sent at once",
        file="chalicelib/domain/access/second_factor.py",
        before="    is_unused = Account.recovery_macs.contains(mac)\n",
        after="    is_unused = Account.pk.exists()\n",
        tests=(f"{_RACES}::test_a_recovery_code_and_a_six_digit_code_are_good_once_under_many_callers",),
    ),
    Mutant(
        name="required-factor-not-asked",
        bug="the token of a member who must enrol carries the role",
        file="chalicelib/domain/access/accounts.py",
        before="        return {ENROLS: True}\n",
        after='        return {"role": account.role}\n',
        tests=(f"{_FACTOR}::test_a_member_whose_role_requires_a_factor_can_only_set_one_up",),
    ),
    Mutant(
        name="admin-creates-admins",
        bug="an administrator may create and change members of staff",
        file="chalicelib/domain/access/users.py",
        before="    Portal.ADMIN: Permission.OWN,\n",
        after="    Portal.ADMIN: Permission.MANAGE,\n",
        tests=(f"{_USERS}::test_a_role_creates_the_users_that_it_handles_and_no_others",),
    ),
    Mutant(
        name="counted-at-each-delivery",
        bug="a batch of the stream that is delivered twice counts people and cards twice",
        file="chalicelib/domain/platform_totals/tallies.py",
        before="            operations.commit(*map(_marking, pending), *_moves(pending))\n",
        after="            operations.commit(*_moves(pending))\n            return\n",
        tests=(
            "tests/portals/admin/test_analytics.py::test_people_cards_and_events_count_once_under_what_they_are_now",
        ),
    ),
    Mutant(
        name="recovered-staff-keep-their-sessions",
        bug="who took over an account keeps its sessions when an operator recovers it",
        file="chalicelib/domain/access/staff_recovery.py",
        before="                *lock_outs.revocations(Portal.ADMIN, account.account_id),\n",
        after="",
        tests=(
            "tests/security/test_staff_recovery.py::test_a_lost_factor_is_off_all_sessions_have_ended_and_the_owner_hears_of_it",
        ),
    ),
)
