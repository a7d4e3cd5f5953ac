"""The examples of campus: reports."""

from chalicelib.schemas.examples.shared import KEY, ULID, Example

REPORT_ID = f"rep_{ULID}"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
REDACTED_SHA256 = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
SIGNATURE = "bm90LWEtcmVhbC1zaWduYXR1cmU"
EVENT_TITLE = "Quantum mechanics I"

_CHECKED = {
    "valid": True,
    "report_id": REPORT_ID,
    "generated_at": "2026-11-20T10:00:00.000Z",
    "kind": "official",
    "format": "pdf",
    "event_title": EVENT_TITLE,
    "rows": 42,
    "sha256": SHA256,
    "signature": SIGNATURE,
    "redacted_sha256": REDACTED_SHA256,
    "redacted_signature": SIGNATURE,
    "kid": "21fe31df",
    "public_key": KEY,
    "matches": "full",
}

OPERATIONS: dict[str, Example] = {
    "campus_verify_report": Example(None, _CHECKED, query={"sha256": SHA256}),
}
