"""The HTTP front, in front of a small app, over real sockets."""

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import uvicorn
from chalice import Response

from chalicelib.errors import NotFound
from chalicelib.observability import in_this_context, logger
from chalicelib.portals.http import application, envelope, request_log
from infra.local import front
from infra.local.front import EnvelopeProtocol, Gateway
from infra.local.meter import Meter
from infra.local.proxy_event import Request, proxy_event
from infra.local.routes import RouteTable
from tests.support.log_lines import Line, collected

PNG = b"\x89PNG\r\n\x1a\n\x00\xff\xfe"


def small_app() -> Any:
    # The platform's own class: it is what keeps one request from another.
    app = application.Gatehouse(app_name="small", configure_logs=False)
    app.register_middleware(request_log.middleware, "http")
    app.register_middleware(envelope.middleware, "http")
    app.api.binary_types = ["image/png"]

    @app.route("/api/usher/echo/{name}", methods=["POST"], name="echo")
    def echo(name: str) -> dict[str, Any]:
        body = app.current_request.json_body
        time.sleep(0.002)
        return {
            "name": name,
            "body": body,
            "later": app.current_request.json_body,
            "header": app.current_request.headers["x-caller"],
            "query": app.current_request.query_params,
        }

    @app.route("/api/usher/event/{name}", methods=["GET"], name="event")
    def event(name: str) -> Any:
        request = app.current_request
        return {**request.to_dict(), "raw_path": request.path, "variable": name}

    @app.route("/api/usher/event/fixed", methods=["GET", "HEAD"], name="fixed")
    def fixed() -> Any:
        return {"variable": None}

    @app.route("/api/usher/picture", methods=["POST"], content_types=["image/png"], name="picture")
    def picture() -> Response:
        return Response(body=app.current_request.raw_body, headers={"Content-Type": "image/png"})

    @app.route("/api/usher/text", methods=["POST"], name="text")
    def text() -> Any:
        return {"length": len(app.current_request.raw_body)}

    @app.route("/api/usher/broken", methods=["GET"], name="broken")
    def broken() -> Any:
        raise KeyError("a fault of ours")

    @app.route("/api/usher/logging/{name}", methods=["GET"], name="logging")
    def logging_(name: str) -> Any:
        logger.info("first", extra={"name_in_path": name})
        with ThreadPoolExecutor(2) as hands:
            list(hands.map(in_this_context(lambda part: logger.info(part, extra={"name_in_path": name})), "ab"))
        if name.startswith("unknown"):
            raise NotFound
        logger.info("last", extra={"name_in_path": name})
        return {}

    @app.route("/api/tix/slow", methods=["GET"], name="slow")
    def slow() -> Any:
        time.sleep(3)
        return {}

    return app


class _Announced(uvicorn.Server):
    """A server that says when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


class Served:
    """The small app behind the front."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.gateway = Gateway(small_app(), meter=self.meter)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            self.gateway, http=EnvelopeProtocol, ws="none", lifespan="off", log_config=None, proxy_headers=False
        )
        self._server = _Announced(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve([self._socket])))
        self._thread.start()
        assert self._server.is_up.wait(120), "the front did not start"
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def close(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join()
        self.gateway.close()
        self._socket.close()

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are; return the whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(request)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
                if b"\r\n\r\n" in b"".join(parts) and b"connection: close" not in parts[0]:
                    break
        return b"".join(parts)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    running = Served()
    yield running
    running.close()


def test_sixteen_callers_at_once_each_see_only_their_own_request(served: Served) -> None:
    def one_caller(caller: int) -> list[dict[str, Any]]:
        with httpx.Client(base_url=f"http://127.0.0.1:{served.port}", timeout=60) as client:
            return [
                client.post(
                    f"/api/usher/echo/{caller}-{number}/?q={caller}",
                    json={"secret": f"{caller}-{number}"},
                    headers={"x-caller": str(caller)},
                ).json()
                for number in range(15)
            ]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(one_caller, range(16)))

    for caller, seen in enumerate(answers):
        for number, answer in enumerate(seen):
            mine = {"secret": f"{caller}-{number}"}
            assert answer == {
                "name": f"{caller}-{number}",
                "body": mine,
                "later": mine,
                "header": str(caller),
                "query": {"q": str(caller)},
            }
    assert served.meter.report()["requests"]["usher POST /api/usher/echo/{name}/"]["calls"] == 240


