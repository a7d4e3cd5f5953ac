"""An owner hears of each change of a way in or of their money: on number and e-mail, without a secret or a link."""

import re
from collections.abc import Callable
from typing import Any

import pyotp
import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts, new_accounts, notices, sessions
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardStatus
from tests.support.client import call
from tests.support.codes import code_for, has_code, texts
from tests.support.desk import ask, new_uid
from tests.support.factories import (
    PASSWORD,
    admin_token,
    make_customer,
    make_merchant,
    make_organizer,
    unused_number,
    with_second_factor,
)
from tests.support.notices import chooses
from tests.support.shops import make_shop

pytestmark = pytest.mark.usefixtures("moto_cloud")

EMAIL, NEW_EMAIL = "owner@example.com", "thief@example.com"
NEW_PASSWORD = "another long password"
IBAN = "PK36SCBL0000001123456702"
PROFILES = {"customer": "/api/v1/users/profile/", "organizer": "/api/organizer/profile/"}


def send(method: str, path: str, body: Any, account: Account | None = None) -> Any:
    token = sessions.start(account).access if account else None
    answer = call(method, path, body, token=token)
    assert answer.status < 300, answer.text
    return answer.json


def customer() -> Account:
    account = make_customer()
    send("PUT", PROFILES["customer"], {"email": EMAIL}, account)
    return account


def organizer() -> Account:
    account = make_organizer()
    send("PUT", PROFILES["organizer"], {"email": EMAIL}, account)
    return account


def merchant() -> Account:
    account = make_merchant()
    send("PUT", "/api/merchant/settings/", {"email": EMAIL}, account)
    return account


def new_password(make: Callable[[], Account], path: str) -> Callable[[], Account]:
    def change() -> Account:
        account = make()
        send("POST", path, {"old_password": PASSWORD, "new_password": NEW_PASSWORD}, account)
        return account

    return change


def reset_by_a_customer() -> Account:
    account = customer()
    body = {"mobile_number": account.mobile_number}
    send("POST", "/api/v1/users/forgot-password/request-otp/", body)
    body |= {"otp": code_for(str(account.mobile_number)), "new_password": NEW_PASSWORD}
    send("POST", "/api/v1/users/reset-password/", body)
    return account


def reset_by_an_organizer() -> Account:
    account = organizer()
    body = {"contact_mobile": account.mobile_number}
    send("POST", "/api/organizer/forgot-password/", body)
    body |= {"otp": code_for(str(account.mobile_number)), "new_password": NEW_PASSWORD}
    send("POST", "/api/organizer/reset-password/", body)
    return account


def new_number() -> Account:
    account, number = merchant(), unused_number()
    begun = send("POST", "/api/merchant/change-mobile/", {"new_mobile": number, "password": PASSWORD}, account)
    body = {"challenge_id": begun["challenge_id"], "otp": code_for(number)}
    send("POST", "/api/merchant/verify-mobile-change/", body, account)
    return account


def new_bank_account(make: Callable[[], Account], path: str) -> Callable[[], Account]:
    def change() -> Account:
        account = make()
        # A new address in the same request does not hear of it.
        body = {"bank_account": {"title": "Ayesha Khan", "iban": IBAN}, "email": NEW_EMAIL}
        send("PUT", path, body, account)
        return account

    return change


def bound_card() -> Account:
    account, shop = customer(), make_shop()
    (card,) = shop.stock()
    shop.hand_over(card, account)
    return account


def card_that_was_sent() -> Account:
    account, uid = customer(), cards.register(CardRegistration(new_uid(), status=CardStatus.STOCK)).uid
    asked = send("POST", "/api/v1/users/nfc-cards/request/", {"delivery": "post", "address": "12 Mall"}, account)
    for body in ({"action": "approve"}, {"action": "send", "card_uid": uid}, {"action": "send", "card_uid": uid}):
        assert ask("PUT", f"card-requests/{asked['id']}/", body).status == 200
    return account


def replaced_card() -> Account:
    account, shop = customer(), make_shop()
    old, new = shop.stock(2)
    shop.hand_over(old, account)
    texts()
    replacement = {"to_uid": new.uid, "reason": "Lost it."}
    assert ask("POST", f"nfc-cards/{old.card_id}/transfer/", replacement).status == 200
    return account


def log_in_of_a_customer(account: Account, user_agent: str) -> None:
    headers, body = {"user-agent": user_agent}, {"mobile_number": account.mobile_number, "password": PASSWORD}
    begun = call("POST", "/api/v1/users/login/", body, headers=headers).json
    proof = {"challenge_id": begun["challenge_id"], "otp": code_for(str(account.mobile_number))}
    assert call("POST", "/api/v1/users/verify-login-otp/", proof, headers=headers).status == 200


