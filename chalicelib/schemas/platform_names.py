"""Names that a shop, an organizer or an organization cannot have, since people would take them for the platform's."""

import re
import string
import unicodedata
from collections.abc import Container
from typing import Annotated

from pydantic import AfterValidator

from chalicelib.schemas.texts import Name

_PLATFORM = "gatehouse"
_BESIDE = frozenset(
    re.findall(
        r"\w+",
        "account accounts admin alert alerts app bank billing booking bookings card cards care center centre code "
        "cash co codes com counter customer desk dev eu event events example finance head help helpdesk hotline inc "
        "info io limited live login ltd merchant merchants my net no office official online org organizer organizers "
        "otp password pay payment payments payout payouts pin pk platform pvt refund refunds reply s secure security "
        "service services shop shops site sms staff store stores support system team the ticket tickets uk us "
        "verification verified verify wallet wallets web website www your ",
    )
)
# Letters and digits that look like a Latin letter (a part of Unicode TS 39), after case folding.
_LOOKS_LIKE = str.maketrans(
    "аαɑ@4ьвсϲԁеєɛε3ɡցգһհнηіιıӏl1јкκмոпоοօ0σрρѕ5$тτ7υսцѵνхχуγ"  # noqa: RUF001
    "ǥħɨłøɵŧ†ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "aaaaabbccdeeeeeggghhhhiiiiiijkkmnnoooooppssstttuuuvvxxyyghiioottabcdefghijkimnoprstuvwyz",
)
# Circles, squares and halves of flags, a letter each, which have no compatible letter in Unicode.
_LOOKS_LIKE |= {
    first + place: ord(letter.translate(_LOOKS_LIKE))
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for place, letter in enumerate(string.ascii_lowercase)
}
_WORDS = frozenset(word.translate(_LOOKS_LIKE) for word in (_PLATFORM, *_BESIDE))


def imitates_platform(name: str) -> bool:
    """Whether a name reads as the platform's own: alone, or with numbers and words such as "support" or "code"."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    folded = plain.translate(_LOOKS_LIKE)
    letters = [place for place, letter in enumerate(folded) if letter.isalnum()]
    text = "".join(folded[place] for place in letters)
    digits = {number for number, place in enumerate(letters) if plain[place].isdecimal()}
    return _PLATFORM in text and _is_of_words(text, digits)


def _is_of_words(text: str, digits: Container[int]) -> bool:
    """Whether a text is nothing but such words and digits; `digits` are the places that were written as digits.

    It takes a step for each letter. A regular expression takes one for each way to part the text, such as "helpdesk"
    and "help desk", and those double with each word.
    """
    begins = {0}
    for place in range(len(text)):
        if place in begins:
            begins |= {place + len(word) for word in _WORDS if text.startswith(word, place)}
            if place in digits:
                begins.add(place + 1)
    return len(text) in begins


def require_own(name: str) -> str:
    """Return a name that is not an imitation of the platform's. Raises ValueError."""
    if imitates_platform(name):
        raise ValueError("must not read as a name of the platform")
    return name


PublicName = Annotated[Name, AfterValidator(require_own)]
