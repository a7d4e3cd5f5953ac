"""The rotating code of an event: a token for the QR code, and eight digits for whose camera cannot read the wall.

Both are derived and never stored. The key follows from the platform's key of tickets, the event and its epoch
(HMAC-SHA-256, RFC 2104), so that no key serves two events or two epochs. A token is base64url, without padding, of

    version (1) | length of the event's id (1) | id (ASCII) | epoch (4) | second of birth (5) | MAC (16)

with numbers big-endian. The MAC is the first 128 bits of HMAC-SHA-256 over all before it. A token is accepted in the
time step of its birth and in the next one. The digits are RFC 4226's dynamic truncation of the MAC over the number of
the time step.
"""

import base64
import binascii
import hashlib
import hmac
import re
import struct
from datetime import UTC, datetime

from msgspec import Struct

from chalicelib.clients.secrets import TICKETS
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import CodeRefusal

# A time step. Also the time that a shown token is the newest one, at most.
QR_STEP_SECONDS = 30
# Time steps, before the present one, whose codes are accepted.
_EARLIER_STEPS = 1
# Clocks of two containers may differ by this much.
_SKEW_SECONDS = 3
# How far back the reason of a refused eight-digit code is looked for, in time steps.
_NAMED_STEPS = 6
DIGITS = 8
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")
_PURPOSE = "campus rotating code"
_VERSION = 1
_MAC_BYTES = 16
# Epoch and second of birth; five bytes of seconds reach beyond the year 36000.
_NUMBERS = struct.Struct(">IBI")
LONGEST_TOKEN = 200


class CodeClaims(Struct, frozen=True):
    """What a token says of itself. Nothing of it is proven before `check_token`."""

    event_id: str
    epoch: int
    born_at: datetime
    content: bytes
    mac: bytes


class CodeVerdict(Struct, frozen=True):
    """Whether a code is accepted: `reason` is None if so. `born_at` is when an authentic code was made."""

    reason: CodeRefusal | None
    born_at: datetime | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the code is accepted."""
        return self.reason is None


def token(event: CampusEvent, at: datetime) -> str:
    """Return the token of an event that is made at a moment."""
    born = int(at.timestamp())
    content = _content(event.event_id, event.qr_epoch, born)
    mac = _mac(TICKETS.current(_PURPOSE), event.event_id, event.qr_epoch, content)
    return base64.urlsafe_b64encode(content + mac[:_MAC_BYTES]).decode().rstrip("=")


def code(event: CampusEvent, at: datetime) -> str:
    """Return the eight digits of an event at a moment."""
    return _digits(TICKETS.current(_PURPOSE), event.event_id, event.qr_epoch, step_of(at))


def step_of(at: datetime) -> int:
    """Return the number of the time step of a moment."""
    return int(at.timestamp()) // QR_STEP_SECONDS


def expires_at(at: datetime) -> datetime:
    """Return the end of a moment's time step, when the next code is to be shown."""
    return datetime.fromtimestamp((step_of(at) + 1) * QR_STEP_SECONDS, UTC)


def read(given: str) -> CodeClaims | None:
    """Return what a text says if it is spelled as a token, else None. It proves nothing."""
    plain = given.strip()
    if not plain.isascii() or len(plain) > LONGEST_TOKEN:
        return None
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # One spelling only: unused bits of the last character are zero.
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != plain or len(raw) < 2 or raw[0] != _VERSION:
        return None
    end_of_id = 2 + raw[1]
    if len(raw) != end_of_id + _NUMBERS.size + _MAC_BYTES or not raw[2:end_of_id].isascii():
        return None
    epoch, high, low = _NUMBERS.unpack(raw[end_of_id : end_of_id + _NUMBERS.size])
    if high:
        return None  # no such second for centuries, and no datetime for most of them
    born_at = datetime.fromtimestamp(low, UTC)
    return CodeClaims(raw[2:end_of_id].decode(), epoch, born_at, raw[:-_MAC_BYTES], raw[-_MAC_BYTES:])


