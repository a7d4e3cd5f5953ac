"""Each refusal that an attack would cause, and each log-in, leaves one line; no line has anything of a person."""

import base64
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pyotp
import pytest

import app as platform
from chalicelib import errors
from chalicelib.domain.access import new_accounts, request_rates, security_log, tokens
from chalicelib.errors import Refusal
from chalicelib.portals.http import application, envelope, request_log
from chalicelib.portals.http.route import AnyRoute
from chalicelib.schemas.examples import demo
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole, Portal
from infra.local.demo import demo_passwords
from tests.contract.ground import OTHER_EVENT_ID, PASSWORD, Ground, routes
from tests.support import payers
from tests.support.client import Answer, call
from tests.support.encodings import forms, hidden
from tests.support.factories import with_second_factor
from tests.support.log_lines import Line, LogLines, collected
from tests.support.settings import configured

NAME, NUMBER, EMAIL = "Zulaikha Quraishi", "+923009876543", "zulaikha@people.example.com"
SECRETS = {"name": NAME, "number": NUMBER, "email": EMAIL, "password": "Un-guessable 4711!", "otp": "918273"}
ADDRESS = "203.0.113.77"
_emails = itertools.count(1)
# Log-ins by operation, and what each proves.
FACTORS = {
    "admin_login": ["password"],
    "campus_login": ["password"],
    "campus_register": ["registration"],
    "device_token": ["device_key"],
    "public_merchant_verify_otp": ["password", "otp"],
    "public_organizer_verify_otp": ["password", "otp"],
    "public_verify_login_otp": ["password", "otp"],
    "public_verify_otp": ["otp"],
    "public_tix_login": ["password"],
    "public_tix_register": ["registration"],
    "usher_login": ["password"],
}


@pytest.fixture
def lines() -> Iterator[LogLines]:
    with collected() as found:
        yield found


def security_lines(lines: LogLines, kind: str) -> list[Line]:
    """Return the lines of the security log; each has the route's template and a MAC of the address."""
    found = [line for line in lines.all() if line.get("security") == kind]
    assert all(len(line["address_mac"]) == 16 for line in found)
    return found


def the_refusal(lines: LogLines) -> Line:
    [line] = security_lines(lines, "refusal")
    assert line["message"] == "refused"
    return line


def logged_in_lines(lines: LogLines) -> list[Line]:
    return security_lines(lines, "log-in")


def super_admin() -> tuple[Account, str, str]:
    """Return a super admin with a second factor, the e-mail address, and the secret of the factor."""
    email = f"super{next(_emails)}@staff.example.com"
    account = new_accounts.create_admin(email=email, password=PASSWORD, name=NAME, role=AdminRole.SUPER_ADMIN)
    return account, email, with_second_factor(account)


def staff_log_in(email: str, password: str, **more: str) -> Answer:
    return call("POST", "/api/auth/login/", {"email": email, "password": password, **more}, address=ADDRESS)


# The nine probes: each returns what its line must have. The message is "refused", or "logged in" where it has factors.


def wrong_admin_password(_: Ground) -> Line:
    account, email, _secret = super_admin()
    assert staff_log_in(email, SECRETS["password"]).status == 401
    return {"code": "INVALID_CREDENTIALS", "route": "/api/auth/login", "account_id": account.account_id}


def lock_out(_: Ground) -> Line:
    email = super_admin()[1]
    while (answer := staff_log_in(email, SECRETS["password"])).status == 401:
        pass
    assert answer.status == 429
    return {"code": "RATE_LIMITED", "status": 429, "route": "/api/auth/login", "portal": "admin"}


def right_log_in_of_a_super_admin(_: Ground) -> Line:
    account, email, secret = super_admin()
    answer = staff_log_in(email, PASSWORD, totp=pyotp.TOTP(secret).now())
    assert answer.status == 200
    return {"factors": ["password", "totp"], "principal_id": account.account_id, "route": "/api/auth/login"}


def forged_token(ground: Ground) -> Line:
    head, body, _signature = ground.access(Portal.WEBAPP).split(".")
    answer = call("GET", "/api/v1/users/me/", token=f"{head}.{body}.{'A' * 86}", address=ADDRESS)
    assert answer.status == 401
    return {"code": "UNAUTHENTICATED", "route": "/api/v1/users/me", "portal": "webapp"}


