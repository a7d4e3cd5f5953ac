"""Distances on the ellipsoid WGS 84, and whether a position counts as at the event."""

from chalicelib.domain.campus.evidence import thresholds
from chalicelib.domain.campus.evidence.evidence import EventPlace


def metres(latitude: float, longitude: float, *, to: EventPlace) -> float:
    """Return the geodesic distance of a position (WGS 84 degrees, as the schema bounds them) from an event's centre."""
    return between((latitude, longitude), (to.latitude, to.longitude))


def between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the geodesic distance in metres of two positions, each latitude and longitude in WGS 84 degrees."""
    # Imported here: other routes have no cold start for it.
    from geographiclib.geodesic import Geodesic

    inverse = Geodesic.WGS84.Inverse(*map(float, one), *map(float, other), Geodesic.DISTANCE)
    return float(inverse["s12"])


def is_inside(distance: float, *, radius: float, accuracy: float | None) -> bool:
    """Return whether a position may be within the radius, given its accuracy, which counts up to a bound."""
    return distance <= radius + min(max(accuracy or 0.0, 0.0), thresholds.MOST_ACCURACY_ADDED)
