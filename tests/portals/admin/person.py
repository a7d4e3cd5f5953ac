"""A customer with everything that the platform can know of a person, entered through the public doors."""

import io
import uuid
from dataclasses import dataclass, field
from typing import Any

from chalicelib.clients import files
from chalicelib.domain.access import accounts
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from tests.portals.webapp.evening import Evening, card_of, make_evening
from tests.support import wallets
from tests.support.client import Answer, call
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, unused_number

_USERS = "/api/v1/users"
# What they load their card with.
LOADED = "700.00"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Somebody:
    """A customer and their identifiers, each a text that is found nowhere else."""

    account: Account
    token: str
    evening: Evening
    card_uid: str
    identifiers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        return call(method, f"{_USERS}/{path}", body, token=self.token)


def picture() -> bytes:
    """Return a photo that no other test has."""
    from PIL import Image

    made = io.BytesIO()
    seed = uuid.uuid4().bytes
    image = Image.new("RGB", (32, 32), (seed[0], seed[1], seed[2]))
    image.putpixel((seed[3] % 32, seed[4] % 32), (seed[5], seed[6], seed[7]))
    image.save(made, "JPEG")
    return made.getvalue()


def make_somebody(tag: str | None = None) -> Somebody:
    """Register a customer who enters everything."""
    tag = tag or uuid.uuid4().hex[:6]
    number, contact_number = unused_number("3"), unused_number("4")
    known = {
        "name": f"Zubaida Qur{tag}shi",
        "mobile_number": number,
        "email": f"zq.{tag}@mail.example.org",
        "date_of_birth": "1907-05-29",
        "contact_name": f"Gulnaz Mir{tag}za",
        "contact_number": contact_number,
        "iban": "PK36SCBL0000001123456702",
        "dependent_name": f"Danyal Wah{tag}eed",
        "dependent_birth": "1911-11-13",
        "payment_token": f"pm_{tag}_saved_method",
        "address": f"House {tag}, Street of Roses",
        "device": "Firefox",
        "label": f"label-{tag}",
    }
    sent = call(
        "POST",
        f"{_USERS}/register/",
        {"mobile_number": number, "password": PASSWORD, "name": known["name"], "email": known["email"]},
    )
    code = code_for(number)
    registered = call(
        "POST",
        f"{_USERS}/verify-otp/",
        {"challenge_id": sent.json["challenge_id"], "otp": code},
        headers={"user-agent": _AGENT},
    )
    assert registered.status in (200, 201), registered.text
    account = accounts.find(Portal.WEBAPP, number)
    assert account is not None
    card = card_of(account, f"04{uuid.uuid4().hex[:12]}")
    wallets.credit(card.uid, 500_000)
    somebody = Somebody(account, registered.json["access"], make_evening(), card.uid, known)
    _enter(somebody)
    texts()
    return somebody


def _enter(somebody: Somebody) -> None:
    known = somebody.identifiers
    contact = {"name": known["contact_name"], "mobile_number": known["contact_number"]}
    profile = {
        "date_of_birth": known["date_of_birth"],
        "emergency_contact": contact,
        "blood_type": "AB-",
        "bank_account": {"title": known["name"], "iban": known["iban"]},
        "photo": {"content_type": "image/jpeg", "size": 4_000},
    }
    form = _done(somebody.call("PUT", "profile/", profile))["photo_upload"]
    files.write(form["fields"]["key"], picture(), content_type="image/jpeg")
    _done(somebody.call("PUT", "profile/", {"photo_key": form["fields"]["key"]}))
    child = {"name": known["dependent_name"], "relation": "son", "date_of_birth": known["dependent_birth"]}
    dependent = _done(somebody.call("POST", "dependents/", {**child, "blood_type": "B+", "emergency_contact": contact}))
    _done(somebody.call("POST", "favorites/", {"event_id": somebody.evening.event.event_id}))
    _done(somebody.call("POST", "nfc-cards/request/", {"delivery": "post", "address": known["address"]}))
    reload = {
        "enabled": True,
        "threshold": "100.00",
        "amount": "500.00",
        "payment_token": known["payment_token"],
    }
    _done(somebody.call("POST", f"nfc-cards/{somebody.card_uid}/auto-reload-settings/", reload))
    loaded = _done(somebody.call("POST", f"nfc-cards/{somebody.card_uid}/reload/", {"amount": LOADED}))
    _done(call("POST", "/api/v1/payments/confirm/", {"payment_id": loaded["id"]}, token=somebody.token))
    category = somebody.evening.category
    booking = {
        "event_id": category.event_id,
        "items": [
            {
                "category_id": category.category_id,
                "quantity": 2,
                "holders": [{"name": known["dependent_name"], "dependent_id": dependent["id"]}],
            }
        ],
    }
    order = _done(call("POST", "/api/v1/tickets/book/", booking, token=somebody.token))
    paid = {"booking_id": order["id"], "method": "wallet", "card_id": somebody.card_uid}
    payment = _done(call("POST", "/api/v1/payments/process/", paid, token=somebody.token))
    _done(call("POST", "/api/v1/payments/confirm/", {"payment_id": payment["id"]}, token=somebody.token))


def _done(answer: Answer) -> Any:
    assert answer.status < 300, answer.text
    return answer.json
