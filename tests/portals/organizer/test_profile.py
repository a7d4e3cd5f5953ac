"""An organizer's profile: changed by JSON or a form, with an encrypted bank account and a checked image."""

import base64
import io
import json
import random
import struct
import zlib
from collections import Counter
from typing import Any

import pytest
from botocore.session import get_session
from PIL import Image, ImageFile

from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain.access import accounts
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, OrganizerProfile
from tests.contract.ground import stored
from tests.support.client import Answer, call
from tests.support.factories import make_organizer, token_of

pytestmark = pytest.mark.usefixtures("moto_cloud")
PATH = "/api/organizer/profile/"
IBAN, MASKED = "PK36SCBL0000001123456702", "PK36****************6702"
BANK = {"title": "Lahore Live", "iban": IBAN}
FIRM = {
    "email": "office@example.com",
    "company_name": "Lahore Live (Private) Limited",
    "address": "68 Shahrah-e-Quaid-e-Azam, Lahore",
    "tax_number": "1234567-8",
}
BOUNDARY = "----of-the-tests"


@pytest.fixture
def organizer(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_organizer()


@pytest.fixture
def token(organizer: Account) -> str:
    return token_of(organizer)


def put(token: str, **changes: Any) -> Answer:
    return call("PUT", PATH, changes, token=token)


def part(name: str, content: bytes, *, filename: str | None = None, content_type: str | None = None) -> bytes:
    """Return one part of a form, as a browser writes it."""
    disposition = f'Content-Disposition: form-data; name="{name}"' + (
        f'; filename="{filename}"' if filename is not None else ""
    )
    kind = f"\r\nContent-Type: {content_type}" if content_type else ""
    return f"--{BOUNDARY}\r\n{disposition}{kind}\r\n\r\n".encode() + content + b"\r\n"


def send(token: str, *parts: bytes, end: bytes = f"--{BOUNDARY}--\r\n".encode(), boundary: str = BOUNDARY) -> Answer:
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return call("PUT", PATH, token=token, headers=headers, raw=b"".join(parts) + end)


def send_image(token: str, content: bytes, *, filename: str = "image.png", content_type: str = "image/png") -> Answer:
    return send(token, part("image", content, filename=filename, content_type=content_type))


def profile_of(organizer: Account) -> OrganizerProfile | None:
    return operations.get(keys.organizers.profile(organizer.account_id))


def image_of(organizer: Account) -> Image.Image:
    """Return an organizer's published image, as it is stored in the bucket."""
    profile = profile_of(organizer)
    assert profile is not None
    content = files.read(profile.image_key, limit=1_000_000)
    assert content is not None
    return Image.open(io.BytesIO(content))


def objects() -> list[str]:
    s3: Any = get_session().create_client("s3")
    found = s3.list_objects_v2(Bucket=config().files_bucket).get("Contents", [])
    s3.close()
    return [one["Key"] for one in found]


def picture(kind: str = "PNG", size: tuple[int, int] = (1200, 800), **more: Any) -> bytes:
    made = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(made, kind, **more)
    return made.getvalue()


class TestFields:
    """A field that is named is changed, null clears it, the others stay."""

    def test_a_profile_is_stored_and_shown(self, organizer: Account, token: str) -> None:
        answer = put(token, name="Lahore Live!", **FIRM, bank_account=BANK)
        assert answer.status == 200, answer.text
        shown = {
            "id": organizer.account_id,
            "name": "Lahore Live!",
            "contact_mobile": organizer.mobile_number,
            **FIRM,
            "bank_account": {"title": "Lahore Live", "iban": MASKED},
            "image_url": None,
            "status": "active",
        }
        assert answer.json == {**shown, "image_upload": None}
        for path in ("me", "profile"):
            assert call("GET", f"/api/organizer/{path}/", token=token).json == shown
        assert accounts.get(organizer.account_id).name == "Lahore Live!"

    def test_null_clears_and_what_is_left_out_stays(self, token: str) -> None:
        put(token, **FIRM, bank_account=BANK)
        answer = put(token, company_name=None, bank_account=None).json
        assert (answer["company_name"], answer["bank_account"]) == (None, None)
        assert {name: answer[name] for name in ("email", "address", "tax_number")} == {
            name: FIRM[name] for name in ("email", "address", "tax_number")
        }
        assert put(token).json == answer

    def test_the_bank_account_stands_sealed_and_opens_for_no_other(self, organizer: Account, token: str) -> None:
        put(token, bank_account=BANK)
        assert IBAN not in json.dumps(list(stored().values()))
        profile = profile_of(organizer)
        assert profile is not None
        assert IBAN.encode() not in bytes(profile.bank_account)
        assert keys.access.data_key(organizer.account_id) in stored()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", None),
            ("name", ""),
            ("email", "nobody"),
            ("company_name", "x" * 201),
            ("tax_number", "x" * 41),
            ("bank_account", {"title": "A", "iban": MASKED}),
            ("bank_account", {"iban": IBAN}),
            ("bank_account", "not JSON"),
            ("image", {"content_type": "image/gif"}),
            ("image", {"content_type": "image/png", "size": 5 * 1024 * 1024 + 1}),
            ("image", "a text"),
            ("image_key", "uploads/org_other/x"),
        ],
    )
    def test_a_wrong_field_is_named_and_nothing_changes(self, field: str, value: Any, token: str) -> None:
        before = stored()
        answer = put(token, **{"address": "Here", field: value})
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
        assert answer.json["error"]["details"][0]["field"].startswith(field)
        assert stored() == before

    def test_what_the_platform_owns_cannot_be_changed(self, organizer: Account, token: str) -> None:
        before = call("GET", PATH, token=token).json
        answer = put(token, id="org_x", contact_mobile="+923029999999", status="suspended", image_url="https://x/")
        assert answer.json == {**before, "image_upload": None}
        assert accounts.get(organizer.account_id).login == organizer.login

    def test_one_organizers_profile_is_no_others(self, token: str) -> None:
        other = make_organizer(name="Karachi Nights")
        put(token, **FIRM, bank_account=BANK)
        shown = call("GET", PATH, token=token_of(other)).json
        assert (shown["name"], shown["email"], shown["bank_account"]) == ("Karachi Nights", "", None)


