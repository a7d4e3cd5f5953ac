"""Customers: found by their number, and what they say of themselves."""

import hashlib
import hmac

from chalicelib.clients import secrets
from chalicelib.domain import accounts
from chalicelib.table.items import Account
from chalicelib.vocabulary import Portal

_NUMBER = "mobile number"


def find_by_number(mobile_number: str) -> Account | None:
    """Return the customer whose proven number (E.164) this is."""
    return accounts.find(Portal.WEBAPP, mobile_number)


def number_mac(mobile_number: str) -> str:
    """Return what stands for a number in keys: nobody reads the number off it, and the same gives the same."""
    return number_macs(mobile_number)[0]


def number_macs(mobile_number: str) -> list[str]:
    """Return all that may stand for a number in keys: the present one first, then that before the last rotation."""
    return [
        hmac.new(key, mobile_number.encode(), hashlib.sha256).hexdigest()[:32] for key in secrets.candidates(_NUMBER)
    ]
