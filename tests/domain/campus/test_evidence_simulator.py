"""The labelled simulator: cheats are found, honest people are not flagged (full size: FAULTS=all, `make bench`)."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.campus.events import rotating_codes
from chalicelib.domain.campus.events.rotating_codes import QR_STEP_SECONDS
from chalicelib.domain.campus.evidence import thresholds
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import EvidenceFlag
from tests.support import campus_simulator
from tests.support.campus_doings import CHEATS, HONEST, UNSEEN, Attempt, Doing
from tests.support.campus_simulator import Table, share_seen
from tests.support.campus_world import STEP
from tests.support.sizes import size_of

SUBMISSIONS = size_of("CAMPUS_SUBMISSIONS", small=1_500, full=20_000)
# One worker simulates for all of them.
pytestmark = pytest.mark.xdist_group("evidence simulator")


@pytest.fixture(scope="module")
def table() -> Table:
    return campus_simulator.simulate(SUBMISSIONS)


def test_every_kind_is_simulated(table: Table) -> None:
    assert sum(outcome.submissions for outcome in table.values()) >= SUBMISSIONS
    assert {*HONEST, *CHEATS, *UNSEEN} == set(Doing)
    assert min(outcome.submissions for outcome in table.values()) >= 5


def test_at_least_95_percent_of_cheats_are_seen(table: Table) -> None:
    assert share_seen(table, CHEATS) >= 0.95


@pytest.mark.parametrize("doing", CHEATS)
def test_no_kind_of_cheat_goes_unseen(table: Table, doing: Doing) -> None:
    # Of the few of a kind some pass by chance; a group with one saved position passes as a whole.
    assert table[doing].seen >= (0.93 if SUBMISSIONS >= 20_000 else 0.85)


def test_at_most_one_percent_of_honest_people_are_flagged(table: Table) -> None:
    assert share_seen(table, HONEST) <= 0.01


@pytest.mark.parametrize("doing", HONEST)
def test_no_kind_of_honest_people_is_flagged_more_than_others(table: Table, doing: Doing) -> None:
    assert table[doing].seen <= (0.01 if SUBMISSIONS >= 20_000 else 0.04)


def test_a_cropped_photo_is_seen_by_its_nonce(table: Table) -> None:
    outcome = table[Doing.PHOTO_CROPPED]
    assert outcome.signals[EvidenceFlag.PHOTO_NOT_BOUND] == outcome.submissions


@pytest.mark.usefixtures("moto_cloud")
def test_the_simulated_wall_is_that_of_the_platform() -> None:
    assert STEP == QR_STEP_SECONDS
    assert STEP < thresholds.OLDEST_ORDINARY_TOKEN < 2 * STEP
    born, event = datetime(2026, 11, 27, 9, 0, tzinfo=UTC), CampusEvent(event_id="cev_wall", qr_epoch=1)
    token = rotating_codes.token(event, born)
    for second in range(3 * STEP):
        attempt = Attempt(Doing.ORDINARY, "1", "1", code_born=0, verified_at=second, submitted_at=second, fix=None)
        verdict = rotating_codes.check_token(token, event, born + timedelta(seconds=second))
        assert attempt.is_accepted == verdict.is_accepted
