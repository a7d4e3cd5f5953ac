"""The NDEF message of a gate's cards: one address."""

import ndef


def address_message(address: str) -> bytes:
    """Return an NDEF message with one URI record."""
    return b"".join(ndef.message_encoder([ndef.UriRecord(address)]))