def test_both_spellings_of_a_path_answer_the_same(served: Served) -> None:
    with_slash = served.client.get("/api/usher/event/evt_1/").json()
    without = served.client.get("/api/usher/event/evt_1").json()

    assert with_slash["context"]["resourcePath"] == without["context"]["resourcePath"] == "/api/usher/event/{name}"
    assert with_slash["variable"] == without["variable"] == "evt_1"
    assert served.client.get("/api/usher/event/fixed/").json() == {"variable": None}
    assert served.client.get("/api/usher/event/fixed").json() == {"variable": None}


def test_the_event_is_shaped_as_api_gateway_shapes_it(served: Served) -> None:
    answer = served.client.get(
        "/api/usher/event/a%2Fb%20c/?tag=x&tag=y&name=caf%C3%A9", headers={"x-forwarded-for": "9.9.9.9"}
    )

    seen = answer.json()
    assert seen["variable"] == "a%2Fb%20c", "path values are never decoded"
    assert seen["query_params"]["name"] == "café"
    assert seen["headers"]["x-forwarded-for"] == "9.9.9.9, 127.0.0.1"
    context = seen["context"]
    assert context["identity"]["sourceIp"] == "127.0.0.1", "a header must not choose the address"
    assert context["requestId"] == answer.headers["x-request-id"]
    assert context["path"] == "/local/api/usher/event/a%2Fb%20c/"
    assert (context["httpMethod"], context["stage"]) == ("GET", "local")


