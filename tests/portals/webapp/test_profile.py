"""A customer's profile: changed field by field, with encrypted health and bank data."""

import base64
import io
import json
import zlib
from typing import Any

import pytest
from botocore.session import get_session
from PIL import Image

from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain.access import accounts
from chalicelib.domain.crypto import encryption
from chalicelib.domain.customers import customers
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Profile
from tests.contract.ground import stored
from tests.support.client import Answer, call
from tests.support.encodings import stands_in_both
from tests.support.factories import customer_token, make_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")
CONTACT = {"name": "Bilal Khan", "mobile_number": "+923007654321"}
IBAN = "PK36SCBL0000001123456702"
SEALED = {
    "emergency_contact": CONTACT,
    "blood_type": "AB-",
    "bank_account": {"title": "Ayesha Khan", "iban": IBAN},
}


@pytest.fixture
def customer(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_customer(name="Ayesha Khan")


@pytest.fixture
def token(customer: Account) -> str:
    return customer_token(customer)


def put(token: str, **changes: Any) -> Answer:
    return call("PUT", "/api/v1/users/profile/", changes, token=token)


def me(token: str) -> dict[str, Any]:
    answer: dict[str, Any] = call("GET", "/api/v1/users/me/", token=token).json
    return answer


def profile_of(customer: Account) -> Profile:
    found = operations.get(keys.customers.profile(customer.account_id))
    assert found is not None
    return found


def test_a_field_that_is_named_is_changed_and_the_others_stay(customer: Account, token: str) -> None:
    put(token, email="a@example.com", date_of_birth="1998-04-12")
    answer = put(token, name="Ayesha Ahmed")
    assert answer.status == 200
    assert (answer.json["name"], answer.json["email"], answer.json["date_of_birth"]) == (
        "Ayesha Ahmed",
        "a@example.com",
        "1998-04-12",
    )
    assert accounts.get(customer.account_id).name == "Ayesha Ahmed"


def test_null_clears_a_field(token: str) -> None:
    put(token, email="a@example.com", **SEALED)
    answer = put(token, email=None, **dict.fromkeys(SEALED)).json
    assert [answer[name] for name in ("email", *SEALED)] == [None] * 4
    assert me(token)["bank_account"] is None


def test_what_the_platform_owns_cannot_be_changed(customer: Account, token: str) -> None:
    before = me(token)
    answer = put(
        token,
        id="cus_x",
        status="deactivated",
        labels=["vip"],
        fee_paid=True,
        mobile_number="+923009999999",
        photo_url="https://example.com/",
        customer_id="cus_x",
        created_at="2020-01-01T00:00:00Z",
    )
    assert answer.json == {**before, "photo_upload": None}
    assert me(token) == before
    assert accounts.get(customer.account_id).status == "active"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", ""),
        ("name", "x" * 101),
        ("email", "nobody"),
        ("email", "ali..khan@example.com"),
        ("date_of_birth", "2999-01-01"),
        ("blood_type", "C+"),
        ("emergency_contact", {"name": "Bilal"}),
        ("emergency_contact", {"name": "Bilal", "mobile_number": "12"}),
        ("bank_account", {"title": "A", "iban": "PK37SCBL0000001123456702"}),
        ("bank_account", {"title": "A", "iban": "PK36SCBL0000001123456720"}),
        ("bank_account", {"title": "A", "iban": "PK36****************6702"}),
        ("bank_account", {"title": "A", "iban": "36"}),
        ("photo", {"content_type": "image/gif", "size": 10}),
        ("photo", {"content_type": "image/png", "size": 5 * 1024 * 1024 + 1}),
        ("photo", {"content_type": "image/png", "size": 0}),
    ],
)
def test_a_wrong_field_is_named_and_nothing_changes(field: str, value: Any, token: str) -> None:
    before = stored()
    answer = put(token, **{"email": "a@example.com", field: value})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"][0]["field"].startswith(field)
    assert stored() == before