def forbidden(ground: Ground) -> Line:
    token = ground.access(Portal.ADMIN, role=AdminRole.FINANCE)
    body = {"event_id": demo.EVENT_ID, "gate": "Gate 1", "name": "Left"}
    answer = call("POST", "/api/devices/", body, token=token, address=ADDRESS)
    assert answer.status == 403
    return {"code": "FORBIDDEN", "route": "/api/devices"}


def ticket_of_another(ground: Ground) -> Line:
    answer = call(
        "GET",
        f"/api/v1/users/tickets/{demo.ticket_id(1)}/qr-code/",
        token=ground.tenant_token(Portal.WEBAPP),
        address=ADDRESS,
    )
    assert answer.status == 404
    route = "/api/v1/users/tickets/{ticket_id}/qr-code"
    return {"code": "NOT_FOUND", "route": route, "principal_id": ground.other_customer.account_id}


def bad_webhook_signature(_: Ground) -> Line:
    assert payers.post_webhook(b'{"id": "evt_1"}', signature="t=1,v1=aa").status == 400
    return {"code": "BAD_SIGNATURE", "status": 400, "route": "/api/v1/payments/webhook"}


def forged_refresh_token(ground: Ground) -> Line:
    session_id = ground.session(Portal.WEBAPP).refresh.partition(".")[0]
    forged = {"refresh": f"{session_id}.1.{'A' * 43}"}
    assert call("POST", "/api/v1/users/token/refresh/", forged, address=ADDRESS).status == 401
    return {"code": "UNAUTHENTICATED", "route": "/api/v1/users/token/refresh"}


def code_for_no_challenge(_: Ground) -> Line:
    body = {"challenge_id": "chl_01J0000000000000000000000", "otp": SECRETS["otp"]}
    assert call("POST", "/api/v1/users/verify-login-otp/", body, address=ADDRESS).status == 400
    return {"code": "OTP_INVALID", "status": 400, "route": "/api/v1/users/verify-login-otp"}


PROBES = (
    wrong_admin_password,
    lock_out,
    right_log_in_of_a_super_admin,
    forged_token,
    forbidden,
    ticket_of_another,
    bad_webhook_signature,
    forged_refresh_token,
    code_for_no_challenge,
)


@pytest.mark.parametrize("probe", PROBES)
def test_each_probe_of_the_way_in_leaves_its_line(
    probe: Callable[[Ground], Line], ground: Ground, lines: LogLines
) -> None:
    expected = probe(ground)
    last = [line for line in lines.all() if line.get("security") in ("refusal", "log-in")][-1]
    assert last["message"] == ("logged in" if "factors" in expected else "refused")
    assert {name: last.get(name) for name in expected} == expected
    assert security_lines(lines, last["security"])[-1] == last
    for secret in (*SECRETS.values(), PASSWORD, ADDRESS):
        assert hidden(secret, lines.text) == []


def _kinds(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


# The refusals of this package; tests have some of their own.
KINDS = sorted({kind for kind in _kinds() if kind.__module__ == errors.__name__}, key=lambda kind: kind.__name__)
TRACED = (401, 403, 404, 429)


def _refusing_app(kind: type[Refusal]) -> Any:
    """Return an app with one route, which knows its caller and refuses with words of the request."""
    app = application.Gatehouse(app_name="gatehouse", configure_logs=False)
    app.register_middleware(request_log.middleware, "http")
    app.register_middleware(envelope.middleware, "http")

    @app.route("/api/v1/refusing/{number}", methods=["POST"], name="refusing")
    def refusing(number: str) -> Any:
        security_log.note_principal("cus_someone")
        details = [{"field": "name", "message": f"{NAME} is no name"}]
        raise kind(f"{number} {app.current_request.json_body}", details=details, extra={"ticket": EMAIL})

    return app


def _event(**seeds: str) -> dict[str, Any]:
    """Return a request that has a known value in each part that a caller can fill."""
    text = " ".join(seeds.values())
    headers = {
        "authorization": f"Bearer {base64.b64encode(text.encode()).decode()}",
        "content-type": "application/json",
        "cookie": f"gatehouse_refresh={text}",
        "idempotency-key": text,
        "user-agent": text,
        "x-forwarded-for": ADDRESS,
    }
    return {
        "path": f"/api/v1/refusing/{seeds['number']}",
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": {"search": [text]},
        "pathParameters": {"number": seeds["number"]},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": "/api/v1/refusing/{number}",
            "httpMethod": "POST",
            "path": f"/live/api/v1/refusing/{seeds['number']}",
            "requestId": "req-refusing",
            "identity": {"sourceIp": ADDRESS, "userAgent": text},
        },
        "body": f'{{"text": "{text}"}}',
        "isBase64Encoded": False,
    }


