"""E-mail addresses that a mail can be sent to (RFC 5321 and RFC 5322, without their quoted forms).

The doors check each address that comes in, and notices to customers and owners each one that is stored.
"""

import re

_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# AWS: SES does not support SMTPUTF8 (RFC 6531), so an address is ASCII, its domain in Punycode (API, "Destination").
_REACHABLE = re.compile(rf"(?=.{{1,64}}@){_WORD}(?:\.{_WORD})*@{_LABEL}(?:\.{_LABEL})+")


def is_reachable(address: str) -> bool:
    """Whether a mail can be sent to an address; only delivery shows whether it exists."""
    return _REACHABLE.fullmatch(address) is not None