class TestSealed:
    """Health and bank data are encrypted with the customer's own key, and no other key decrypts them."""

    def test_the_customer_sees_them_and_the_bank_account_masked(self, token: str) -> None:
        assert put(token, **SEALED).status == 200
        shown = me(token)
        assert shown["emergency_contact"] == CONTACT
        assert shown["blood_type"] == "AB-"
        assert shown["bank_account"] == {"title": "Ayesha Khan", "iban": "PK36****************6702"}

    def test_nothing_of_them_is_stored_in_the_open(self, customer: Account, token: str) -> None:
        put(token, **SEALED)
        profile = profile_of(customer)
        put(token, **SEALED)
        again = profile_of(customer)
        for name, secret in (
            ("emergency_contact", CONTACT["name"]),
            ("emergency_contact", CONTACT["mobile_number"]),
            ("blood_type", "AB-"),
            ("bank_account", IBAN),
        ):
            assert not stands_in_both(secret, bytes(getattr(profile, name)), bytes(getattr(again, name)))
            assert secret not in json.dumps(list(stored().values())) or secret == "AB-"

    def test_what_was_sealed_for_one_does_not_open_for_another(self, customer: Account, token: str) -> None:
        other = make_customer(name="Sara Ahmed")
        put(token, **SEALED)
        put(customer_token(other), blood_type="O+")
        moved = profile_of(customer).blood_type
        operations.record(
            operations.change(keys.customers.profile(other.account_id), [Profile.blood_type.set(bytes(moved))])
        )
        with pytest.raises(encryption.UndecryptableData):
            customers.show(other)

    def test_each_customer_has_one_key_however_often_they_write(self, customer: Account, token: str) -> None:
        put(token, **SEALED)
        before = stored()[keys.access.data_key(customer.account_id)]
        put(token, **SEALED)
        assert stored()[keys.access.data_key(customer.account_id)] == before
        assert me(token)["blood_type"] == "AB-"

    def test_who_has_nothing_sealed_needs_no_key(self, customer: Account, token: str) -> None:
        put(token, email="a@example.com", blood_type=None)
        assert keys.access.data_key(customer.account_id) not in stored()


# Of pictures that are drawn where the tests are collected.
SMALL = (60, 40)


def picture(kind: str = "JPEG", size: tuple[int, int] = (1200, 800), **more: Any) -> bytes:
    made = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(made, kind, **more)
    return made.getvalue()


def objects() -> list[str]:
    s3: Any = get_session().create_client("s3")
    found = s3.list_objects_v2(Bucket=config().files_bucket).get("Contents", [])
    s3.close()
    return [one["Key"] for one in found]


def uploaded(token: str, content: bytes) -> str:
    """Request an upload, store the file as the form would, and return its key."""
    form = put(token, photo={"content_type": "image/jpeg", "size": max(len(content), 1)}).json["photo_upload"]
    key: str = form["fields"]["key"]
    files.write(key, content, content_type="image/jpeg")
    return key