def check_token(given: str, event: CampusEvent, at: datetime) -> CodeVerdict:
    """Return whether a token is accepted for an event at a moment."""
    claims = read(given)
    if claims is None:
        return CodeVerdict(CodeRefusal.UNKNOWN)
    if not _is_authentic(claims):
        return CodeVerdict(CodeRefusal.CHANGED)
    return CodeVerdict(_token_refusal(claims, event, at), claims.born_at)


def check_code(given: str, event: CampusEvent, at: datetime) -> CodeVerdict:
    """Return whether eight digits are accepted for an event at a moment; they are born when their step begins.

    The tries are not counted here: `code_tries.check` does.
    """
    plain = given.strip()
    if not plain.isascii() or not _CODE.fullmatch(plain):
        return CodeVerdict(CodeRefusal.UNKNOWN)
    now, keys, epoch = step_of(at), TICKETS.candidates(_PURPOSE), event.qr_epoch
    born = {step: datetime.fromtimestamp(step * QR_STEP_SECONDS, UTC) for step in range(now - _NAMED_STEPS, now + 2)}
    # All are compared, so that the time of an answer does not say which one fits.
    fits = {
        (e, step): _fits(plain, keys, event.event_id, e, step) for e in (epoch, epoch - 1) for step in born if e > 0
    }
    accepted = [step for step in range(now, now - _EARLIER_STEPS - 1, -1) if fits[(epoch, step)]]
    if accepted:
        return CodeVerdict(None, born[accepted[0]])
    found = next((name for name, does_fit in fits.items() if does_fit), None)
    if found is None:
        return CodeVerdict(CodeRefusal.UNKNOWN)
    if found[0] != epoch:
        return CodeVerdict(CodeRefusal.OLD_EPOCH, born[found[1]])
    return CodeVerdict(CodeRefusal.FUTURE if found[1] > now else CodeRefusal.EXPIRED, born[found[1]])


def _token_refusal(claims: CodeClaims, event: CampusEvent, at: datetime) -> CodeRefusal | None:
    if claims.event_id != event.event_id:
        return CodeRefusal.OTHER_EVENT
    if claims.epoch != event.qr_epoch:
        return CodeRefusal.OLD_EPOCH
    if (claims.born_at - at).total_seconds() > _SKEW_SECONDS:
        return CodeRefusal.FUTURE
    if step_of(at) - step_of(claims.born_at) > _EARLIER_STEPS:
        return CodeRefusal.EXPIRED
    return None


def _is_authentic(claims: CodeClaims) -> bool:
    genuine = [
        hmac.compare_digest(_mac(key, claims.event_id, claims.epoch, claims.content)[:_MAC_BYTES], claims.mac)
        for key in TICKETS.candidates(_PURPOSE)
    ]
    return any(genuine)


def _fits(given: str, keys: list[bytes], event_id: str, epoch: int, step: int) -> bool:
    fitting = [hmac.compare_digest(_digits(key, event_id, epoch, step), given) for key in keys]
    return any(fitting)


def _content(event_id: str, epoch: int, born: int) -> bytes:
    name = event_id.encode("ascii")
    return bytes([_VERSION, len(name)]) + name + _NUMBERS.pack(epoch, *divmod(born, 2**32))


def _key_of(key: bytes, event_id: str, epoch: int) -> bytes:
    return hmac.new(key, f"{event_id}|{epoch}".encode(), hashlib.sha256).digest()


def _mac(key: bytes, event_id: str, epoch: int, content: bytes) -> bytes:
    return hmac.new(_key_of(key, event_id, epoch), b"token|" + content, hashlib.sha256).digest()


def _digits(key: bytes, event_id: str, epoch: int, step: int) -> str:
    mac = hmac.new(_key_of(key, event_id, epoch), b"code|" + struct.pack(">Q", step), hashlib.sha256).digest()
    # RFC 4226, section 5.3; the last byte of the MAC says where to read.
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"
