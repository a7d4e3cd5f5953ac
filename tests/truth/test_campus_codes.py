"""Codes and changes of campus events by many callers at the same moment, on an exact engine."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest

from chalicelib import clock
from chalicelib.domain.campus.events import campus_events, code_tries, rotating_codes
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, Campus, CampusEvent
from chalicelib.vocabulary.campus import CampusRole, CodeRefusal
from tests.portals.campus.test_events import BODY, EVENTS
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.campus import (
    expected_ids,
    make_campus,
    make_campus_event,
    make_campus_user,
    token_of,
    unknown_code,
)
from tests.support.client import Answer, call
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("numbering")]
CALLERS = size_of("CAMPUS_CALLERS", small=16, full=32)
T = TypeVar("T")


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@pytest.fixture(scope="module")
def campus() -> Campus:
    return make_campus()


@pytest.fixture(scope="module")
def organizer(campus: Campus) -> Account:
    return make_campus_user(campus, role=CampusRole.ORGANIZER)


@pytest.fixture
def event(campus: Campus, organizer: Account) -> CampusEvent:
    return make_campus_event(campus, organizer)


@pytest.fixture(scope="module")
def token(organizer: Account) -> str:
    return token_of(organizer)


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Do all of these at the same moment and return their results in order."""
    together = threading.Barrier(len(acts))

    def do(act: Callable[[], T]) -> T:
        together.wait(60)
        return act()

    with ThreadPoolExecutor(len(acts)) as callers:
        return list(callers.map(do, acts))


def asked(act: Callable[[], Answer]) -> Answer:
    """Ask again while the answer is to ask again: 503, or 409 while the first request of a key is running."""
    answer = act()
    for _ in range(200):
        if answer.status != 503 and answer.code != "IDEMPOTENCY_IN_PROGRESS":
            break
        answer = act()
    return answer


def refresh(event: CampusEvent, token: str, *, key: str | None = None) -> Answer:
    headers = {"idempotency-key": key} if key else None
    path = f"{EVENTS}/{event.event_id}/qr/refresh/"
    return asked(lambda: call("POST", path, {}, token=token, headers=headers))


def test_every_refresh_raises_the_epoch_once_and_the_last_code_is_good(event: CampusEvent, token: str) -> None:
    answers = at_once([lambda: refresh(event, token)] * CALLERS)
    assert {answer.status for answer in answers} == {200}
    stored = campus_events.get(event.event_id)
    assert stored.qr_epoch == 1 + CALLERS
    epochs = [claims.epoch for answer in answers if (claims := rotating_codes.read(answer.json["qr_token"]))]
    assert sorted(epochs) == list(range(2, 2 + CALLERS))
    accepted = [rotating_codes.check_token(answer.json["qr_token"], stored, clock.now()) for answer in answers]
    assert sum(verdict.is_accepted for verdict in accepted) <= 1


def test_one_key_refreshes_once_however_many_send_it(event: CampusEvent, token: str) -> None:
    key = new_id("key")
    answers = at_once([lambda: refresh(event, token, key=key)] * CALLERS)
    assert {answer.status for answer in answers} == {200}
    assert campus_events.get(event.event_id).qr_epoch == 2


def test_five_of_many_tries_at_once_are_compared(event: CampusEvent) -> None:
    now = clock.now()
    wrong = unknown_code(event, now)

    def guess(user_id: str) -> CodeRefusal | None:
        return code_tries.check(wrong, event, now, user_id=user_id).reason

    reasons = Counter(at_once([lambda: guess("usr_guesser")] * CALLERS))
    assert reasons == {CodeRefusal.UNKNOWN: 5, CodeRefusal.TOO_MANY_TRIES: CALLERS - 5}
    assert code_tries.check(rotating_codes.code(event, now), event, now, user_id="usr_neighbour").is_accepted


def test_of_many_changes_of_one_version_one_is_made(event: CampusEvent, token: str) -> None:
    def change(number: int) -> Answer:
        body = {"title": f"Title {number}", "version": 1}
        return asked(lambda: call("PUT", f"{EVENTS}/{event.event_id}/update/", body, token=token))

    answers = at_once([partial(change, number) for number in range(CALLERS)])
    assert Counter(answer.status for answer in answers) == {200: 1, 409: CALLERS - 1}
    made = next(answer.json for answer in answers if answer.status == 200)
    stored = campus_events.get(event.event_id)
    assert (stored.title, stored.version) == (made["title"], 2)


def test_of_many_rosters_at_once_one_holds_whole(event: CampusEvent, token: str, campus: Campus) -> None:
    people = [make_campus_user(campus).account_id for _ in range(12)]
    lists = [people[start : start + 6] for start in range(6)]

    def put(users: list[str]) -> Answer:
        path = f"{EVENTS}/{event.event_id}/roster/"
        return asked(lambda: call("PUT", path, {"users": users}, token=token))

    answers = at_once([partial(put, users) for users in lists])
    assert {answer.status for answer in answers} == {200}
    stored = campus_events.get(event.event_id)
    found = sorted(expected_ids(stored))
    assert found in [sorted(users) for users in lists]
    assert (stored.roster_size, stored.roster_version) == (6, len(lists))


def test_one_key_creates_many_events_once(token: str) -> None:
    key, rows = new_id("key"), [{**BODY, "title": f"Row {row}"} for row in range(5)]

    def create() -> Answer:
        path, headers = f"{EVENTS}/bulk-create/", {"idempotency-key": key}
        return asked(lambda: call("POST", path, {"events": rows}, token=token, headers=headers))

    answers = at_once([create] * 8)
    assert {answer.status for answer in answers} == {201}
    assert len({event["id"] for answer in answers for event in answer.json["events"]}) == 5
