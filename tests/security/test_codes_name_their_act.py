"""Every code says what it does, to what, and who asked for it: a rule over all purposes, also over the next one."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.access import code_texts, otp, sessions
from chalicelib.domain.organizations import organizations
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.errors import OtpInvalid
from chalicelib.vocabulary.access import OtpPurpose
from tests.support.campus import make_campus, make_campus_user
from tests.support.client import Answer, call
from tests.support.codes import code_in, has_code, texts
from tests.support.factories import PASSWORD, admin_token, make_customer, make_event, make_merchant, make_organizer
from tests.support.shops import make_shop, new_customer, wrong

pytestmark = pytest.mark.usefixtures("moto_cloud")

NUMBER, NEW_NUMBER = "+923031234567", "+923037654321"
EMAIL = "sana@tix.example.com"
SHOP, ORGANIZER, EVENT = "Liberty Books", "Shehr Events", "Winter Concert"


def asked(path: str, **body: Any) -> Answer:
    answer = call("POST", path, body)
    assert answer.status < 300, answer.text
    return answer


def register() -> None:
    asked("/api/v1/users/register/", mobile_number=NUMBER, password=PASSWORD, name="Ayesha Khan")


def log_in() -> None:
    make_customer(mobile_number=NUMBER)
    asked("/api/v1/users/login/", mobile_number=NUMBER, password=PASSWORD)


def reset() -> None:
    make_customer(mobile_number=NUMBER)
    asked("/api/v1/users/forgot-password/request-otp/", mobile_number=NUMBER)


def log_in_to_shop() -> None:
    make_merchant(mobile_number=NUMBER, name=SHOP)
    asked("/api/merchant/login/", mobile_number=NUMBER, password=PASSWORD)


def log_in_as_organizer() -> None:
    make_organizer(contact_mobile=NUMBER, name=ORGANIZER)
    asked("/api/organizer/login/", contact_mobile=NUMBER, password=PASSWORD)


def reset_as_organizer() -> None:
    make_organizer(contact_mobile=NUMBER, name=ORGANIZER)
    asked("/api/organizer/forgot-password/", contact_mobile=NUMBER)


def change_number() -> None:
    token = sessions.start(make_merchant(mobile_number=NUMBER, name=SHOP)).access
    body = {"new_mobile": NEW_NUMBER, "password": PASSWORD}
    assert call("POST", "/api/merchant/change-mobile/", body, token=token).status == 200


def hand_over_a_card() -> None:
    shop = make_shop(SHOP)
    (card,) = shop.stock()
    assert shop.assign(card, new_customer()).status == 201


def prove_an_address() -> None:
    asked("/api/tix/auth/register", email=EMAIL, password=PASSWORD, name="Sana Malik")


def reset_in_tix() -> None:
    who = TixRegistration(email=EMAIL, password=PASSWORD, name="Sana Malik")
    organizations.found(who, organization="City Run")
    asked("/api/tix/auth/forgot-password", email=EMAIL)


def reset_at_campus() -> None:
    email = make_campus_user(make_campus()).email
    asked("/api/campus/auth/password-reset/", email=email)


def cancel_an_event() -> None:
    token = admin_token()
    event = make_event(title=EVENT)
    body = {"dry_run": True, "reason": "Rain", "refund": "all", "notify": True}
    assert call("POST", f"/api/events/{event.event_id}/cancellation/", body, token=token).status == 200


# What sends a code of each purpose, and the act, the object and the asker that its text must name.
RULES: dict[OtpPurpose, tuple[Callable[[], None], str, str, str]] = {
    OtpPurpose.REGISTER: (register, "opens", "customer account for this number", "the app"),
    OtpPurpose.LOGIN: (log_in, "logs in", "your customer account", "with your password"),
    OtpPurpose.RESET: (reset, "resets", "your PASSWORD", "the app"),
    OtpPurpose.MERCHANT_LOGIN: (log_in_to_shop, "logs in", f'shop "{SHOP}"', "shop portal"),
    OtpPurpose.ORGANIZER_LOGIN: (log_in_as_organizer, "logs in", f'organizer "{ORGANIZER}"', "organizer portal"),
    OtpPurpose.ORGANIZER_RESET: (reset_as_organizer, "resets", "your PASSWORD", "organizer portal"),
    OtpPurpose.MOBILE_CHANGE: (change_number, "makes this number the log-in", f'shop "{SHOP}"', "that shop asked"),
    OtpPurpose.TIX_ADDRESS: (prove_an_address, "proves", "this email address for a Tix account", "asked in Tix"),
    OtpPurpose.TIX_RESET: (reset_in_tix, "resets", "your PASSWORD", "Asked in Tix"),
    OtpPurpose.CAMPUS_RESET: (reset_at_campus, "resets", "your PASSWORD", "Asked in campus attendance"),
    OtpPurpose.CARD_ASSIGNMENT: (hand_over_a_card, "gives card ...", f'at "{SHOP}", fee PKR ', "That shop asked"),
    OtpPurpose.CANCELLATION: (cancel_an_event, "CANCELS the event", f'"{EVENT}"', "staff portal"),
}
RESETS = {OtpPurpose.RESET, OtpPurpose.ORGANIZER_RESET, OtpPurpose.TIX_RESET, OtpPurpose.CAMPUS_RESET}


def sent(purpose: OtpPurpose) -> str:
    """Return the one text with a code that a purpose sends."""
    texts()
    RULES[purpose][0]()
    (body,) = [text["body"] for text in texts() if has_code(text)]
    return str(body)


def test_every_purpose_has_a_text_and_a_rule_here() -> None:
    assert set(code_texts.TEXTS) == set(RULES) == set(OtpPurpose)


@pytest.mark.parametrize("purpose", OtpPurpose)
def test_a_text_begins_with_the_platform_and_names_act_object_and_asker(purpose: OtpPurpose) -> None:
    body = sent(purpose)
    assert body.startswith("Gatehouse: ")
    assert [words for words in RULES[purpose][1:] if words not in body] == []
    assert ("never tell it to anybody" in body) == (purpose in RESETS)


@pytest.mark.parametrize("purpose", OtpPurpose)
def test_a_reset_code_has_eight_digits_and_every_other_six(purpose: OtpPurpose) -> None:
    assert len(code_in({"body": sent(purpose)})) == (8 if purpose in RESETS else 6)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(OtpPurpose, 2)))
def test_the_texts_of_two_purposes_differ_in_more_than_their_code(one: OtpPurpose, other: OtpPurpose) -> None:
    first, second = (code_texts.text(purpose, "", name="A", card="E5F6", fee="no fee") for purpose in (one, other))
    assert first != second


@pytest.mark.parametrize("purpose", OtpPurpose)
@pytest.mark.parametrize("name", ["W" * 500, "علی" * 200, "\U0001f600x" * 300, "€" * 300])
def test_a_text_fits_two_sms_with_any_name(purpose: OtpPurpose, name: str) -> None:
    code = "9" * code_texts.digits(purpose)
    body = code_texts.text(purpose, code, name=name, card="E5F6", fee="fee PKR 100000.50")
    # Two SMS in 16-bit letters hold 134 of them, and 306 in the 7-bit form.
    assert len(body.encode("utf-16-le")) // 2 <= 134


def test_the_card_of_a_shop_is_named_with_its_end_and_its_fee() -> None:
    shop = make_shop(SHOP)
    first, second = shop.stock(2)
    customer = new_customer()
    texts()
    shop.assign(first, customer)
    (text,) = texts()
    assert f'gives card ...{first.uid[-4:]} to you at "{SHOP}", fee PKR 500. ' in text["body"]
    assert first.uid not in text["body"]
    held, code = shop.hold(second, customer)
    assert shop.verify(held, wrong(code)).code == "OTP_INVALID"


def test_a_number_that_is_registered_already_hears_so_without_a_code() -> None:
    make_customer(mobile_number=NUMBER)
    register()
    (text,) = texts()
    assert not has_code(text)
    assert text["body"].startswith("Gatehouse: ")


@pytest.mark.parametrize("purpose", OtpPurpose)
def test_a_code_of_one_purpose_verifies_no_other(purpose: OtpPurpose) -> None:
    account = None if purpose is OtpPurpose.REGISTER else make_merchant(mobile_number=NUMBER)
    challenge = otp.send(purpose, NUMBER, account=account, pending={"mobile_number": NUMBER}).challenge_id
    (text,) = texts()
    shown: list[dict[str, Any]] = [
        {"challenge_id": challenge, "mobile_number": None},
        {"challenge_id": None, "mobile_number": NUMBER},
    ]
    for other, named in itertools.product(set(OtpPurpose) - {purpose}, shown):
        with pytest.raises(OtpInvalid):
            otp.verify(other, code_in(text), address=other, **named)
    otp.verify(purpose, code_in(text), address=purpose, **shown[0])