def test_head_has_the_headers_of_get_and_no_body_and_the_connection_goes_on(served: Served) -> None:
    path = "/api/usher/event/fixed"
    got, headed = (served.client.request(method, path) for method in ("GET", "HEAD"))
    assert (got.status_code, headed.status_code) == (200, 200)
    assert (len(got.content), headed.content) == (int(headed.headers["content-length"]), b"")
    assert headed.headers.keys() == got.headers.keys()
    raw = served.raw(f"HEAD {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert raw.endswith(b"\r\n\r\n")
    refused = served.client.head("/api/usher/text")
    assert (refused.status_code, refused.content) == (405, b"")
    assert served.client.get(path).content == got.content


def test_repeated_query_values_and_headers_all_arrive() -> None:
    scope = {
        "method": "GET",
        "raw_path": b"/things",
        "headers": [(b"x-tag", b"a"), (b"x-tag", b"b")],
        "query_string": b"tag=x&tag=y&empty=",
        "client": ("127.0.0.5", 1),
        "scheme": "http",
        "http_version": "1.1",
    }
    match = RouteTable({"/things": ["GET"]}).find("/things")
    assert match is not None
    event = proxy_event(Request(scope, "r-1"), match, b"", binary_types=frozenset())
    assert event["multiValueHeaders"]["x-tag"] == ["a", "b"]
    assert event["headers"]["x-tag"] == "b"
    assert event["multiValueQueryStringParameters"] == {"tag": ["x", "y"], "empty": [""]}
    assert event["queryStringParameters"] == {"tag": "y", "empty": ""}
    assert event["pathParameters"] is None
    assert event["body"] is None
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.5"
    json.dumps(event)


def test_a_binary_body_goes_in_and_comes_out_unchanged(served: Served) -> None:
    headers = {"content-type": "image/png", "accept": "image/png"}
    answer = served.client.post("/api/usher/picture/", content=PNG, headers=headers)
    assert (answer.status_code, answer.content) == (200, PNG)


def test_a_binary_answer_stays_base64_where_the_first_accepted_type_is_another(served: Served) -> None:
    result = {"statusCode": 200, "headers": {}, "body": base64.b64encode(PNG).decode(), "isBase64Encoded": True}
    assert served.gateway.passed_on(result, "image/png").body == PNG
    assert served.gateway.passed_on(result, "text/html").body == base64.b64encode(PNG)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"not http at all\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /api/usher/text HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n",
        b"GET /api/usher/event/x HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_http_gets_the_envelope_and_the_line_is_closed(served: Served, request_bytes: bytes) -> None:
    head, _, body = served.raw(request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["code"] == "MALFORMED_JSON"


@pytest.mark.parametrize(
    "target", [b"//", b"//api", b"/%", b"/%00/%ff", b"/api/usher/event//", b"/\xff\xfe", b"/a?%zz=%", b"*"]
)
def test_odd_paths_are_refused_in_the_envelope(served: Served, target: bytes) -> None:
    head, _, body = served.raw(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").partition(
        b"\r\n\r\n"
    )
    status = int(head.split(b" ")[1])
    assert status in (400, 404)
    assert json.loads(body)["error"]["code"] in ("MALFORMED_JSON", "NOT_FOUND")


def test_a_body_over_the_gateways_limit_is_too_large(served: Served) -> None:
    answer = served.client.post("/api/usher/text", content=b"x" * (front.GATEWAY_BODY_LIMIT + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "TOO_LARGE"
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]


def test_a_body_over_what_a_function_takes_is_too_large(served: Served) -> None:
    headers = {"content-type": "application/json"}
    answer = served.client.post("/api/usher/text", content=b"x" * (front.FUNCTION_PAYLOAD_LIMIT + 1), headers=headers)
    assert answer.status_code == 413
    fits = served.client.post("/api/usher/text", content=b"x" * 1_000_000, headers=headers)
    assert fits.json() == {"length": 1_000_000}


def test_an_unknown_path_is_not_found_in_the_audiences_own_envelope(served: Served) -> None:
    assert served.client.get("/api/usher/nothing/").json()["error"]["code"] == "NOT_FOUND"
    bare = served.client.get("/api/tix/nothing").json()
    assert (bare["code"], bare["error"]) == ("NOT_FOUND", "Not found. Check the id.")


def test_a_wrong_method_is_refused_and_told_which_are_right(served: Served) -> None:
    answer = served.client.delete("/api/usher/text/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


def test_an_answer_to_head_has_no_body(served: Served) -> None:
    answer = served.client.head("/api/usher/text/")
    assert (answer.status_code, answer.content) == (405, b"")
    # The connection is still in step.
    assert served.client.get("/api/usher/event/fixed").status_code == 200


def test_a_preflight_from_an_allowed_origin_is_told_what_it_may(served: Served) -> None:
    origin = "http://localhost:8082"
    answer = served.client.options(
        "/api/usher/text/", headers={"origin": origin, "access-control-request-method": "POST"}
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-methods"] == "POST,OPTIONS"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "Origin"
    admin = served.client.options("/api/usher/text/", headers={"origin": "http://localhost:8081"})
    assert admin.headers["access-control-allow-credentials"] == "true"


def test_a_preflight_from_elsewhere_is_told_nothing(served: Served) -> None:
    answer = served.client.options("/api/usher/text/", headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 204
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_fault_of_the_app_is_internal_and_says_nothing_of_it(served: Served) -> None:
    answer = served.client.get("/api/usher/broken/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "INTERNAL")
    assert "fault of ours" not in answer.text


def test_a_function_that_takes_too_long_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "GATEWAY_TIMEOUT_SECONDS", 0.05)
    answer = served.client.get("/api/tix/slow")
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"


# The log


def test_with_sixteen_callers_at_once_every_line_carries_the_id_of_its_own_request(served: Served) -> None:
    def one_caller(caller: int) -> dict[str, str]:
        """Return the name in each path by the id that the answer carried."""
        names: dict[str, str] = {}
        with httpx.Client(base_url=f"http://127.0.0.1:{served.port}", timeout=60) as client:
            for number in range(10):
                name = f"{'unknown' if number % 2 else 'known'}-{caller}-{number}"
                answer = client.get(f"/api/usher/logging/{name}/")
                assert answer.status_code == (404 if number % 2 else 200)
                names[answer.headers["x-request-id"]] = name
        return names

    with collected() as lines, ThreadPoolExecutor(16) as pool:
        answered = [pair for names in pool.map(one_caller, range(16)) for pair in names.items()]

    assert len(answered) == 160
    found: dict[str, list[Line]] = {}
    for line in lines.all():
        found.setdefault(line["request_id"], []).append(line)
    for request_id, name in answered:
        *own, summary = found.pop(request_id)
        expected = ["a", "b", "first"] + ([] if name.startswith("unknown") else ["last"])
        assert sorted(line["message"] for line in own) == expected
        assert {line["name_in_path"] for line in own} == {name}
        assert (summary["message"], summary["route"]) == ("request", "/api/usher/logging/{name}")
        code = "NOT_FOUND" if name.startswith("unknown") else None
        assert (summary.get("code"), summary["status"]) == (code, 404 if code else 200)
    assert _without_slow(line for others in found.values() for line in others) == []


def _without_slow(lines: Iterable[Line]) -> list[Line]:
    """Leave out the function that another test did not wait for: it may end meanwhile."""
    return [line for line in lines if line.get("route") != "/api/tix/slow"]


@pytest.mark.parametrize(
    ("method", "path", "route", "status", "code"),
    [
        ("GET", "/api/usher/nothing/+923001234567/", "(unknown)", 404, "NOT_FOUND"),
        ("DELETE", "/api/usher/event/+923001234567/", "/api/usher/event/{name}", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/api/usher/event/+923001234567/", "/api/usher/event/{name}", 204, None),
        ("GET", "/api/usher/broken/", "/api/usher/broken", 500, "INTERNAL"),
    ],
)
def test_each_answer_has_one_line_wherever_it_comes_from(
    served: Served, method: str, path: str, route: str, status: int, code: str | None
) -> None:
    with collected() as lines:
        answer = served.client.request(method, path)
    assert answer.status_code == status
    [line] = _without_slow(lines.of_requests())
    assert (line["request_id"], line["method"], line["route"]) == (answer.headers["x-request-id"], method, route)
    assert (line["status"], line.get("code")) == (status, code)
    assert "923001234567" not in lines.text


def test_bodies_over_the_limit_and_malformed_requests_are_logged_too(served: Served) -> None:
    with collected() as lines:
        large = served.client.post("/api/usher/text", content=b"x" * (front.GATEWAY_BODY_LIMIT + 1))
        _, _, body = served.raw(b"not http at all\r\n\r\n").partition(b"\r\n\r\n")
    too_large, malformed = _without_slow(lines.of_requests())
    assert (too_large["request_id"], too_large["code"]) == (large.headers["x-request-id"], "TOO_LARGE")
    assert (malformed["request_id"], malformed["code"]) == (json.loads(body)["error"]["request_id"], "MALFORMED_JSON")
    assert malformed["route"] == "(unknown)"


class _Desk:
    """A desk whose engine does not answer."""

    def __init__(self) -> None:
        self.routes = {"/_local/limits": ["DELETE"]}

    def answer(self, request: Request, body: bytes) -> Any:  # noqa: ARG002  # it is not even read
        raise ConnectionRefusedError


def test_a_fault_of_the_desk_is_answered_in_the_envelope() -> None:
    gateway = Gateway(small_app(), meter=Meter(), inspection=_Desk())
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "DELETE",
        "raw_path": b"/_local/limits/",
        "query_string": b"",
        "headers": [(b"host", b"localhost:8000")],
    }
    asyncio.run(gateway(scope, receive, send))
    gateway.close()
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["error"]["code"] == "INTERNAL"