class TestForm:
    """A form carries the same fields as JSON, and the image itself."""

    def test_fields_and_image_come_in_one_form(self, organizer: Account, token: str) -> None:
        texts = {**FIRM, "name": "Lāhore Live", "bank_account": json.dumps(BANK)}
        parts = [part(name, text.encode()) for name, text in texts.items()]
        image = part("image", picture(), filename="logo.png", content_type="image/png")
        answer = send(token, *parts, image)
        assert answer.status == 200, answer.text
        assert {name: answer.json[name] for name in FIRM} == FIRM
        assert (answer.json["name"], answer.json["bank_account"]["iban"]) == ("Lāhore Live", MASKED)
        assert "X-Amz-Signature" in answer.json["image_url"]
        assert answer.json["image_upload"] is None
        assert image_of(organizer).size == (512, 341)

    def test_an_empty_text_and_an_empty_file_count_as_left_out(self, organizer: Account, token: str) -> None:
        put(token, **FIRM)
        send_image(token, picture())
        before = profile_of(organizer)
        assert before is not None
        answer = send(token, part("company_name", b""), part("image", b"", filename=""))
        assert answer.status == 200, answer.text
        assert {name: answer.json[name] for name in FIRM} == FIRM
        assert objects() == [before.image_key]

    def test_a_form_of_texts_alone_passes_as_text(self, token: str) -> None:
        assert send(token, part("address", b"Mall Road")).json["address"] == "Mall Road"

    def test_unknown_parts_are_ignored(self, organizer: Account, token: str) -> None:
        answer = send(token, part("unknown", b"x"), part("id", b"org_x"), part("file", b"\xff\xfe", filename="x.bin"))
        assert (answer.status, answer.json["id"], objects()) == (200, organizer.account_id, [])

    def test_what_is_no_form_is_refused(self, token: str) -> None:
        whole = part("address", b"Here")
        before = stored()
        refused = {
            "JSON": send(token, b'{"address": "Here"}'),
            "cut short": send(token, whole, end=b""),
            "cut within a header": send(token, whole[:60], end=b""),
            "another boundary": send(token, whole, boundary="another"),
            "twice": send(token, whole, whole),
            "a text that is not UTF-8": send(token, part("address", b"\xff\xfe\xff")),
            "a name that is not UTF-8": send(token, whole.replace(b'"address"', b'"\xff\xfe"')),
            "a long header": send(token, whole.replace(b"form-data;", b"form-data; x=" + b"y" * 8192 + b";")),
            "too many parts": send(token, *(part(f"field{n}", b"x") for n in range(41))),
            "a long text": send(token, part("address", b"x" * 70_000)),
        }
        for name, answer in refused.items():
            assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), name
        assert stored() == before

    def test_a_form_that_is_broken_anywhere_is_answered_and_never_a_fault(self, token: str) -> None:
        chance = random.Random(20261121)  # noqa: S311  # wrong requests that can be made again, no secret
        fields = (("name", b"Lahore Live"), ("email", b"a@example.com"), ("bank_account", json.dumps(BANK).encode()))
        whole = b"".join(part(name, text) for name, text in fields)
        whole += part("image", TINY, filename="a.png", content_type="image/png") + f"--{BOUNDARY}--\r\n".encode()
        pieces = [b"\r\n", b"--", BOUNDARY.encode(), b":", b";", b'"', b"\0", b"\xff", b"name=", b"Content-"]
        statuses = Counter[int]()
        for _ in range(250):
            raw = bytearray(whole)
            for _ in range(chance.randint(1, 3)):
                start = chance.randrange(len(raw))
                raw[start : start + chance.choice((0, 1, 8, 200))] = chance.choice(pieces) * chance.choice(
                    (0, 1, 1, 50)
                )
            statuses[send(token, bytes(raw), end=b"").status] += 1
        assert set(statuses) == {200, 400}, statuses

    @pytest.mark.parametrize("boundary", ["", f"; boundary={'x' * 300}", "; boundary="])
    def test_a_form_without_a_usable_boundary_is_415(self, boundary: str, token: str) -> None:
        headers = {"content-type": f"multipart/form-data{boundary}"}
        answer = call("PUT", PATH, token=token, headers=headers, raw=part("address", b"Here"))
        assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")

    def test_a_wrong_field_of_a_form_is_named(self, token: str) -> None:
        answer = send(token, part("email", b"nobody"), part("bank_account", b'{"title": "A", "iban": "PK00"}'))
        fields = [problem["field"] for problem in answer.json["error"]["details"]]
        assert (answer.status, fields) == (400, ["email", "bank_account.iban"])

    def test_a_form_over_its_limit_is_refused_unread(self, token: str) -> None:
        answer = send_image(token, bytes(5 * 1024 * 1024 + 70 * 1024))
        assert (answer.status, answer.code) == (413, "TOO_LARGE")

    def test_no_other_route_takes_a_form(self, token: str) -> None:
        headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
        body = part("old_password", b"x")
        answer = call("POST", "/api/organizer/profile/change-password/", token=token, headers=headers, raw=body)
        assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(side: int = 20_000) -> bytes:
    """Return a whole PNG of `side` by `side` black pixels: some 50 KB, that decode to 1.6 GB in RGBA."""
    rows = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    data = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


