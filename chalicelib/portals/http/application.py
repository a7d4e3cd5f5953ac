"""The HTTP application of a function: Chalice with the platform's middleware, and the doors that the function has."""

from collections.abc import Iterable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from chalice import Chalice

from chalicelib.portals.http import envelope, request_log

_request: ContextVar[Any] = ContextVar("request", default=None)
_context: ContextVar[Any] = ContextVar("lambda_context", default=None)


class Gatehouse(Chalice):
    """Chalice, with the request kept per context.

    Chalice keeps it on the app object, so two threads would read each other's requests.
    """

    @property
    def current_request(self) -> Any:
        """The request that this thread is answering."""
        return _request.get()

    @current_request.setter
    def current_request(self, request: Any) -> None:
        _request.set(request)

    @property
    def lambda_context(self) -> Any:
        """The Lambda context of this thread's call."""
        return _context.get()

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        _context.set(context)

    def _get_middleware_handlers(self, event_type: str) -> Any:
        """Return the middleware for one kind of event.

        Chalice returns a generator: of two threads that make a handler's first calls, one would find it empty.
        """
        return list(super()._get_middleware_handlers(event_type))


def with_doors(doors: Iterable[ModuleType]) -> Gatehouse:
    """Return an application that answers the routes of these doors.

    A blueprint serves one application of a process: Chalice would drop methods of its second one.
    """
    app = Gatehouse(app_name="gatehouse", configure_logs=False)
    app.register_middleware(request_log.middleware, "http")
    app.register_middleware(envelope.middleware, "http")
    # Chalice would refuse a picture to callers whose first accepted type is another, as axios's is; what travels as
    # bytes is decided by the answer (portals/http/answer.py) and by the gateway (portals/http/envelope.py).
    app.api.binary_types = []
    for door in doors:
        app.register_blueprint(door.bp)
    return app
