"""The device's identity: its Ed25519 key, and the server's answer to its enrolment."""

import base64
import json
import os
import secrets
import uuid
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reader_agent import ticket_code
from reader_agent.failures import BadSetup, NotEnrolled
from reader_agent.ownership import give_to_folders_owner
from reader_agent.ticket_code import PlatformKeys
from reader_agent.wire import DeviceConfig, Enrolled

_ASSERTION_SECONDS = 60
_IDENTITY = "identity.json"
_FRESH_KEY = "enrolling.key"


def write_privately(path: Path, data: bytes, *, durably: bool = True) -> None:
    """Write a file atomically, readable by its owner only; `durably` syncs it to the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if durably:
                os.fsync(file.fileno())
        give_to_folders_owner(fresh)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    if not durably:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def outbox_path(state_dir: Path, device_id: str) -> Path:
    """Return the path of the outbox of an enrolment."""
    return state_dir / f"outbox-{device_id}.sqlite3"


def _earlier(state_dir: Path, device_id: str) -> Path:
    return state_dir / f"identity-{device_id}.json"


def key_for_enrolment(state_dir: Path) -> Ed25519PrivateKey:
    """Return the key to enrol with, which is on the disk already.

    The server accepts the same code with the same key again, so an enrolment whose answer was lost can be retried.
    """
    path = state_dir / _FRESH_KEY
    try:
        return _unseal(path.read_bytes())
    except (FileNotFoundError, ValueError):
        key = Ed25519PrivateKey.generate()
        write_privately(path, _seal(key).encode())
        return key


def forget_enrolment_key(state_dir: Path) -> None:
    """Remove the key of an enrolment that was refused for good, or that is complete."""
    (state_dir / _FRESH_KEY).unlink(missing_ok=True)


def _seal(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _unseal(pem: bytes) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise BadSetup("the device key is not an Ed25519 key; enrol the device again")
    return key


def public_key_text(key: Ed25519PrivateKey) -> str:
    """Return the 32 raw bytes of the public key in base64url, as enrolment takes them."""
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Identity(BaseModel):
    """An enrolled device. The private key never leaves the state folder."""

    model_config = ConfigDict(frozen=True)

    server: str
    # A part of file names.
    device_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
    event_id: str
    gate: str | None
    server_public_key: Any
    # The keys of the last heartbeat's answer: after a rotation the platform signs with another one.
    server_public_keys: tuple[str, ...] = ()
    private_key: str
    config: DeviceConfig = Field(default_factory=DeviceConfig)
    # `simulate` makes a demo identity with a local run, and replaces it when that run is gone.
    origin: Literal["enrolled", "demo"] = "enrolled"

    @classmethod
    def load(cls, state_dir: Path) -> Self:
        """Return the identity in this folder."""
        return cls._read(state_dir / _IDENTITY)

    @classmethod
    def load_earlier(cls, state_dir: Path, device_id: str) -> Self:
        """Return the identity of an earlier enrolment, which was kept for its unsent taps."""
        return cls._read(_earlier(state_dir, device_id))

    @classmethod
    def _read(cls, path: Path) -> Self:
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise NotEnrolled(
                f"this device is not enrolled (no {path}); ask an administrator for an enrolment code and run "
                "`gatehouse-reader enroll --server URL --code CODE`"
            ) from None
        except PermissionError:
            raise BadSetup(f"{path} cannot be read by this user; run the agent as the user that enrolled it") from None
        except ValidationError:
            raise BadSetup(
                f"{path} is damaged; enrol the device again with a new code and `enroll --replace` "
                "(the outboxes in the same folder are not touched)"
            ) from None

    @classmethod
    def of(cls, answer: Enrolled, key: Ed25519PrivateKey, *, server: str, origin: Literal["enrolled", "demo"]) -> Self:
        """Return the identity from the answer to an enrolment."""
        return cls(
            server=server,
            device_id=answer.device_id,
            event_id=answer.event_id,
            gate=answer.gate,
            server_public_key=answer.server_public_key,
            private_key=_seal(key),
            config=answer.config,
            origin=origin,
        )

    def store(self, state_dir: Path) -> None:
        """Store this identity."""
        write_privately(state_dir / _IDENTITY, self.model_dump_json(indent=2).encode())

    @staticmethod
    def is_stored(state_dir: Path) -> bool:
        """Return whether this folder has an identity."""
        return (state_dir / _IDENTITY).exists()

    def keep_as_earlier(self, state_dir: Path) -> None:
        """Store this identity beside the next one: its taps can be sent by this device only."""
        write_privately(_earlier(state_dir, self.device_id), self.model_dump_json(indent=2).encode())

    def forget_earlier(self, state_dir: Path) -> None:
        """Remove the kept identity of an earlier enrolment, whose taps are all sent."""
        _earlier(state_dir, self.device_id).unlink(missing_ok=True)

    def platform_keys(self) -> PlatformKeys:
        """Return the keys by which the platform signs: those it named last, else the one of the enrolment."""
        return ticket_code.read_keys(self.server_public_keys) or ticket_code.read_keys([self.server_public_key])

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the device's key."""
        return _unseal(self.private_key.encode())

    def storage_secret(self) -> bytes:
        """Return the secret from which the keys of this device's stores come."""
        return self.signing_key().private_bytes_raw()

    def outbox_path(self, state_dir: Path) -> Path:
        """Return the path of this enrolment's outbox: each enrolment has its own, since it has its own event."""
        return outbox_path(state_dir, self.device_id)

    def assertion(self, *, now: float) -> str:
        """Return a signed proof of identity of this time, in seconds since 1970, by the server's clock if possible."""
        key = self.signing_key()
        # Some seconds in the past, so that a server whose clock is slow does not see a time in the future.
        issued_at = int(now) - 5
        claims = {
            "iss": self.device_id,
            "sub": self.device_id,
            "aud": "gatehouse-device-token",
            "iat": issued_at,
            "exp": issued_at + _ASSERTION_SECONDS,
            "jti": uuid.uuid4().hex,
        }
        return jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": "device-assertion+jwt"})


def read_json(path: Path) -> Any:
    """Return the content of one of the agent's JSON files, or None where there is none."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
