"""One-time codes as they are stored and compared: MACs over the challenge's id and the code."""

import hashlib
import hmac
import secrets as randomness

from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.access import code_texts
from chalicelib.table import keys, operations
from chalicelib.table.items import Challenge
from chalicelib.vocabulary.access import OtpPurpose

_PURPOSE = "otp"


def make(purpose: OtpPurpose, challenge_id: str, *, opens: bool) -> tuple[str, str]:
    """Return a fresh code and its MAC. Unless `opens`, no code matches the MAC."""
    digits = code_texts.digits(purpose)
    code = f"{randomness.randbelow(10**digits):0{digits}d}"
    return code, _mac(SESSIONS.current(_PURPOSE), challenge_id, code if opens else randomness.token_hex())


def is_right(challenge: Challenge, code: str) -> bool:
    """Whether this is the code of a challenge."""
    macs = [_mac(key, challenge.challenge_id, code) for key in SESSIONS.candidates(_PURPOSE)]
    return any(hmac.compare_digest(each, challenge.mac) for each in macs)


def was_used(challenge_id: str, code: str) -> bool:
    """Whether this code of a challenge was used."""
    challenge = operations.get(keys.access.challenge(challenge_id))
    return challenge is not None and challenge.used_at is not None and is_right(challenge, code)


def _mac(key: bytes, challenge_id: str, code: str) -> str:
    return hmac.new(key, f"{challenge_id}:{code}".encode(), hashlib.sha256).hexdigest()
