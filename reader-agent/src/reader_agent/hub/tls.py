"""Mutual TLS 1.3 between the devices of one event, without an authority: the peers' public keys are the whole trust.

Python's TLS accepts a client's certificate by a chain only. So each side makes its own small chain: its device's key
certifies the keys that the signed snapshot lists as peers (a root and one certificate for each peer, in memory), and
each side shows a certificate that its own device's key signed. OpenSSL then ends a handshake with any other key, and
`PinnedSocket` compares the key of the session with the peers once more before the first byte is read.

The dates of these certificates say nothing, since a gate's clock may be in 1970. A key is trusted as long as it is
listed: the list comes with a snapshot that is signed and ends after a day.
"""

import base64
import errno
import os
import ssl
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID

_FIRST_DAY, _LAST_DAY = datetime(1970, 1, 1), datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001  # X.509 knows UTC only


@dataclass(frozen=True)
class Peer:
    """A device of the event, as the snapshot lists it."""

    device_id: str
    public_key: bytes
    gate: str | None = None

    @classmethod
    def read(cls, *, device_id: str, public_key: str, gate: str | None = None) -> Self:
        """Return the peer of a snapshot's entry. Raises ValueError where its key is no Ed25519 key."""
        raw = base64.urlsafe_b64decode(public_key + "=" * (-len(public_key) % 4))
        Ed25519PublicKey.from_public_bytes(raw)
        return cls(device_id, raw, gate)


@dataclass(frozen=True)
class Member:
    """This device, as one of its event."""

    event_id: str
    device_id: str
    key: Ed25519PrivateKey
    gate: str | None = None

    @property
    def peer(self) -> Peer:
        """This device as the others see it."""
        return Peer(self.device_id, self.key.public_key().public_bytes_raw(), self.gate)


class NotAPeer(ssl.SSLCertVerificationError):
    """The other side's key is not one that may speak here."""


class PinnedSocket(ssl.SSLSocket):
    """A connection whose other side is a peer."""

    peer: Peer

    def getpeername(self) -> Any:
        """Return the other side's address. Raises ConnectionResetError where it was gone before the handshake.

        Python asks for the address when it makes this socket. Of one that is not connected it returns a socket without
        a handshake, or raises and leaves the socket open.
        """
        try:
            return super().getpeername()
        except OSError as gone:
            if gone.errno != errno.ENOTCONN or "peer" in vars(self):
                raise
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, "the other side left before the handshake") from gone

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # the standard library's signature
        """Complete the handshake; raise NotAPeer where the other side's key is not trusted."""
        super().do_handshake(block)
        assert isinstance(self.context, PeerContext)  # noqa: S101 # nosec B101  # made by it
        self.peer = self.context.peer_of(self.getpeercert(binary_form=True))


class PeerContext(ssl.SSLContext):
    """The TLS settings of one side: its key, and the keys that it accepts."""

    sslsocket_class = PinnedSocket
    _peers: Mapping[bytes, Peer]

    @classmethod
    def of_hub(cls, key: Ed25519PrivateKey, peers: Iterable[Peer]) -> Self:
        """Return the hub's side, which accepts these peers."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        # A resumed session would go by an earlier list of peers.
        context.num_tickets = 0
        context.prepare(key, peers)
        return context

    @classmethod
    def of_agent(cls, key: Ed25519PrivateKey, hubs: Iterable[Peer]) -> Self:
        """Return an agent's side, which accepts these peers as its hub."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.prepare(key, hubs)
        return context

    def prepare(self, key: Ed25519PrivateKey, peers: Iterable[Peer]) -> None:
        """Show this key, and accept these peers only."""
        self._peers = {peer.public_key: peer for peer in peers}
        # A peer is its key; the address by which it was reached says nothing.
        self.check_hostname = False
        self.verify_mode = ssl.CERT_REQUIRED
        self.verify_flags |= ssl.VERIFY_X509_STRICT
        self.minimum_version = ssl.TLSVersion.TLSv1_3
        own = key.public_key()
        chain = [_certificate(own, _name(own, "root"), key, _name(own, "root"), signs=True)]
        for peer in self._peers.values():
            theirs = Ed25519PublicKey.from_public_bytes(peer.public_key)
            chain.append(_certificate(theirs, _name(theirs, "device"), key, _name(own, "root"), signs=True))
        self.load_verify_locations(cadata=b"".join(_der(certificate) for certificate in chain))
        _show(self, key, _certificate(own, _name(own, "session"), key, _name(own, "device"), signs=False))

    def peer_of(self, certificate: bytes | None) -> Peer:
        """Return the peer whose own key is the certificate's. Raises NotAPeer."""
        shown = x509.load_der_x509_certificate(certificate).public_key() if certificate else None
        peer = self._peers.get(shown.public_bytes_raw()) if isinstance(shown, Ed25519PublicKey) else None
        if peer is None:
            raise NotAPeer("the other side's key is not among this event's devices")
        return peer


def _name(key: Ed25519PublicKey, role: str) -> x509.Name:
    text = base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, text),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role),
        ]
    )


def _certificate(
    key: Ed25519PublicKey, name: x509.Name, signer: Ed25519PrivateKey, issuer: x509.Name, *, signs: bool
) -> x509.Certificate:
    usage: dict[str, Any] = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=name,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=_FIRST_DAY,
        not_valid_after=_LAST_DAY,
    )
    depth = 0 if signs and issuer != name else None
    builder = builder.add_extension(x509.BasicConstraints(ca=signs, path_length=depth), critical=True)
    builder = builder.add_extension(
        x509.KeyUsage(digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, **usage), critical=True
    )
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    issuing = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return builder.add_extension(issuing, critical=False).sign(signer, None)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _show(context: ssl.SSLContext, key: Ed25519PrivateKey, certificate: x509.Certificate) -> None:
    """Give a context its own certificate and key. Python reads them from a file only, so the file is in memory."""
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("gatehouse"), "wb", buffering=0) as file:
            file.write(pem)
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
