"""Geodesic distances, and what counts as at the event."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.campus.evidence import distances, thresholds
from chalicelib.domain.campus.evidence.evidence import EventPlace
from tests.support.explore import explore


def degrees(whole: int, minutes: int, seconds: float) -> float:
    return whole + minutes / 60 + seconds / 3600


# The first three of the 20 tests of Karney, Algorithms for geodesics (2013, doi 10.1007/s00190-012-0578-z), as
# GeographicLib publishes them; then Flinders Peak to Buninyong of the GDA technical manual (ICSM, 2.4, on GRS 80, which
# differs by less than a millimetre); then half an equator's antipode and a meridian over the pole, by the constants.
QUARTER_MERIDIAN = 10_001_965.729
VECTORS = [
    ((35.60777, -139.44815), (-11.17491, -69.95921), 8_935_244.5604818305, 1e-6),
    ((55.52454, 106.05087), (77.03196, 197.18234), 4_105_086.1713924406, 1e-6),
    ((-21.97856, 142.59065), (41.84138, 98.56635), 8_394_328.894657671, 1e-6),
    (
        (-degrees(37, 57, 3.72030), degrees(144, 25, 29.52440)),
        (-degrees(37, 39, 10.15610), degrees(143, 55, 35.38390)),
        54_972.271,
        1e-3,
    ),
    ((0.0, 0.0), (90.0, 55.0), QUARTER_MERIDIAN, 1e-3),
    ((0.0, 10.0), (0.0, -170.0), 2 * QUARTER_MERIDIAN, 1e-3),
    # Over the antimeridian: a thousandth of a degree on the equator.
    ((0.0, 179.9995), (0.0, -179.9995), 6_378_137 * math.radians(0.001), 1e-6),
]


@pytest.mark.parametrize(("one", "other", "metres", "tolerance"), VECTORS)
def test_distances_are_the_published_ones(
    one: tuple[float, float], other: tuple[float, float], metres: float, tolerance: float
) -> None:
    assert distances.between(one, other) == pytest.approx(metres, abs=tolerance)
    assert distances.metres(*one, to=EventPlace(*other, radius=50)) == distances.between(one, other)


places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@explore(most=100, fewest=100)
@given(places, places)
def test_a_distance_is_a_number_that_is_the_same_in_both_directions(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    there, back = distances.between(one, other), distances.between(other, one)
    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= 2 * QUARTER_MERIDIAN + 1


@pytest.mark.parametrize(
    ("distance", "accuracy", "inside"),
    [
        (50.0, None, True),
        (50.1, None, False),
        (50.1, 0.0, False),
        (80.0, 30.0, True),
        (80.1, 30.0, False),
        (80.0, -30.0, False),
        (150.0, 10_000.0, True),
        (150.1, 10_000.0, False),
    ],
)
def test_the_accuracy_is_added_to_the_radius_up_to_a_bound(
    distance: float, accuracy: float | None, inside: bool
) -> None:
    assert thresholds.MOST_ACCURACY_ADDED == 100
    assert distances.is_inside(distance, radius=50, accuracy=accuracy) is inside
