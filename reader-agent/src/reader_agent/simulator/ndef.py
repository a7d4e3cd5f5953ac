"""The content of simulated cards."""


def address_message(address: str) -> bytes:
    """Return an NDEF message with one address."""
    import ndef  # the optional extra brings it; the other commands work without

    return b"".join(ndef.message_encoder([ndef.UriRecord(address)]))