@pytest.mark.usefixtures("ground")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_error_code_has_its_line_or_none_and_no_line_has_the_callers_words(
    kind: type[Refusal], lines: LogLines
) -> None:
    assert _refusing_app(kind)(_event(**SECRETS), None)["statusCode"] == kind.status
    is_traced = kind.status in TRACED or kind.code.startswith("OTP_") or kind is errors.BadSignature
    found = security_lines(lines, "refusal")
    expected = {
        "code": kind.traced_as or kind.code,
        "status": kind.status,
        "route": "/api/v1/refusing/{number}",
        "portal": "webapp",
        "principal_id": "cus_someone",
    }
    assert [{name: line[name] for name in expected} for line in found] == [expected] * is_traced
    assert [form for secret in (*SECRETS.values(), ADDRESS) for form in hidden(secret, lines.text)] == []


def test_the_search_for_secrets_finds_each_form_of_one() -> None:
    encoded = base64.b64encode(b"a " + NUMBER.encode() + b" z").decode()
    assert hidden(NUMBER, f"x{encoded}x")
    assert hidden(NAME, base64.urlsafe_b64encode(f"{{{NAME}}}".encode()).decode())
    assert hidden(NUMBER, "to=%2B923009876543")
    assert hidden(EMAIL, EMAIL.encode().hex())
    assert not hidden(NUMBER, "+923001112223")
    assert len(forms(NUMBER)) > 8


GUARDED = [route for route in routes() if route.guard]


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.operation_id)
def test_a_forged_token_leaves_a_line_on_each_route(route: AnyRoute, ground: Ground, lines: LogLines) -> None:
    request = ground.rightful(route)
    lines.clear()
    assert ground.send(route, request, token="forged.token.signature").status == 401
    line = the_refusal(lines)
    assert (line["route"], line["code"], line["portal"]) == (route.path, "UNAUTHENTICATED", route.portal)
    assert "principal_id" not in line
    assert "forged.token" not in lines.text


PORTALS = sorted({route.guard.portal for route in GUARDED if route.guard and route.guard.portal})
OF_A_THING = sorted((route for route in GUARDED if route.variables), key=lambda route: route.method != "GET")


# Staff see all, a shop's paths name numbers, and a device has no path that names a thing.
NOBODY_OWNS = {Portal.ADMIN, Portal.MERCHANT, Portal.DEVICE}


@pytest.mark.usefixtures("one_window")
@pytest.mark.parametrize("portal", PORTALS)
def test_a_caller_of_each_portal_who_asks_too_often_leaves_one_line(
    portal: Portal, ground: Ground, lines: LogLines
) -> None:
    found = (route for route in GUARDED if route.guard and route.guard.portal is portal)
    route = min(found, key=lambda route: (route.method != "GET", bool(route.variables)))
    request, token = ground.rightful(route), ground.token(route)
    request_rates.forget()
    with configured(LIMIT_REQUESTS=1, LIMIT_DEVICE_REQUESTS=1):
        assert ground.send(route, request, token=token).status < 300
        lines.clear()
        assert ground.send(route, request, token=token).status == 429
    request_rates.forget()
    line = the_refusal(lines)
    assert (line["route"], line["code"], line["portal"]) == (route.path, "RATE_LIMITED", portal)
    assert line["principal_id"] == tokens.verify(str(token), portal).id


@pytest.mark.parametrize("portal", PORTALS)
def test_what_belongs_to_others_leaves_one_line_in_each_portal(portal: Portal, ground: Ground, lines: LogLines) -> None:
    if portal in NOBODY_OWNS:
        pytest.skip("no path names a thing of another caller")
    seen = 0
    for route in OF_A_THING:
        if route.guard and route.guard.portal is portal:
            request, token = ground.rightful(route), ground.tenant_token(portal)
            lines.clear()
            answer = ground.send(route, request, token=token)
            refused = security_lines(lines, "refusal")
            if answer.status < 300:
                assert refused == []
                continue
            [line] = refused
            assert (line["route"], line["status"], line["portal"]) == (route.path, answer.status, portal)
            assert line["principal_id"] == tokens.verify(token, portal).id
            seen += 1
            if seen == 4:
                break
    assert seen > 0