class TestPhoto:
    """A photo is checked before it is accepted, and only its re-encoded copy is shown."""

    def test_an_upload_is_offered_with_its_bounds(self, customer: Account, token: str) -> None:
        form = put(token, photo={"content_type": "image/png", "size": 1000}).json["photo_upload"]
        policy = json.loads(base64.b64decode(form["fields"]["policy"]))["conditions"]
        assert ["content-length-range", 1, 5 * 1024 * 1024] in policy
        assert {"Content-Type": "image/png"} in policy
        assert {"key": form["fields"]["key"]} in policy
        assert form["key"] == form["fields"]["key"]
        assert form["fields"]["key"].startswith(f"uploads/{customer.account_id}/")
        assert form["expires_at"].endswith("Z")

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_a_picture_becomes_a_small_jpeg_and_the_upload_goes(self, kind: str, customer: Account, token: str) -> None:
        key = uploaded(token, picture(kind))
        answer = put(token, photo_key=key)
        assert answer.status == 200, answer.text
        assert "X-Amz-Signature" in answer.json["photo_url"]
        stored_key = profile_of(customer).photo_key
        assert stored_key is not None
        assert objects() == [stored_key]
        content = files.read(stored_key, limit=1_000_000)
        assert content is not None
        image = Image.open(io.BytesIO(content))
        assert (image.format, image.size) == ("JPEG", (512, 341))

    def test_nothing_but_the_picture_remains_and_it_stands_upright(self, customer: Account, token: str) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by 90 degrees
        exif[0x010F] = "SecretCamera"
        content = picture(size=(400, 200), exif=exif, comment=b"secret comment", xmp=b"<x>secret xmp</x>")
        assert b"SecretCamera" in content
        put(token, photo_key=uploaded(token, content))
        shown = files.read(profile_of(customer).photo_key, limit=1_000_000) or b""
        image = Image.open(io.BytesIO(shown))
        assert image.size == (200, 400)
        assert not image.getexif()
        assert b"ecret" not in shown

    def test_a_transparent_picture_gets_a_white_ground(self, customer: Account, token: str) -> None:
        made = io.BytesIO()
        Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(made, "PNG")
        put(token, photo_key=uploaded(token, made.getvalue()))
        shown = files.read(profile_of(customer).photo_key, limit=1_000_000) or b""
        assert Image.open(io.BytesIO(shown)).getpixel((5, 5)) == (255, 255, 255)

    def test_the_same_key_again_changes_nothing(self, customer: Account, token: str) -> None:
        key = uploaded(token, picture())
        put(token, photo_key=key)
        first = profile_of(customer).photo_key
        assert put(token, photo_key=key).status == 200
        assert profile_of(customer).photo_key == first
        assert objects() == [first]

    def test_a_new_photo_replaces_the_old_and_null_removes_it(self, customer: Account, token: str) -> None:
        put(token, photo_key=uploaded(token, picture()))
        old = profile_of(customer).photo_key
        put(token, photo_key=uploaded(token, picture("PNG")))
        assert objects() == [profile_of(customer).photo_key] != [old]
        assert put(token, photo_key=None).json["photo_url"] is None
        assert objects() == []

    @pytest.mark.parametrize(
        "content",
        [
            b"not a picture",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"GIF89a" + bytes(20),
            b"\xff\xd8\xff\xe0 not a JPEG after all",
            picture(size=SMALL)[:500],
            picture("PNG", SMALL)[:200],
            picture("GIF", SMALL),
            picture("BMP", (10, 10)),
        ],
        ids=range(8),
    )
    def test_what_is_no_such_picture_is_refused(self, content: bytes, customer: Account, token: str) -> None:
        key = uploaded(token, content)
        answer = put(token, photo_key=key)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
        assert [one["field"] for one in answer.json["error"]["details"]] == ["photo_key"]
        assert profile_of(customer).photo_key is None
        assert objects() == []

    @pytest.mark.parametrize("side", [6000, 12000, 40000])
    def test_a_decompression_bomb_is_refused_by_its_header(self, side: int, customer: Account, token: str) -> None:
        made = io.BytesIO()
        # Only its header declares this size: a real picture would take gigabytes.
        Image.new("1", (8, 8)).save(made, "PNG")
        raw = bytearray(made.getvalue())
        raw[16:24] = side.to_bytes(4, "big") * 2
        raw[29:33] = zlib.crc32(bytes(raw[12:29])).to_bytes(4, "big")
        answer = put(token, photo_key=uploaded(token, bytes(raw)))
        assert answer.status == 400
        assert profile_of(customer).photo_key is None
        assert objects() == []

    def test_an_upload_over_the_limit_is_not_read(self, customer: Account, token: str) -> None:
        form = put(token, photo={"content_type": "image/jpeg", "size": 10}).json["photo_upload"]
        files.write(form["fields"]["key"], bytes(5 * 1024 * 1024 + 1), content_type="image/jpeg")
        assert put(token, photo_key=form["fields"]["key"]).status == 400
        assert profile_of(customer).photo_key is None

    def test_an_upload_of_another_customer_or_none_is_refused(self, customer: Account, token: str) -> None:
        other = make_customer()
        theirs = uploaded(customer_token(other), picture())
        own = f"uploads/{customer.account_id}/"
        for key in (theirs, f"{own}{'0' * 32}", own, f"{own}../{other.account_id}/x", "photos/x.jpg", f"{own}a/b"):
            answer = put(token, photo_key=key)
            assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, "photo_key"), key
        assert objects() == [theirs]


class TestForm:
    """A form carries the same fields as JSON, its objects as JSON, and the photo itself."""

    def test_fields_and_photo_come_in_one_form(self, customer: Account, token: str) -> None:
        put(token, photo_key=uploaded(token, picture()))
        texts = {"name": "Ayesha Ahmed", "blood_type": "AB-", "emergency_contact": json.dumps(CONTACT)}
        answer = send(token, texts, picture("PNG"))
        assert answer.status == 200, answer.text
        assert [answer.json[name] for name in texts] == ["Ayesha Ahmed", "AB-", CONTACT]
        assert answer.json["photo_upload"] is None
        # The photo before it is gone.
        assert objects() == [profile_of(customer).photo_key]

    @pytest.mark.parametrize("content", [b"not a picture", picture("GIF", (10, 10)), bytes(5 * 1024 * 1024 + 1)])
    def test_what_is_no_photo_is_named_and_changes_nothing(self, content: bytes, token: str) -> None:
        before = stored()
        answer = send(token, {"name": "Other"}, content)
        assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, "photo")
        assert (stored(), objects()) == (before, [])

    @pytest.mark.parametrize("name", ["emergency_contact", "bank_account", "notifications"])
    def test_a_text_is_an_object_in_a_form_alone(self, name: str, token: str) -> None:
        put(token, **SEALED, notifications={"sms": False})
        before = me(token)
        for text in ("null", "{}", json.dumps(CONTACT)):
            answer = put(token, **{name: text})
            assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, name), text
        assert me(token) == before


def send(token: str, texts: dict[str, str], photo: bytes) -> Answer:
    """Send the profile as a browser sends a form."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in texts.items()]
    head = '--x\r\nContent-Disposition: form-data; name="photo"; filename="me.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    raw = "".join(parts).encode() + head.encode() + photo + b"\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    return call("PUT", "/api/v1/users/profile/", token=token, headers=headers, raw=raw)