HTML = b"<!doctype html><html><script>alert(document.domain)</script></html>"
# 1 x 1, so that it is a picture, followed or filled by what is none.
TINY = picture("PNG", (1, 1))
# Drawn where the tests are collected, so of few pixels.
SMALL = (60, 40)


class TestImage:
    """An image is believed by its content alone, and only its picture is kept."""

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_a_picture_becomes_a_small_jpeg(self, kind: str, organizer: Account, token: str) -> None:
        assert send_image(token, picture(kind), content_type="application/octet-stream").status == 200
        image = image_of(organizer)
        assert (image.format, image.size) == ("JPEG", (512, 341))

    @pytest.mark.parametrize(
        "content",
        [
            HTML,
            b"\x89PNG\r\n\x1a\n" + HTML,
            TINY[:33] + HTML,
            b"GIF89a" + bytes(20),
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            b"%PDF-1.7 not a picture",
            picture("GIF", SMALL),
            picture("TIFF", (10, 10)),
            picture("PNG", SMALL)[:200],
            picture("JPEG", SMALL)[:400],
            picture("WEBP", SMALL)[:40],
        ],
        ids=range(11),
    )
    def test_a_png_that_is_a_page_or_anything_else_is_refused(
        self, content: bytes, organizer: Account, token: str
    ) -> None:
        answer = send_image(token, content)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
        assert [problem["field"] for problem in answer.json["error"]["details"]] == ["image"]
        assert (profile_of(organizer), objects()) == (None, [])

    @pytest.mark.parametrize("whole", [TINY + HTML, TINY[:33] + _chunk(b"tEXt", b"Comment\0" + HTML) + TINY[33:]])
    def test_a_page_that_hides_in_a_picture_is_not_kept(self, whole: bytes, organizer: Account, token: str) -> None:
        assert send_image(token, whole).status == 200
        profile = profile_of(organizer)
        assert profile is not None
        content = files.read(profile.image_key, limit=1_000_000) or b""
        assert b"html" not in content
        s3: Any = get_session().create_client("s3")
        assert s3.head_object(Bucket=config().files_bucket, Key=profile.image_key)["ContentType"] == "image/jpeg"
        s3.close()

    def test_a_bomb_of_20000_by_20000_is_refused_without_being_decoded(
        self, organizer: Account, token: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def decoded(_: Any) -> None:
            raise AssertionError("the picture was decoded")

        monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
        content = bomb()
        assert len(content) < 100_000
        answer = send_image(token, content)
        (problem,) = answer.json["error"]["details"]
        assert (answer.status, problem["field"]) == (400, "image")
        assert "million pixels" in problem["message"]
        assert (profile_of(organizer), objects()) == (None, [])

    def test_where_and_with_what_it_was_taken_is_stripped(self, organizer: Account, token: str) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by 90 degrees
        exif[0x010F] = "SecretCamera"
        exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 33.0, 13.5), 3: "E", 4: (74.0, 21.0, 28.1)})
        content = picture("JPEG", (400, 200), exif=exif, comment=b"secret comment", xmp=b"<x>secret xmp</x>")
        assert Image.open(io.BytesIO(content)).getexif().get_ifd(0x8825)[1] == "N"
        assert send_image(token, content, filename="photo.jpg", content_type="image/jpeg").status == 200
        image = image_of(organizer)
        assert image.size == (200, 400)
        assert not image.getexif()
        assert not image.getexif().get_ifd(0x8825)
        profile = profile_of(organizer)
        assert profile is not None
        assert b"ecret" not in (files.read(profile.image_key, limit=1_000_000) or b"")

    def test_one_byte_over_5_mb_is_refused(self, organizer: Account, token: str) -> None:
        answer = send_image(token, bytes(5 * 1024 * 1024 + 1))
        assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, "image")
        assert profile_of(organizer) is None

    def test_a_new_image_replaces_the_old_and_null_removes_it(self, organizer: Account, token: str) -> None:
        send_image(token, picture())
        (first,) = objects()
        send_image(token, picture("JPEG"))
        (second,) = objects()
        assert first != second
        assert put(token, image_key=None).json["image_url"] is None
        assert objects() == []
        profile = profile_of(organizer)
        assert profile is not None
        assert profile.image_key is None

    def test_an_image_may_be_uploaded_to_the_bucket_and_taken_by_its_key(self, organizer: Account, token: str) -> None:
        offered = put(token, image={"content_type": "image/png"}).json["image_upload"]
        policy = json.loads(base64.b64decode(offered["fields"]["policy"]))["conditions"]
        assert ["content-length-range", 1, 5 * 1024 * 1024] in policy
        key = offered["fields"]["key"]
        assert key.startswith(f"uploads/{organizer.account_id}/")
        files.write(key, picture(), content_type="image/png")
        answer = put(token, image_key=key)
        assert answer.status == 200, answer.text
        assert image_of(organizer).size == (512, 341)
        assert len(objects()) == 1
        again = put(token, image_key=key)
        assert (again.status, len(objects())) == (200, 1)

    def test_an_upload_that_is_no_picture_or_anothers_is_refused(self, organizer: Account, token: str) -> None:
        key = put(token, image={"content_type": "image/png"}).json["image_upload"]["fields"]["key"]
        files.write(key, HTML, content_type="image/png")
        other = token_of(make_organizer())
        for answer in (put(token, image_key=key), put(other, image_key=key), put(token, image_key=key + "0")):
            assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, "image_key")
        profile = profile_of(organizer)
        assert profile is None
