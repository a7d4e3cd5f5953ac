"""Phone numbers (ITU-T E.164): how they are read, and which of them get SMS.

The doors check each number that comes in, and the sender of SMS each number that goes out.
"""

import re

from chalicelib.config import config

# No letters and no extension: the library would read both. A slash parts digits, and at the end it is a path's.
_DIALLED = re.compile(r"\(? ?(\+ ?)?\(?[0-9][0-9 ()./-]*(?<!/)")
_EXAMPLE = "such as +923001234567"


class NumberRefused(ValueError):
    """A text that is no number, or a number that gets no SMS; `code` names the reason for a client, if there is one."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        """`message` continues the name of a field."""
        super().__init__(f"{message}, {_EXAMPLE}")
        self.code = code


def e164(text: str) -> str:
    """Return a number in E.164, read as a number of the platform's own country by default. Raises NumberRefused."""
    import phonenumbers  # its tables would weigh on the cold start of every route

    if not _DIALLED.fullmatch(text):
        raise NumberRefused("must be a phone number without letters or extension", code="number_type")
    try:
        number = phonenumbers.parse(text, config().phone_region)
    except phonenumbers.NumberParseException as error:
        raise NumberRefused("must be a phone number") from error
    if not phonenumbers.is_valid_number(number):
        raise NumberRefused("must be a phone number that exists")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mobile(number: str) -> str:
    """Return an E.164 number that the platform sends SMS to. Other kinds are dear, and reach nobody's mobile phone.

    Raises NumberRefused.
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException as error:
        raise NumberRefused("must be a phone number") from error
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    region = country(number)
    if region is None or phonenumbers.number_type(parsed) not in kinds:
        raise NumberRefused("must be the number of a mobile phone", code="number_type")
    if region not in config().phone_countries:
        raise NumberRefused("must be a number of a country that the platform serves", code="number_country")
    return number


def country(number: str) -> str | None:
    """Return the ISO 3166 code of an E.164 number's country, or None for satellites and other networks."""
    import phonenumbers

    region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    return None if region in (None, phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY) else str(region)


def national(number: str) -> str:
    """Return an E.164 number as people of its country write it, digits only."""
    import phonenumbers

    parsed = phonenumbers.parse(number)
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(character for character in written if character.isdigit())
