"""What a local run serves under `/_local`: the outbox, the usage meter, schedules on demand."""

from collections.abc import Mapping

from chalicelib.errors import MethodNotAllowed, NotFound, Refusal
from infra.local.answers import Answer, Broken, answer_json, bare, refused
from infra.local.meter import Meter
from infra.local.outbox import Outbox
from infra.local.schedules import Schedules


class LocalDesk:
    """Answers `/_local/…` (contract/local.md)."""

    def __init__(self, *, outbox: Outbox, meter: Meter, schedules: Schedules) -> None:
        """Look into these three."""
        self._outbox = outbox
        self._meter = meter
        self._schedules = schedules

    def answer(self, method: str, path: str, query: Mapping[str, str], request_id: str) -> Answer:
        """Answer one request; errors come in the contract's envelope."""
        try:
            return self._answer(method, path.strip("/").split("/")[1:], query, request_id)
        except Refusal as refusal:
            return refused(refusal, path, request_id=request_id)

    def _answer(self, method: str, parts: list[str], query: Mapping[str, str], request_id: str) -> Answer:
        match parts:
            case ["outbox"]:
                _require(method, "GET")
                return answer_json(200, {"messages": self._outbox.messages(query.get("to"))}, request_id=request_id)
            case ["usage"]:
                _require(method, "GET", "DELETE")
                if method == "DELETE":
                    self._meter.reset()
                    return bare(204, request_id=request_id)
                return answer_json(200, self._meter.report(), request_id=request_id)
            case ["schedule", name]:
                _require(method, "POST")
                return self._run(name, request_id)
        raise NotFound("A local run has /_local/outbox/, /_local/usage/ and /_local/schedule/<name>/.")

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
