"""The text of each code: what the code does, to what, and who asked for it (contract, "Every code names its act").

A person reads a code out to anyone who asks for it, so the text says what happens then. It begins with the platform's
own words and fits two SMS, also where a name needs 16-bit letters.
"""

from collections.abc import Mapping

from msgspec import Struct

from chalicelib.domain.quotations import quote
from chalicelib.table.items import Account, Challenge
from chalicelib.vocabulary.access import OtpPurpose

_LONGEST_NAME = 24
_NEVER_TELL = "resets your PASSWORD: never tell it to anybody."


class CodeText(Struct, frozen=True):
    """How the text of a purpose goes on after its code, and how many digits the code has.

    `{name}` is the account's name, `{card}` a card by its last digits, `{fee}` what it costs.
    """

    act: str
    digits: int = 6
    # Of an e-mail; other codes go out as SMS.
    subject: str | None = None


TEXTS: Mapping[OtpPurpose, CodeText] = {
    OtpPurpose.REGISTER: CodeText("opens a customer account for this number, as asked in the app."),
    OtpPurpose.LOGIN: CodeText("logs in to your customer account, as asked in the app with your password."),
    OtpPurpose.RESET: CodeText(f"{_NEVER_TELL} Asked in the app for your customer account.", digits=8),
    OtpPurpose.MERCHANT_LOGIN: CodeText("logs in to your shop {name}, as asked in the shop portal."),
    OtpPurpose.ORGANIZER_LOGIN: CodeText("logs in to organizer {name}, as asked in the organizer portal."),
    OtpPurpose.ORGANIZER_RESET: CodeText(f"{_NEVER_TELL} Asked in the organizer portal.", digits=8),
    OtpPurpose.MOBILE_CHANGE: CodeText("makes this number the log-in of shop {name}, as that shop asked."),
    OtpPurpose.CARD_ASSIGNMENT: CodeText("gives {card} to you at {name}, {fee}. That shop asked."),
    OtpPurpose.TIX_ADDRESS: CodeText(
        "proves this email address for a Tix account, as asked in Tix at its registration or log-in.",
        subject="[Gatehouse] Prove your email address",
    ),
    OtpPurpose.TIX_RESET: CodeText(
        f"{_NEVER_TELL} Asked in Tix for your account.", digits=8, subject="[Gatehouse] Reset your password"
    ),
    OtpPurpose.CAMPUS_RESET: CodeText(
        f"{_NEVER_TELL} Asked in campus attendance for your account.",
        digits=8,
        subject="[Gatehouse] Reset your password",
    ),
    OtpPurpose.CANCELLATION: CodeText(
        "CANCELS the event {name}, {fee}. Asked in the staff portal.",
        subject="[Gatehouse] Cancel an event",
    ),
}
_REGISTERED = "Gatehouse: this number was to be registered, but has an account already. Log in, or reset the password."


def digits(purpose: OtpPurpose) -> int:
    """Return how many digits the codes of a purpose have."""
    return TEXTS[purpose].digits


def subject(purpose: OtpPurpose) -> str | None:
    """Return the subject of the e-mail that sends a code, or None for a code that goes out as SMS."""
    return TEXTS[purpose].subject


def text(purpose: OtpPurpose, code: str, *, name: str, card: str = "", fee: str = "") -> str:
    """Return the text that sends a code. `name` is a person's words, in quotation marks.

    `card` are the last digits of a card; without them the shop has not chosen one yet.
    """
    chosen = f"card ...{card}" if card else "a card"
    act = TEXTS[purpose].act.format(name=quote(name, longest=_LONGEST_NAME), card=chosen, fee=fee)
    return f"Gatehouse: {code} {act} Valid 5 min."


def of_challenge(challenge: Challenge, code: str, account: Account | None) -> str:
    """Return the text that sends a challenge's code; to a registered number that is registered again, one without."""
    purpose, pending = challenge.purpose, challenge.pending or {}
    if purpose is OtpPurpose.REGISTER and account is not None:
        return _REGISTERED
    return text(
        purpose,
        code,
        name=pending.get("shop") or pending.get("event_title") or (account.name if account else ""),
        card=pending.get("card", ""),
        fee=pending.get("fee", ""),
    )
