"""E-mail addresses: what comes in is what a mail can be sent to, in each portal that takes one."""

import pytest
from pydantic import TypeAdapter, ValidationError

from chalicelib import mail_addresses
from chalicelib.schemas.profiles import Email

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
TAKEN = [
    "ayesha@example.com",
    "ayesha.khan+tickets@mail.example.org",
    "o'brien@example.com",
    "1@2.example",
    f"{'a' * 64}@example.com",
    "ali@xn--exmple-cua.com",
]
# AWS refuses most of them, the library that writes a mail with tickets the others.
REFUSED = [
    "ali..khan@example.com",
    ".ali@example.com",
    "ali.@example.com",
    "m\u00fcller@example.com",
    "ali@ex\u00e4mple.com",
    "\u0639\u0644\u06cc@example.com",
    "a,b@example.com",
    "a;b@example.com",
    "x(y)@example.com",
    '"a"@example.com',
    "<ali@example.com>",
    "ali@-example.com",
    "ali@example-.com",
    "ali@example_.com",
    f"ali@{'a' * 64}.com",
    f"{'a' * 65}@example.com",
    "ali@example",
]


@pytest.mark.parametrize("address", TAKEN)
def test_an_address_that_mail_reaches_is_taken(address: str) -> None:
    assert _EMAIL.validate_python(address) == address


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_no_mail_reaches_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        _EMAIL.validate_python(address)
    assert not mail_addresses.is_reachable(address)
