"""The throttles of the gateway's stage: requests a second and in a burst, for each method of a route (D-SEC-61).

Every open route has one of its own. All other methods share the numbers of the stage, not their bucket.

The padded routes of a function hold at most half of its reserved concurrency: a route holds `burst` executions at once,
and `rate` times two steps of AnswerPaceMs more. tests/infra/test_shares.py adds them up.
"""

from dataclasses import dataclass
from typing import Any

import app  # noqa: F401  # registers the routes
from chalicelib.portals.http.route import ROUTES, AnyRoute

_OPEN_READS = ("GET",)


@dataclass(frozen=True, slots=True)
class Throttle:
    """Requests a second, and how many at once."""

    rate: int
    burst: int

    def held(self, seconds: float) -> float:
        """Return how many answers of this duration are in progress at most."""
        return self.burst + self.rate * seconds


_STAGE = Throttle(2000, 1000)
_PADDED, _READ, _WRITE = Throttle(5, 3), Throttle(300, 150), Throttle(100, 50)
# By operation, where a route needs more or less than the others of its kind.
_OWN = {
    "public_login": Throttle(50, 25),
    "public_verify_login_otp": Throttle(50, 25),
    "public_register": Throttle(15, 8),
    "public_verify_otp": Throttle(15, 8),
    "public_tix_login": Throttle(10, 5),
    # A lecture begins: its students log in, and new ones register.
    "campus_login": Throttle(15, 8),
    "campus_register": Throttle(15, 8),
    "usher_login": Throttle(40, 20),
    "device_enroll": Throttle(5, 5),
    "health": Throttle(20, 10),
    "openapi_document": Throttle(5, 5),
    "docs_page": Throttle(5, 5),
    "live_module": Throttle(50, 50),
}


def of(route: AnyRoute) -> Throttle:
    """Return the throttle of a route."""
    if route.guard is not None:
        return _STAGE
    if route.operation_id in _OWN:
        return _OWN[route.operation_id]
    if route.padded:
        return _PADDED
    return _READ if route.method in _OPEN_READS else _WRITE


def settings() -> list[dict[str, Any]]:
    """Return the method settings of the stage."""
    own = sorted((route for route in ROUTES if route.guard is None), key=lambda route: (route.path, route.method))
    return [
        _setting("/*", "*", _STAGE),
        *(_setting(resource_path(route.path), method, of(route)) for route in own for method in route.methods),
    ]


def resource_path(path: str) -> str:
    """Return a path as a setting names it: each slash is `~1`, and a slash of its own is in front of that.

    Without the first `~1` the gateway takes the setting, and no method has that name (AWS, "AWS::ApiGateway::Stage
    MethodSetting"; terraform-provider-aws issue 9738).
    """
    return "/" + path.replace("/", "~1")


def _setting(path: str, method: str, throttle: Throttle) -> dict[str, Any]:
    return {
        "ResourcePath": path,
        "HttpMethod": method,
        "ThrottlingRateLimit": throttle.rate,
        "ThrottlingBurstLimit": throttle.burst,
    }
