"""What the examples of all portals share: ids and tokens that the platform makes, and the shape of an example."""

from typing import Any

from msgspec import Struct

CARD_ID = "crd_01K9ZC3V8G0000400TC7B6KYQ6"
# For ids of which only the prefix matters.
ULID = "01K9ZC3V8G0000400TC7B6KYQ6"
LOG_ID = "log_01K9ZC8N1RQ4TW1D0B5M7XJ2FA"
SCAN_ID = "scn_01K9ZC8MZ3Y6A9P2E7V4HD5KGR"
DEVICE_ID = "dev_01K9ZBX3N5C7T9F2W4Q6R8M0JS"
PHONE_ID = "phn_01K9ZBX7H2M4P6R8T0V2X4Z6A8"
INSTALLATION_ID = "5f0c1f3e-7a54-4a0e-9a51-0f6c2b7d9e10"
CURSOR = "WzE3OF0.bm90LWEtcmVhbC1jdXJzb3I"
USHER_ID = "ush_01K9ZBW0V2D4G6J8M1P3R5T7XZ"
ADMIN_ID = "adm_01K9ZBV0A1B2C3D4E5F6G7H8JK"
SESSION_ID = "ses_01K9ZC6H2M4P6R8T0V2X4Z6A8C"

# Shapes of the real ones, proving nothing.
ACCESS = "eyJhbGciOiJFZERTQSIsImtpZCI6IjAwMDAwMDAwIiwidHlwIjoiYXQrand0In0.eyJhdWQiOiJ1c2hlciJ9.c2lnbmF0dXJl"
REFRESH = f"{SESSION_ID}.1.bm90LWEtcmVhbC1yZWZyZXNoLXRva2Vu"
ASSERTION = "eyJhbGciOiJFZERTQSIsInR5cCI6ImRldmljZS1hc3NlcnRpb24rand0In0.eyJzdWIiOiJkZXYifQ.c2lnbmF0dXJl"
KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


TOKENS = {"access": ACCESS, "refresh": REFRESH, "token_type": "Bearer", "expires_in": 900}


class Example(Struct, frozen=True):
    """The body and query that are sent, where the operation takes them, and the body that is answered."""

    request: dict[str, Any] | None = None
    answer: dict[str, Any] | list[dict[str, Any]] | None = None
    query: dict[str, str] | None = None


def page(entry: dict[str, Any], *, count: int | None = None) -> dict[str, Any]:
    """Return a list of one entry."""
    return {"results": [entry], "next": None, "count": count}
