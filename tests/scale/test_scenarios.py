"""Where each rush ends, by the profiles that the repository keeps of its real requests."""

import pytest

from tests.support.scale import kept, scenarios
from tests.support.scale.scenarios import MOST_HEAT, SCENARIOS, Scenario


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_key_of_a_rush_passes_half_of_its_partition(scenario: Scenario) -> None:
    heats = scenarios.heats(scenario, kept.load())
    assert heats
    assert {heat.kind: heat.share for heat in heats if heat.share > MOST_HEAT} == {}


def test_a_warmed_table_throttles_no_scan_at_a_crowded_event() -> None:
    gates = next(scenario for scenario in SCENARIOS if scenario.name == "gates")
    found = scenarios.simulate(gates, kept.load())
    assert (found.outcome.throttled, found.outcome.p99_wait) == (0, 0)
    assert found.cold.throttled > 0


def test_a_scenario_without_its_deeds_is_refused() -> None:
    with pytest.raises(LookupError, match="no profile of scan"):
        scenarios.simulate(SCENARIOS[0], {})
