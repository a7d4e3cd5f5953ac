"""Who was erased, noted outside of the table: a restore brings back who was erased after its minute (D-DR-04).

A note is a file of an id and nothing else. It is written before anything is erased, and outlives every backup.
`make erase-again` reads the notes.
"""

import json
from datetime import datetime

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.vocabulary.access import Portal

# A rule of the bucket ends the notes (infra/resources/buckets.yaml).
PREFIX = "erasures/"


def note(portal: Portal, account_id: str, *, by: str, asked_at: datetime) -> None:
    """Note that an account is being erased; idempotent. Raises Unavailable."""
    said = {"portal": portal, "account_id": account_id, "by": by, "asked_at": clock.to_text(asked_at)}
    files.write(f"{PREFIX}{portal}/{account_id}.json", json.dumps(said).encode(), content_type="application/json")
