"""Which passwords are accepted, and that only the right one matches."""

import subprocess
import sys

import pytest

from chalicelib.domain.access import common_passwords, passwords
from chalicelib.errors import ValidationFailed


@pytest.mark.parametrize("password", ["x" * 9, "", "x" * 257, "password123", "PassWord123", "Pakistan786"])
def test_a_password_that_is_short_long_or_common_is_refused_with_the_field_named(password: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        passwords.hash_password(password)
    assert [one["field"] for one in refused.value.details or []] == ["password"]
    assert not password or password not in str(refused.value.details)


@pytest.mark.parametrize("password", ["ten chars!", "x" * 256, "پاسورڈ بہت لمبا", "emoji 🎟🎟🎟🎟"])
def test_any_other_password_is_taken_and_matches_itself_alone(password: str) -> None:
    kept = passwords.hash_password(password)
    assert password not in kept
    assert passwords.matches(password, kept)
    assert not passwords.matches(password + " ", kept)
    assert not passwords.matches(password[:-1], kept)


def test_the_same_password_is_kept_differently_each_time() -> None:
    assert passwords.hash_password("a long enough one") != passwords.hash_password("a long enough one")


def test_nobodys_password_matches_nothing() -> None:
    assert not passwords.matches("a password that nobody has", None)


def test_a_password_is_hashed_with_at_least_the_work_that_owasp_asks_for() -> None:
    # In a process of its own: in this one the tests' patch makes hashes cheap (tests/support/cheap_hashes.py).
    code = "from chalicelib.domain.access import passwords; print(passwords.hash_password('a long enough one'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("password", ["Football123", "letmein1234", "manchester", "Zaq12wsxcde3", "sonnenschein"])
def test_a_common_password_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(ValidationFailed, match="invalid"):
        passwords.require_acceptable(password)


def test_few_of_other_passwords_are_taken_for_common_ones() -> None:
    mistaken = sum(common_passwords.contains(f"no common password {n}") for n in range(20_000))
    assert mistaken <= 40
    assert common_passwords.FILE.stat().st_size < 300_000


def test_a_password_matches_in_each_normal_form() -> None:
    kept = passwords.hash_password("Zo\u00eb likes long ones")
    assert passwords.matches("Zoe\u0308 likes long ones", kept)
    assert passwords.matches("Zo\u00eb likes long ones", passwords.hash_password("Zoe\u0308 likes long ones"))
    assert not passwords.matches("Zoe likes long ones", kept)
