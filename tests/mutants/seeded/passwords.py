"""Bugs of passwords: a weak one is accepted, or the owner's own is refused."""

from tests.mutants.seeded.mutant import Mutant

_RULE = "chalicelib/domain/access/passwords.py"
_DOORS = "tests/security/test_passwords.py"
_WEAK = f"{_DOORS}::test_a_weak_password_is_400_with_the_fields_name"

MUTANTS = (
    Mutant(
        name="password-of-the-owners-name",
        bug="a password reset accepts the owner's name",
        file="chalicelib/domain/access/resets.py",
        before="            about = (*accounts.known_of(account, owner), *also_known(account))\n",
        after="            about = (login, *also_known(account))\n",
        tests=(_WEAK,),
    ),
    Mutant(
        name="password-of-an-event",
        bug="an usher's password may be the name of the event",
        file="chalicelib/domain/access/new_accounts.py",
        before="    about = accounts.titles(event_ids)\n",
        after="    about: list[str] = []\n",
        tests=(f"{_DOORS}::test_a_weak_password_is_refused_where_staff_makes_an_account",),
    ),
    Mutant(
        name="password-in-one-normal-form",
        bug="a password typed on another keyboard is refused",
        file=_RULE,
        before="    return _hasher().hash(_normal(password))\n",
        after="    return _hasher().hash(password)\n",
        tests=(f"{_DOORS}::test_a_password_is_the_same_in_each_normal_form",),
    ),
    Mutant(
        name="password-alone-is-short",
        bug="ten characters open a gate or the whole platform",
        file=_RULE,
        before="    return MIN_LENGTH_ALONE if portal in _ALONE else MIN_LENGTH\n",
        after="    return MIN_LENGTH\n",
        tests=(_WEAK,),
    ),
)
