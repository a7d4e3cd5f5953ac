"""The shown code of an event: who sees it, what is in the picture, and what a refresh voids."""

import base64
import io
from datetime import UTC, datetime, timedelta

import pytest
import zxingcpp
from PIL import Image

from chalicelib import clock
from chalicelib.domain.campus.events import campus_events, code_tries, rotating_codes
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, Campus, CampusEvent
from chalicelib.vocabulary.campus import CampusRole, CodeRefusal
from tests.support.asked import requests
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of, unknown_code
from tests.support.client import Answer, call

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = datetime(2026, 11, 27, 9, 0, 10, tzinfo=UTC)


@pytest.fixture
def campus(moto_cloud: None) -> Campus:  # noqa: ARG001  # before the fixtures of a class
    return make_campus()


@pytest.fixture
def organizer(campus: Campus) -> Account:
    return make_campus_user(campus, role=CampusRole.ORGANIZER)


@pytest.fixture
def event(campus: Campus, organizer: Account) -> CampusEvent:
    return make_campus_event(campus, organizer)


def qr(event: CampusEvent, token: str) -> Answer:
    return call("GET", f"/api/campus/events/{event.event_id}/qr/", token=token)


def refresh(event: CampusEvent, token: str, *, key: str | None = None) -> Answer:
    headers = {"idempotency-key": key} if key else None
    return call("POST", f"/api/campus/events/{event.event_id}/qr/refresh/", {}, token=token, headers=headers)


def test_the_picture_shows_the_token_which_is_accepted(event: CampusEvent, organizer: Account) -> None:
    shown = qr(event, token_of(organizer)).json
    picture = Image.open(io.BytesIO(base64.b64decode(shown["qr_image"])))
    assert [read.text for read in zxingcpp.read_barcodes(picture)] == [shown["qr_token"]]
    stored = campus_events.get(event.event_id)
    assert rotating_codes.check_token(shown["qr_token"], stored, clock.now()).is_accepted
    assert rotating_codes.check_code(shown["code"], stored, clock.now()).is_accepted
    assert shown["event_id"] == event.event_id


def test_the_code_expires_with_its_time_step(event: CampusEvent, organizer: Account) -> None:
    with clock.set_to(NOW):
        token = token_of(organizer)
        first = qr(event, token).json
    assert first["expires_at"] == "2026-11-27T09:00:30.000Z"
    with clock.set_to(NOW + timedelta(seconds=25)):
        second = qr(event, token).json
    assert second["expires_at"] == "2026-11-27T09:01:00.000Z"
    assert second["qr_token"] != first["qr_token"]
    assert second["code"] != first["code"]


def test_a_refresh_voids_all_earlier_codes_at_once(event: CampusEvent, organizer: Account) -> None:
    token = token_of(organizer)
    before = qr(event, token).json
    after = refresh(event, token).json
    stored = campus_events.get(event.event_id)
    now = clock.now()
    assert stored.qr_epoch == 2
    assert rotating_codes.check_token(before["qr_token"], stored, now).reason is CodeRefusal.OLD_EPOCH
    assert rotating_codes.check_code(before["code"], stored, now).reason is CodeRefusal.OLD_EPOCH
    assert rotating_codes.check_token(after["qr_token"], stored, now).is_accepted
    # This container shows the next epoch at once.
    assert rotating_codes.check_token(qr(event, token).json["qr_token"], stored, clock.now()).is_accepted


def test_the_same_key_refreshes_once(event: CampusEvent, organizer: Account) -> None:
    token, key = token_of(organizer), new_id("key")
    assert refresh(event, token, key=key).status == 200
    assert refresh(event, token, key=key).status == 200
    assert campus_events.get(event.event_id).qr_epoch == 2
    assert refresh(event, token).status == 200
    assert campus_events.get(event.event_id).qr_epoch == 3


def test_an_edit_leaves_the_epoch_and_a_refresh_the_version(event: CampusEvent, organizer: Account) -> None:
    token = token_of(organizer)
    refresh(event, token)
    path = f"/api/campus/events/{event.event_id}/update/"
    assert call("PUT", path, {"title": "Next", "version": 1}, token=token).json["version"] == 2
    assert campus_events.get(event.event_id).qr_epoch == 2


def test_a_refresh_of_another_container_is_seen_within_the_bound(event: CampusEvent, organizer: Account) -> None:
    token = token_of(organizer)
    qr(event, token)
    refresh(event, token)
    campus_events.keep(event, float("-inf"))  # what another container read before: its age is over
    shown = qr(event, token).json
    assert rotating_codes.check_token(shown["qr_token"], campus_events.get(event.event_id), clock.now()).is_accepted


def test_any_number_of_rotations_reads_and_writes_nothing(event: CampusEvent, organizer: Account) -> None:
    token = token_of(organizer)
    assert qr(event, token).status == 200
    with requests() as sent:
        tokens = set()
        for step in range(20):
            with clock.set_to(clock.now() + timedelta(seconds=30 * step)):
                tokens.add(qr(event, token).json["qr_token"])
    assert len(tokens) == 20
    assert sent == []


class TestTries:
    """The eight digits have five tries for each person and event."""

    @pytest.fixture
    def wrong(self, event: CampusEvent) -> str:
        return unknown_code(event, NOW)

    def test_the_sixth_try_is_refused_even_if_it_is_right(self, event: CampusEvent, wrong: str) -> None:
        with clock.set_to(NOW):
            for _ in range(5):
                assert code_tries.check(wrong, event, NOW, user_id="usr_a").reason is CodeRefusal.UNKNOWN
            right = rotating_codes.code(event, NOW)
            assert code_tries.check(right, event, NOW, user_id="usr_a").reason is CodeRefusal.TOO_MANY_TRIES
            # A neighbour, and another event, have tries of their own.
            assert code_tries.check(right, event, NOW, user_id="usr_b").is_accepted
        later = NOW + timedelta(minutes=10)
        with clock.set_to(later):
            assert code_tries.check(rotating_codes.code(event, later), event, later, user_id="usr_a").is_accepted

    def test_the_right_code_works_at_the_fifth_try_and_costs_none(self, event: CampusEvent, wrong: str) -> None:
        with clock.set_to(NOW):
            for _ in range(4):
                code_tries.check(wrong, event, NOW, user_id="usr_a")
            right = rotating_codes.code(event, NOW)
            for _ in range(10):
                assert code_tries.check(right, event, NOW, user_id="usr_a").is_accepted
            assert code_tries.check(wrong, event, NOW, user_id="usr_a").reason is CodeRefusal.UNKNOWN
            assert code_tries.check(right, event, NOW, user_id="usr_a").reason is CodeRefusal.TOO_MANY_TRIES
