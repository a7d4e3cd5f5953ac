"""Which passwords are accepted, and that only the right one matches."""

import subprocess
import sys
import unicodedata

import pytest

from chalicelib.domain.access import common_passwords, password_words, passwords
from chalicelib.errors import ValidationFailed
from chalicelib.vocabulary.access import Portal

# 256 characters without a repeat or a run.
LONG = "".join(f"{n * n * 7919:x}" for n in range(1, 80))[:256]


def hashed(password: str, portal: Portal = Portal.WEBAPP) -> str:
    return passwords.hash_password(password, portal, about=())


@pytest.mark.parametrize("password", ["nine char", "", LONG + "!", "password123", "PassWord123", "Pakistan786"])
def test_a_password_that_is_short_long_or_common_is_refused_with_the_field_named(password: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        hashed(password)
    assert [one["field"] for one in refused.value.details or []] == ["password"]
    assert not password or password not in str(refused.value.details)


@pytest.mark.parametrize("password", ["ten chars!", LONG, "پاسورڈ بہت لمبا", "emoji 🎟🎉🎈🎁"])
def test_any_other_password_is_taken_and_matches_itself_alone(password: str) -> None:
    kept = hashed(password)
    assert password not in kept
    assert passwords.matches(password, kept)
    assert not passwords.matches(password + " ", kept)
    assert not passwords.matches(password[:-1], kept)


def test_the_same_password_is_kept_differently_each_time() -> None:
    assert hashed("a long enough one") != hashed("a long enough one")


def test_nobodys_password_matches_nothing() -> None:
    assert not passwords.matches("a password that nobody has", None)


def test_a_password_is_hashed_with_at_least_the_work_that_owasp_asks_for() -> None:
    # In a process of its own: in this one the tests' patch makes hashes cheap (tests/support/cheap_hashes.py).
    code = "from chalicelib.domain.access import passwords; "
    code += "print(passwords.hash_password('a long enough one', 'webapp', about=()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("password", ["Football123", "letmein1234", "manchester", "Zaq12wsxcde3", "sonnenschein"])
def test_a_common_password_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(ValidationFailed, match="invalid"):
        hashed(password)


def test_few_of_other_passwords_are_taken_for_common_ones() -> None:
    mistaken = sum(common_passwords.contains(f"no common password {n}") for n in range(20_000))
    assert mistaken <= 40
    assert common_passwords.FILE.stat().st_size < 300_000


def test_a_password_matches_in_each_normal_form() -> None:
    kept = hashed("Zo\u00eb likes long ones")
    assert passwords.matches("Zoe\u0308 likes long ones", kept)
    assert passwords.matches("Zo\u00eb likes long ones", hashed("Zoe\u0308 likes long ones"))
    assert not passwords.matches("Zoe likes long ones", kept)


@pytest.mark.parametrize("portal", list(Portal))
def test_a_password_that_is_the_only_factor_has_at_least_twelve_characters(portal: Portal) -> None:
    least = 12 if portal in (Portal.USHER, Portal.TIX, Portal.CAMPUS, Portal.ADMIN) else 10
    text = "kW7#pzR2!mQx9"
    assert hashed(text[:least], portal)
    with pytest.raises(ValidationFailed, match="invalid"):
        hashed(text[: least - 1], portal)
    # Each of these vowels is two characters in the decomposed form.
    with pytest.raises(ValidationFailed, match="invalid"):
        hashed(unicodedata.normalize("NFD", "äöüéàôîñç"), portal)


WORDS = ["Ayesha Khan", "+92 300 9182764", "a.khan@mail.example.com", "Lahore Marathon", None]
KNOWN = {
    "name": "AyeshaKhan1",
    "name, accented": "Áyéshá_Khån99",
    "name with a year": "khan-ayesha-2026",
    "number": "+923009182764",
    "number as dialled": "03009182764!",
    "last digits of the number": "9182764-ab",
    "e-mail address": "a.khan@mail.example",
    "its domain": "mail.example.2026",
    "organization": "LahoreMarathon26",
    "platform": "Gatehouse-2026",
    "platform with a word": "MyGatehouse2026!",
    "name and a run": "khan-12345-ab",
}
WEAK = {
    "one character": "aaaaaaaaaaaa",
    "no letter": "!!!!!!!!!!!!",
    "a block": "abcabcabcabc",
    "a block twice": "hunterhunter",
    "separated": "a-a-a-a-a-a-",
    "an alphabet": "abcdefghijkl",
    "backwards": "zyxwvutsrqpo",
    "digits": "123456789012",
    "a keyboard": "qwertyuiop[]",
    "its columns": "1qaz2wsx3edc4",
    "with shift": "!@#$%^&*()_+",
    "runs together": "abcd1234efgh",
    "a run and little more": "9876543210ab",
}


@pytest.mark.parametrize("password", [pytest.param(text, id=kind) for kind, text in {**KNOWN, **WEAK}.items()])
def test_a_password_of_known_words_repeats_or_runs_is_refused(password: str) -> None:
    found = password_words.problem(password, WORDS)
    assert found is not None
    assert ("repeat" in found) == (password in WEAK.values())


@pytest.mark.parametrize(
    "password",
    [
        "khan plays the sitar",
        "correct horse battery",
        "kW7#pzR2!m",
        "a property of 4321 people",
        "Gatehouse of the seas",
    ],
)
def test_a_password_with_enough_of_its_own_is_accepted(password: str) -> None:
    assert password_words.problem(password, WORDS) is None
