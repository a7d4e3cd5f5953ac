"""Where each rush ends, by the profiles that the repository keeps of its real requests."""

import pytest

from tests.support.scale import kept, scenarios
from tests.support.scale.scenarios import MOST_HEAT, SCENARIOS, Scenario

# Keys over the limit that are known, with the share of a partition that they may not pass (docs/performance.md says
# what it would take to cool them). A cooler key takes its row out.
KNOWN_HOT = {("campus", "CAMPUS_FIGURES#ALL"): 6.0, ("campus", "CAMPUS_RECENT#ALL"): 0.7}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_key_of_a_rush_passes_half_of_its_partition(scenario: Scenario) -> None:
    hot = {
        (scenario.name, heat.kind): heat.share
        for heat in scenarios.heats(scenario, kept.load())
        if heat.share > MOST_HEAT
    }
    assert {key: share for key, share in hot.items() if share > KNOWN_HOT.get(key, MOST_HEAT)} == {}


def test_a_known_hot_key_is_still_one() -> None:
    profiles = kept.load()
    hot = {
        (scenario.name, heat.kind)
        for scenario in SCENARIOS
        for heat in scenarios.heats(scenario, profiles)
        if heat.share > MOST_HEAT
    }
    assert set(KNOWN_HOT) <= hot


def test_a_warmed_table_throttles_no_scan_at_a_crowded_event() -> None:
    gates = next(scenario for scenario in SCENARIOS if scenario.name == "gates")
    found = scenarios.simulate(gates, kept.load())
    assert (found.outcome.throttled, found.outcome.p99_wait) == (0, 0)
    assert found.cold.throttled > 0


def test_a_scenario_without_its_deeds_is_refused() -> None:
    with pytest.raises(LookupError, match="no profile of scan"):
        scenarios.simulate(SCENARIOS[0], {})
