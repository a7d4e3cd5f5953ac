"""The kept profiles are still what the code sends: cheap deeds are recorded again, a few times each."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.scale import deeds, kept
from tests.support.scale.profiles import Profile
from tests.support.scale.recorder import Recorder

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]


@pytest.fixture(scope="module")
def recorded() -> Iterator[dict[str, Profile]]:
    recorder = Recorder()
    with recorder.attached(), engines.cloud():
        forget_caches()
        desk = deeds.Desk(recorder, per_group=3, follows=False)
        yield {found.name: found for make in (deeds.scans, deeds.bookings, deeds.refusals) for found in make(desk)}
    forget_caches()


def writes(profile: Profile) -> dict[tuple[str, str], float]:
    """Return the write units of a deed by kind of key."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for family in profile.families:
        found[family.place, family.kind] += family.write_units
    return {key: round(units, 2) for key, units in found.items() if units > 0}


@pytest.mark.parametrize("deed", ["scan", "booking", "refusal of a sold-out sale", "first refusal of a container"])
def test_a_deed_writes_the_keys_that_its_kept_profile_has(recorded: dict[str, Profile], deed: str) -> None:
    assert writes(recorded[deed]) == pytest.approx(writes(kept.load()[deed]), abs=0.02)


@pytest.mark.parametrize("deed", ["scan", "booking", "refusal of a sold-out sale", "first refusal of a container"])
def test_a_deed_reads_what_its_kept_profile_has(recorded: dict[str, Profile], deed: str) -> None:
    # The first deed of a container reads the event for those after it, which are fewer here.
    assert recorded[deed].read_units == pytest.approx(kept.load()[deed].read_units, abs=1.5)


def test_a_refusal_that_the_container_knows_of_reads_no_stock(recorded: dict[str, Profile]) -> None:
    known = recorded["refusal of a sold-out sale"]
    assert not [family for family in known.families if family.kind.startswith("STOCK")]
    assert known.write_units == 0
