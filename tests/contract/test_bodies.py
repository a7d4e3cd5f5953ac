"""Bodies as the contract has them: what a PUT leaves out stays, `null` clears, and no bytes are no body."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from chalicelib.portals.http.route import AnyRoute
from tests.contract.ground import Ground, label, routes
from tests.contract.request import Request
from tests.support.client import Answer

# A PUT with a required field is an answer, such as a decision: no field of it can be left out. A version is no answer.
_PUTS = [
    route
    for route in routes()
    if route.method == "PUT"
    and route.body
    and not any(one.is_required() for name, one in route.body.model_fields.items() if name != "version")
]
_FORMS = [route for route in routes() if route.form is not None and route.method == "PUT"]
_BODIES = [route for route in routes() if route.reads_body]
# Answers that differ each time, or say what was asked and not what is stored.
_VOLATILE = {"version", "updated_at", "image_url", "photo_url", "image_upload", "photo_upload", "analytics"} | {
    # What a list changed, and its rows that name nobody.
    "added",
    "removed",
    "unknown",
    "unknown_count",
}
# What is asked for once, and is no value of the item.
_ASKED = {"version", "image", "image_key", "photo", "photo_key", "rotate_invite", "invite_days", "invite_uses"}
# What clearing a field changes beside it: without an address there is no mail, without cash nothing is settled, and
# another student number is to be verified again.
_FOLLOWS = {
    "email": ("notifications",),
    "cash": ("status", "settled_at", "difference"),
    "student_id": ("is_verified",),
}
# Cleared, it is the default.
_HAS_DEFAULT = {
    "notifications": {"sms": True, "email": False},
    "language": "en",
    "low_stock_threshold": 0,
    "retention": {"photos_days": 30, "signature_days": 365, "position_days": 0, "device_days": 30},
}
_BOUNDARY = "a-boundary"
Put = Callable[[AnyRoute, Request, dict[str, Any]], Answer]


@pytest.fixture
def put(ground: Ground) -> Put:
    """Send the same item other bodies, with the version that its last answer showed where one is required."""
    seen: dict[str, int] = {}

    def send(route: AnyRoute, right: Request, body: dict[str, Any]) -> Answer:
        version = route.body.model_fields.get("version") if route.body else None
        place = str(right.path)
        if version is not None and version.is_required() and place in seen:
            body = {"version": seen[place], **body}
        answer = ground.send(route, replace(right, body=body), token=ground.token(route))
        if answer.status == 200 and "version" in answer.json:
            seen[place] = answer.json["version"]
        return answer

    return send


def _stored(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.text
    return {name: value for name, value in answer.json.items() if name not in _VOLATILE}


def _values(right: Request) -> dict[str, Any]:
    return {name: value for name, value in (right.body or {}).items() if name not in _ASKED}


@pytest.mark.parametrize("route", _PUTS, ids=label)
def test_a_put_of_one_field_or_of_none_leaves_all_others_as_they_are(route: AnyRoute, ground: Ground, put: Put) -> None:
    right = ground.rightful(route)
    before = _stored(put(route, right, right.body or {}))

    assert _stored(put(route, right, {})) == before
    for name, value in _values(right).items():
        assert _stored(put(route, right, {name: value})) == before, name


@pytest.mark.parametrize("route", _PUTS, ids=label)
def test_null_clears_a_field_or_is_400_and_changes_nothing(route: AnyRoute, ground: Ground, put: Put) -> None:
    right = ground.rightful(route)
    before = _stored(put(route, right, right.body or {}))
    cleared = set()
    for name in route.body.model_fields:  # type: ignore[union-attr]  # the routes with a body
        answer = put(route, right, {name: None})
        if answer.status == 200 and name not in _ASKED:
            after = _stored(answer)
            shown = name if name in answer.json else name.removesuffix("_id")
            assert answer.json[shown] in (None, [], "", _HAS_DEFAULT.get(name)), name
            kept = before.keys() - {shown, *_FOLLOWS.get(name, ())}
            assert {key: after[key] for key in kept} == {key: before[key] for key in kept}, name
            cleared.add(name)
            before = after
        elif answer.status == 409:
            # What has been done cannot be taken back: returned numbers are void.
            assert _stored(put(route, right, {})) == before, name
        elif answer.status != 200:
            assert answer.status == 400, (name, answer.text)
            details = answer.json.get("details") or answer.json["error"]["details"]
            assert details[0]["field"].startswith(name)
            assert "null" in details[0]["message"] or "cleared" in details[0]["message"], (name, details)
            assert _stored(put(route, right, {})) == before, name
    assert cleared or not any(_is_optional(route.body, name) for name in _values(right))


def _is_optional(schema: type[BaseModel] | None, name: str) -> bool:
    return schema is not None and type(None) in get_args(schema.model_fields[name].annotation)


@pytest.mark.parametrize("route", _BODIES, ids=label)
def test_no_bytes_are_no_body_whatever_the_content_type_says(route: AnyRoute, ground: Ground) -> None:
    right = replace(ground.rightful(route), body=None, raw=None)
    token = ground.token(route)
    answers = {
        (answer.status, answer.code)
        for media_type in (
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "nonsense",
        )
        for answer in [ground.send(route, right, token=token, raw=b"", headers={"content-type": media_type})]
    }
    assert not {status for status, _ in answers} & {415, 500}, answers
    if route.body is None:
        return
    as_an_object = ground.send(route, right, token=token, raw=b"{}", headers={"content-type": "application/json"})

    if as_an_object.status == 400:
        assert answers == {(400, as_an_object.code)}


def test_an_amount_as_a_number_is_400_and_says_how_to_write_it(ground: Ground) -> None:
    tried = 0
    for route in _BODIES:
        for name, field in (route.body.model_fields if route.body else {}).items():
            if "MoneyIn" not in str(field):
                continue
            right = ground.rightful(route)
            for number in (10, 10.5):
                wrong = replace(right, body={**(right.body or {}), name: number})
                answer = ground.send(route, wrong, token=ground.token(route))
                said = (answer.json.get("details") or answer.json["error"]["details"])[0]
                assert (answer.status, said["field"]) == (400, name), (label(route), answer.text)
                assert '"1500.00"' in said["message"], (label(route), said)
                tried += 1
    assert tried >= 6


@pytest.mark.parametrize("nothing", ["", "null", "undefined", " "])
@pytest.mark.parametrize("route", _FORMS, ids=label)
def test_an_optional_part_of_a_form_without_a_value_counts_as_left_out(
    route: AnyRoute, nothing: str, ground: Ground, put: Put
) -> None:
    right = ground.rightful(route)
    before = _stored(put(route, right, right.body or {}))
    assert route.body is not None
    optional = [name for name, field in route.body.model_fields.items() if not field.is_required()]
    parts = "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{nothing}\r\n' for name in optional
    )
    answer = ground.send(
        route,
        replace(right, body=None),
        token=ground.token(route),
        raw=f"{parts}--{_BOUNDARY}--\r\n".encode(),
        headers={"content-type": f"multipart/form-data; boundary={_BOUNDARY}"},
    )

    assert _stored(answer) == before
    assert len(optional) >= 3


def test_every_put_and_every_form_is_tried() -> None:
    assert len(_PUTS) >= 6
    # The other forms start a job, report an incident and submit attendance: nothing stored that a part could change.
    every = {label(route) for route in routes() if route.form is not None}
    others = {name for name in every if not name.startswith("POST /api/campus/attendance/")}
    of_puts = {"PUT /api/v1/users/profile", "PUT /api/organizer/profile", "PUT /api/campus/events/{event_id}/roster"}
    assert {label(route) for route in _FORMS} == of_puts
    assert others == {"POST /api/nfc-cards/bulk", "POST /api/usher/scan/report", *of_puts}
    assert all(json.dumps(route.path) for route in _BODIES)
