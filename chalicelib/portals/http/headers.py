"""Header values that this code reads: each is bounded before anything reads it.

idempotent_answers.py bounds the Idempotency-Key, cookies.py the cookie, domain/access/visitors.py the User-Agent.
"""

from collections.abc import Mapping

from chalicelib.errors import BadSignature, Refusal, Unauthenticated, ValidationFailed

# In characters. API Gateway itself accepts 10,240 bytes of headers in all.
LONGEST: Mapping[str, int] = {
    "accept": 1024,
    "authorization": 8192,
    "content-type": 1024,
    "gatehouse-signature": 1024,
    "if-none-match": 1024,
    "if-range": 1024,
    "origin": 1024,
    "range": 1024,
    "stripe-signature": 1024,
    "x-csrf-token": 256,
}
_NAMES = {
    "accept": "Accept",
    "content-type": "Content-Type",
    "if-none-match": "If-None-Match",
    "if-range": "If-Range",
    "origin": "Origin",
    "range": "Range",
}
# Those that prove something: a value that cannot be right is refused as a wrong one.
_PROOFS: Mapping[str, type[Refusal]] = {
    "authorization": Unauthenticated,
    "gatehouse-signature": BadSignature,
    "stripe-signature": BadSignature,
    "x-csrf-token": Unauthenticated,
}


def require_bounded(headers: Mapping[str, str], *, reads_token: bool) -> None:
    """Raise ValidationFailed, Unauthenticated or BadSignature for a value that is too long or not printable ASCII.

    An open route does not read the access token.
    """
    for name, longest in LONGEST.items():
        value = headers.get(name) if name != "authorization" or reads_token else None
        if value is None or (len(value) <= longest and value.isascii() and value.isprintable()):
            continue
        if name in _PROOFS:
            raise _PROOFS[name]
        message = f"must have at most {longest} printable ASCII characters"
        raise ValidationFailed(details=[{"field": _NAMES[name], "message": message}])