def _issues_tokens(route: AnyRoute) -> bool:
    replies = [reply for reply in (route.reply, *route.also.values()) if reply is not None]
    return not route.refresh and any({"access", "token", "tokens"} & set(reply.model_fields) for reply in replies)


LOG_INS = [route for route in routes() if _issues_tokens(route)]


def test_every_route_that_issues_tokens_has_its_factors_here() -> None:
    assert {route.operation_id for route in LOG_INS} == set(FACTORS)


@pytest.mark.parametrize("route", LOG_INS, ids=lambda route: route.operation_id)
def test_each_log_in_of_each_portal_leaves_one_line_with_its_factors(
    route: AnyRoute, ground: Ground, lines: LogLines
) -> None:
    request = ground.rightful(route)
    lines.clear()
    answer = ground.send(route, request, token=None)
    assert answer.status < 300, answer.text
    [line] = logged_in_lines(lines)
    assert (line["route"], line["portal"], line["factors"]) == (route.path, route.portal, FACTORS[route.operation_id])
    assert line["principal_id"]
    assert line["session_id"]
    assert security_lines(lines, "refusal") == []
    sent = [value for value in (request.body or {}).values() if isinstance(value, str) and len(value) > 3]
    shown = answer.json.get("tokens", answer.json)
    answered = [shown[name] for name in ("access", "refresh", "token") if shown.get(name)]
    assert answered != []
    # A device logs in with its id, which is its principal's.
    secrets = {*sent, *answered} - {line["principal_id"], demo.EVENT_ID}
    assert [form for secret in secrets for form in hidden(secret, lines.text)] == []


def test_a_log_in_that_is_refused_leaves_no_line_of_a_log_in(ground: Ground, lines: LogLines) -> None:
    body = {"username": demo.USHER_USERNAME, "password": demo_passwords.USHER, "event_id": OTHER_EVENT_ID}
    assert call("POST", "/api/usher/login/", body, address=ADDRESS).status == 403
    assert logged_in_lines(lines) == []
    line = the_refusal(lines)
    assert (line["code"], line["account_id"]) == ("NOT_ASSIGNED", ground.usher.account_id)


@pytest.mark.usefixtures("ground")
def test_what_nobody_owns_leaves_no_line(lines: LogLines) -> None:
    assert call("GET", "/api/v1/public/events/evt_unknown/").status == 404
    assert security_lines(lines, "refusal") == []


def test_an_address_is_a_mac_and_an_ipv6_address_counts_by_its_64(ground: Ground, lines: LogLines) -> None:
    def mac_of(address: str) -> str:
        lines.clear()
        route = next(route for route in GUARDED if route.operation_id == "customer_me")
        ground.send(route, ground.rightful(route), token="forged", address=address)
        return str(the_refusal(lines)["address_mac"])

    first, same, other = "2001:db8:1:2::a", "2001:db8:1:2:ffff::b", "2001:db8:1:3::a"
    assert mac_of(first) == mac_of(same) != mac_of(other)
    assert mac_of(ADDRESS) == mac_of(f"::ffff:{ADDRESS}") != mac_of("203.0.113.78")
    assert ADDRESS not in lines.text


def _socket(**more: Any) -> dict[str, Any]:
    context = {"connectionId": "abc=", "requestId": "socket-1", "apiId": "x", "identity": {"sourceIp": ADDRESS}}
    return {"requestContext": {**context, "domainName": "x", "stage": "live", **more.pop("context")}, **more}


@pytest.mark.usefixtures("ground")
def test_a_socket_that_is_refused_leaves_its_line(lines: LogLines) -> None:
    ticket = "a-ticket-that-nobody-issued"
    event = _socket(context={"routeKey": "$connect"}, queryStringParameters={"ticket": ticket})
    assert platform.websocket_connect(event, None)["statusCode"] == 401
    line = the_refusal(lines)
    assert (line["code"], line["status"], line["route"], line["portal"]) == ("UNAUTHENTICATED", 401, "$connect", "live")
    assert [form for secret in (ticket, ADDRESS) for form in hidden(secret, lines.text)] == []
