"""Recovery codes of a second factor: ten, shown once, each good once.

The table has their MACs, under a random key that is sealed under the account's data key. A code has 80 random bits.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from pynamodb.expressions.update import Action

from chalicelib.domain.crypto import encryption
from chalicelib.table.items import Account

COUNT = 10
# 32 letters and digits that nobody takes for one another.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH, _GROUP = 16, 4
_FIELD = "recovery_key"


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """Fresh codes as their owner writes them down, and what is stored of them."""

    codes: list[str] = field(repr=False)
    macs: set[str] = field(repr=False)
    sealed_key: bytes = field(repr=False)

    @property
    def changes(self) -> tuple[Action, ...]:
        """The changes of the account that make these codes valid, and no others."""
        return Account.recovery_key.set(self.sealed_key), Account.recovery_macs.set(self.macs)


def make(account_id: str) -> RecoveryCodes:
    """Return ten fresh codes. Raises Unavailable."""
    key = secrets.token_hex(32)
    plain = ["".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(COUNT)]
    shown = ["-".join(code[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP)) for code in plain]
    return RecoveryCodes(shown, {_mac(key, code) for code in plain}, encryption.seal(account_id, _FIELD, key))


def find(account: Account, code: str) -> str | None:
    """Return the stored MAC of an unused code, or None. Raises Unavailable."""
    if account.recovery_key is None:
        return None
    mac = _mac(encryption.open_sealed(account.account_id, _FIELD, bytes(account.recovery_key)), code)
    return mac if any(hmac.compare_digest(mac, stored) for stored in account.recovery_macs or ()) else None


def _mac(key: str, code: str) -> str:
    return hmac.new(bytes.fromhex(key), code.encode(), hashlib.sha256).hexdigest()
