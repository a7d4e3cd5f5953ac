"""What a local run serves under `/_local`: the outbox, the usage meter, schedules on demand, cleared rate limits."""

from collections.abc import Mapping

from chalicelib.errors import Forbidden, MethodNotAllowed, NotFound
from infra.local.answers import Answer, Broken, answer_json, bare
from infra.local.meter import Meter
from infra.local.outbox import Outbox
from infra.local.proxy_event import Request
from infra.local.rate_limits import RateLimits
from infra.local.schedules import Schedules

_ROUTES = {
    "/_local/outbox": ["GET"],
    "/_local/usage": ["GET", "DELETE"],
    "/_local/schedule/{name}": ["POST"],
    "/_local/limits": ["DELETE"],
}
# A form on another site cannot send it, and a script there needs a preflight for it, which is refused.
OWN_HEADER = "X-Gatehouse-Local"


class LocalDesk:
    """Answers `/_local/…` (contract/local.md)."""

    def __init__(self, *, outbox: Outbox, meter: Meter, schedules: Schedules, limits: RateLimits) -> None:
        """The sources of its answers."""
        self._outbox = outbox
        self._meter = meter
        self._schedules = schedules
        self._limits = limits

    @property
    def routes(self) -> Mapping[str, list[str]]:
        """The paths under `/_local` and their methods."""
        return _ROUTES

    def answer(self, request: Request) -> Answer:
        """Answer one request. Raises Refusal."""
        request_id = request.request_id
        match request.path.strip("/").split("/")[1:]:
            case ["outbox"]:
                _require(request.method, "GET")
                to = request.query().get("to", [None])[-1]
                return answer_json(200, {"messages": self._outbox.messages(to)}, request_id=request_id)
            case ["usage"]:
                _require(request.method, "GET", "DELETE")
                if request.method == "DELETE":
                    _require_own_header(request)
                    self._meter.reset()
                    return bare(204, request_id=request_id)
                return answer_json(200, self._meter.report(), request_id=request_id)
            case ["schedule", name]:
                _require(request.method, "POST")
                _require_own_header(request)
                return self._run(name, request_id)
            case ["limits"]:
                _require(request.method, "DELETE")
                _require_own_header(request)
                self._limits.clear()
                return bare(204, request_id=request_id)
        raise NotFound("A local run has /_local/outbox/, /_local/usage/, /_local/schedule/<name>/ and /_local/limits/.")

    def _run(self, name: str, request_id: str) -> Answer:
        if name not in self._schedules.names:
            raise NotFound(
                f"There is no schedule of that name; there are: {', '.join(self._schedules.names) or 'none'}."
            )
        try:
            self._schedules.run_now(name)
        except Exception as error:
            raise Broken(f"The schedule raised {type(error).__name__}; the log has the rest.") from error
        return answer_json(200, {"schedule": name, "status": "done"}, request_id=request_id)


def _require(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise MethodNotAllowed


def _require_own_header(request: Request) -> None:
    if request.header(OWN_HEADER.lower().encode()) != "1":
        raise Forbidden(f"A write under /_local needs the header {OWN_HEADER}: 1.")