def new_device() -> Account:
    account = customer()
    log_in_of_a_customer(account, "okhttp/4.12.0")
    log_in_of_a_customer(account, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
    return account


def staff() -> Account:
    return new_accounts.create_admin(email=EMAIL, password=PASSWORD, name="Staff", role=AdminRole.SUPER_ADMIN)


def second_factor_switched_on() -> Account:
    account = staff()
    secret = send("POST", "/api/auth/totp/", {}, account)["secret"]
    send("POST", "/api/auth/totp/", {"code": pyotp.TOTP(secret).at(clock.now())}, account)
    return account


def second_factor_removed() -> Account:
    account = staff()
    secret = with_second_factor(account)
    texts()
    token = sessions.start(account).access
    code = {"code": pyotp.TOTP(secret).at(clock.now())}
    assert call("DELETE", "/api/auth/totp/", code, token=token).status == 204
    return account


def recovery_codes_renewed() -> Account:
    account = staff()
    secret = with_second_factor(account)
    texts()
    send("POST", "/api/auth/totp/", {"code": pyotp.TOTP(secret).at(clock.now())}, account)
    return account


def new_email() -> Account:
    account = staff()
    body = {"email": "another@example.com", "version": account.version}
    assert call("PUT", f"/api/users/{account.account_id}/", body, token=admin_token()).status == 200
    return account


# The kinds of change, and each way to make one; each returns the account as it was before.
CHANGES: dict[Changed, dict[str, Callable[[], Account]]] = {
    Changed.PASSWORD: {
        "a customer's": new_password(customer, "/api/v1/users/change-password/"),
        "a shop's": new_password(merchant, "/api/merchant/change-password/"),
        "an organizer's": new_password(organizer, "/api/organizer/profile/change-password/"),
        "a customer's, forgotten": reset_by_a_customer,
        "an organizer's, forgotten": reset_by_an_organizer,
    },
    Changed.NUMBER: {"a shop's": new_number},
    Changed.BANK_ACCOUNT: {
        "a customer's": new_bank_account(customer, PROFILES["customer"]),
        "an organizer's": new_bank_account(organizer, PROFILES["organizer"]),
    },
    Changed.CARD: {
        "a customer's": bound_card,
        "a customer's, sent by staff": card_that_was_sent,
        "a customer's, replaced by staff": replaced_card,
    },
    Changed.NEW_DEVICE: {"a customer's": new_device},
    Changed.EMAIL: {"staff's": new_email},
    Changed.RECOVERY_CODE: {"staff's, renewed": recovery_codes_renewed},
    Changed.SECOND_FACTOR: {"staff's, switched on": second_factor_switched_on, "staff's, off": second_factor_removed},
}
WAYS = [(kind, name) for kind, ways in CHANGES.items() for name in ways]


def test_every_kind_of_change_has_a_text_and_a_test() -> None:
    assert set(notices.TEXTS) == set(CHANGES) == set(Changed)


@pytest.mark.parametrize(("kind", "name"), WAYS)
def test_the_owner_hears_of_a_change_on_the_number_and_address_from_before_it(kind: Changed, name: str) -> None:
    texts()
    account = CHANGES[kind][name]()
    found = [text for text in texts() if not has_code(text)]
    by_number = {("sms", account.mobile_number)} if account.mobile_number else set()
    assert {(text["channel"], text["to"]) for text in found} == {*by_number, ("email", EMAIL)}
    (body,) = {text["body"] for text in found}
    assert body.startswith("Gatehouse: ")
    assert kind.replace("_", " ") in body
    assert "If that was not you" in body
    secrets = [PASSWORD, NEW_PASSWORD, IBAN, IBAN[-4:], str(account.mobile_number), EMAIL, NEW_EMAIL]
    assert [secret for secret in secrets if secret in body] == []
    assert re.search(r"://|www\.|\w\.\w|[0-9]{5}", body.replace("...", "")) is None


def test_staff_hear_of_a_new_password_on_the_address_that_they_log_in_with() -> None:
    admin = staff()
    texts()
    accounts.change_password(admin.account_id, old_password=PASSWORD, new_password=NEW_PASSWORD)
    assert [(text["channel"], text["to"]) for text in texts()] == [("email", EMAIL)]


def test_a_refused_change_sends_no_notice() -> None:
    account = customer()
    texts()
    body = {"old_password": "a wrong password", "new_password": NEW_PASSWORD}
    path = "/api/v1/users/change-password/"
    assert call("POST", path, body, token=sessions.start(account).access).status == 401
    assert texts() == []


def test_a_stored_address_that_no_mail_reaches_leaves_the_number() -> None:
    account = chooses(make_customer(), email="ali..khan@example.com")
    send(
        "POST",
        "/api/v1/users/change-password/",
        {"old_password": PASSWORD, "new_password": NEW_PASSWORD},
        account,
    )
    assert [text["to"] for text in texts()] == [account.mobile_number]
