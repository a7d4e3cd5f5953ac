"""What a local run serves under `/_local`.

The outbox, the usage meter, schedules on demand, cleared rate limits, the demo log-ins, simulated agents, and disputes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import Forbidden, MalformedJson, MethodNotAllowed, NotFound
from infra.local.agents import SimulatedAgents
from infra.local.answers import Answer, Broken, answer_json, bare
from infra.local.meter import Meter
from infra.local.outbox import Outbox
from infra.local.proxy_event import Request
from infra.local.rate_limits import RateLimits
from infra.local.sandbox_bank import SandboxBank
from infra.local.schedules import Schedules

_ROUTES = {
    "/_local/outbox": ["GET"],
    "/_local/usage": ["GET", "DELETE"],
    "/_local/schedules": ["GET"],
    "/_local/schedule/{name}": ["POST"],
    "/_local/limits": ["DELETE"],
    "/_local/demo": ["GET"],
    "/_local/disputes": ["POST"],
    "/_local/agents": ["GET", "POST"],
    "/_local/agents/{agent_id}": ["DELETE"],
    "/_local/agents/{agent_id}/tap": ["POST"],
    "/_local/agents/{agent_id}/network": ["PUT"],
    "/_local/agents/{agent_id}/sync": ["POST"],
}
# A form on another site cannot send it, and a script there needs a preflight for it, which is refused.
OWN_HEADER = "X-Gatehouse-Local"


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a run plays besides itself: gates, and the sandbox's bank."""

    agents: SimulatedAgents
    bank: SandboxBank


class LocalDesk:
    """Answers `/_local/…` (contract/local.md)."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        meter: Meter,
        schedules: Schedules,
        limits: RateLimits,
        simulated: Simulated | None = None,
        demo: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
    ) -> None:
        """The sources of its answers; `demo` has the demo data's accounts and cards."""
        self._agents = simulated.agents if simulated else None
        self._bank = simulated.bank if simulated else None
        self._demo = {"accounts": [], "cards": [], **(demo or {})}
        self._outbox = outbox
        self._meter = meter
        self._schedules = schedules
        self._limits = limits

    @property
    def routes(self) -> Mapping[str, list[str]]:
        """The paths under `/_local` and their methods."""
        return _ROUTES

    def answer(self, request: Request, body: bytes = b"") -> Answer:
        """Answer one request. Raises Refusal."""
        request_id = request.request_id
        match request.path.strip("/").split("/")[1:]:
            case ["outbox"]:
                _require(request.method, "GET")
                query = {name: values[-1] for name, values in request.query().items()}
                messages = self._outbox.messages(query.get("to"), since=query.get("since"))
                return answer_json(200, {"messages": messages}, request_id=request_id)
            case ["usage"]:
                _require(request.method, "GET", "DELETE")
                if request.method == "DELETE":
                    _require_own_header(request)
                    self._meter.reset()
                    return bare(204, request_id=request_id)
                return answer_json(200, self._meter.report(), request_id=request_id)
            case ["demo"]:
                _require(request.method, "GET")
                return answer_json(200, self._demo, request_id=request_id)
            case ["agents", *path] if self._agents is not None:
                return self._of_agents(self._agents, request, path, body)
            case ["disputes"] if self._bank is not None:
                _require(request.method, "POST")
                _require_own_header(request)
                return answer_json(201, self._bank.dispute(_object(body)), request_id=request_id)
            case ["schedules"]:
                _require(request.method, "GET")
                return answer_json(200, {"schedules": self._schedules.facts()}, request_id=request_id)
            case ["schedule", name]:
                _require(request.method, "POST")
                _require_own_header(request)
                return self._run(name, request_id)
            case ["limits"]:
                _require(request.method, "DELETE")
                _require_own_header(request)
                self._limits.clear()
                return bare(204, request_id=request_id)
        raise NotFound(f"A local run has {', '.join(f'{path}/' for path in _ROUTES)}.")

    def _of_agents(self, agents: SimulatedAgents, request: Request, path: Sequence[str], body: bytes) -> Answer:
        request_id = request.request_id
        if request.method != "GET":
            _require_own_header(request)
        match path:
            case []:
                _require(request.method, "GET", "POST")
                if request.method == "GET":
                    return answer_json(200, agents.report(), request_id=request_id)
                return answer_json(201, agents.start(_object(body)), request_id=request_id)
            case [agent_id]:
                _require(request.method, "DELETE")
                agents.end(agent_id)
                return bare(204, request_id=request_id)
            case [agent_id, "tap"]:
                _require(request.method, "POST")
                return answer_json(200, agents.tap(agent_id, _object(body)), request_id=request_id)
            case [agent_id, "network"]:
                _require(request.method, "PUT")
                return answer_json(200, agents.connect(agent_id, _object(body)), request_id=request_id)
            case [agent_id, "sync"]:
                _require(request.method, "POST")
                return answer_json(200, agents.sync(agent_id), request_id=request_id)
        raise NotFound("An agent has tap/, network/ and sync/.")

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


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        raise MalformedJson from None
    if not isinstance(found, dict):
        raise MalformedJson
    return found
