"""Which numbers get SMS: mobile phones of the countries that the platform serves."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from chalicelib.config import config
from tests.contract.ground import Ground
from tests.support.client import call
from tests.support.settings import configured

_FORGOT = "/api/v1/users/forgot-password/request-otp/"
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_OTHERS = [kind for kind in PhoneNumberType.values() if kind not in (*_MOBILE, PhoneNumberType.UNKNOWN)]


def _asked(number: str) -> tuple[int, str]:
    answer = call("POST", _FORGOT, {"mobile_number": number})
    return answer.status, answer.json["error"]["details"][0]["message"] if answer.status == 400 else ""


def _example(region: str, kind: int) -> str | None:
    number = phonenumbers.example_number_for_type(region, kind)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else None


@pytest.mark.parametrize("kind", _OTHERS, ids=PhoneNumberType.to_string)
def test_a_number_that_is_no_mobile_phone_is_400(ground: Ground, kind: int) -> None:  # noqa: ARG001  # the table
    examples = [_example(region, kind) for region in sorted(config().phone_countries)]
    numbers = [number for number in examples if number and _kind_of(number) not in _MOBILE]

    assert {_asked(number)[0] for number in numbers} <= {400}
    # Each kind exists in one of these countries, or in any: pagers and voicemail are elsewhere.
    elsewhere = [_example(region, kind) for region in phonenumbers.SUPPORTED_REGIONS]
    sent = numbers or [number for number in elsewhere if number and _kind_of(number) not in _MOBILE][:3]
    assert sent
    assert {_asked(number)[0] for number in sent} == {400}


def _region_of(number: str) -> str | None:
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    return None if region is None else str(region)


def _kind_of(number: str) -> int:
    return int(phonenumbers.number_type(phonenumbers.parse(number)))


@pytest.mark.parametrize(
    "number", ["+870773111632", "+881612345678", "+88213123456", "+8835100123456", "+979123456789"]
)
def test_a_number_of_a_satellite_or_of_no_country_is_400(ground: Ground, number: str) -> None:  # noqa: ARG001  # as above
    assert _asked(number)[0] == 400


def test_a_number_of_a_country_that_is_not_served_is_400(ground: Ground) -> None:  # noqa: ARG001  # as above
    others = sorted(phonenumbers.SUPPORTED_REGIONS - config().phone_countries)
    examples = [(region, _example(region, PhoneNumberType.MOBILE)) for region in others]
    # Some islands share the numbers of a larger country, so that an example may be one of those.
    theirs = [(region, number) for region, number in examples if number and _region_of(number) == region]

    assert len(theirs) > 150
    assert {region for region, number in theirs if _asked(number)[0] != 400} == set()


def test_the_countries_are_configured(ground: Ground) -> None:  # noqa: ARG001  # as above
    number = _example("FR", PhoneNumberType.MOBILE)
    assert number is not None
    assert _asked(number) == (400, "must be a number of a country that the platform serves, such as +923001234567")

    with configured(PHONE_COUNTRIES="PK,FR"):
        assert _asked(number)[0] != 400


@pytest.mark.parametrize(
    "number",
    [
        "0300-FLOWERS",
        "+92 300 1000003 ext. 5",
        "+923001000003x5",
        "+923001000003;ext=5",
        "tel:+923001000003;ext=5",
        "+92300100\u202e0003",
        "+923001000003 #5",
    ],
)
def test_letters_and_extensions_are_400(ground: Ground, number: str) -> None:  # noqa: ARG001  # as above
    status, message = _asked(number)

    assert (status, message) == (400, "must be a phone number without letters or extension, such as +923001234567")


@pytest.mark.parametrize(
    "number",
    [
        "0300 1000003",
        "0300-1000003",
        "+92 300 1000003",
        "+92 (300) 100-0003",
        "00923001000003",
        "tel:+923001000003",
        "TEL:+923001000003",
        "(+92) 300 1000003",
        "(0300) 1000003",
        "+ 92 300 1000003",
        "+92 (0)300 1000003",
        "0300/1000003",
        "\u202d+92 300 1000003\u202c",
        "\u0660\u0663\u0660\u0660\u0661\u0660\u0660\u0660\u0660\u0660\u0663",
    ],
)
def test_a_mobile_number_in_national_or_international_form_is_taken(ground: Ground, number: str) -> None:  # noqa: ARG001
    assert _asked(number)[0] != 400
