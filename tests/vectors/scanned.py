"""Make scanned.json: codes, ids and numbers in the forms in which scanners and hands send them.

The forms come from `tests/support/scanned_forms.py`; the implementation is not asked.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support import scanned_forms as forms
from tests.support.scanned_forms import Form

FILE = Path(__file__).with_name("scanned.json")
_CODES: Mapping[str, Form] = {**forms.CODES, **forms.KEYBOARDS}
# A ticket code's length and alphabet; nobody signed this one.
_TICKET_CODE = "GH1:" + "N5 %*+-./:$ABC0" * 9 + "YZ+ %25Q"
CANONICAL: Mapping[str, tuple[str, Mapping[str, Form]]] = {
    "ticket_code": (_TICKET_CODE, {**_CODES, **forms.NESTED}),
    "identifier": ("tkt_01JDEM00000000000000000001", {**_CODES, **forms.GROUPED}),
    "card_name": ("04A1B2C3D4E5F6", {**_CODES, **forms.GROUPED, **forms.HYPHENED}),
    "numbered_ticket": ("VIP-000001", {**forms.CODES, **forms.KEYBOARDS_OF_NUMBERS, **forms.GROUPED}),
    "enrolment_code": ("ABCD2345WXYZ", {**forms.CODES, **forms.GROUPED, **forms.HYPHENED}),
    "one_time_code": ("012345", {**forms.AROUND, **forms.GROUPED, **forms.HYPHENED}),
    "iban": ("PK36SCBL0000001123456702", {**forms.AROUND, **forms.GROUPED, **forms.HYPHENED, **forms.IN_EITHER_CASE}),
    "phone_number": ("+923001000003", forms.AROUND),
}


def cases() -> Iterator[dict[str, str]]:
    """Yield each form of each kind; `expected` is the canonical text."""
    for kind, (text, given) in CANONICAL.items():
        for name, form in given.items():
            yield {"kind": kind, "form": name, "input": form(text), "expected": text}


def written() -> str:
    """Return the content of the file."""
    lines = ",\n".join(json.dumps(case) for case in cases())
    return f'{{"format": 1, "cases": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
    sys.stdout.write(f"{FILE.name}: {sum(1 for _ in cases())} cases\n")
