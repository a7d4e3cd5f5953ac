"""Mobile numbers (E.164) as identities: look-up of customers, and the MACs that replace numbers in keys."""

import hashlib
import hmac

from chalicelib.clients import secrets
from chalicelib.domain.access import accounts
from chalicelib.table.items import Account
from chalicelib.vocabulary import Portal

_NUMBER = "mobile number"


def find_by_number(mobile_number: str) -> Account | None:
    """Return the customer who proved this number (E.164)."""
    return accounts.find(Portal.WEBAPP, mobile_number)


def number_mac(mobile_number: str) -> str:
    """Return the keyed hash of a number for use in keys: deterministic, and not reversible without the secret."""
    return number_macs(mobile_number)[0]


def number_macs(mobile_number: str) -> list[str]:
    """Return the MACs of a number: under the current secret first, then under the previous one."""
    return [
        hmac.new(key, mobile_number.encode(), hashlib.sha256).hexdigest()[:32] for key in secrets.candidates(_NUMBER)
    ]
