"""The main job: log in, one tap, one admission; the log and the totals follow from the table's stream."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from chalicelib.schemas.examples import demo
from infra.deploy.door import Answer, Door
from infra.deploy.seen import NotSeen, hold, wait_for
from infra.local.console import step
from infra.local.demo import demo_passwords

# MiniStack unpacks the whole package for each process that it starts, one a caller.
_CALLERS = 4
_FIRST, _SECOND = "scn_deploylocal01", "scn_deploylocal02"
# A second reading within 2 s of an admission is answered as the admission (chalicelib/domain/gate/repeats.py).
_REPEAT_SECONDS = 2.5
_STREAM_SECONDS = 600.0
_WARM_SECONDS = 900.0


def warm_up(door: Door) -> None:
    """Start the functions' processes one after another: the n-th round has n callers at once.

    Each process unpacks the package and imports the app, which a busy machine does slowly; all at once would exceed
    the gateway's time-out. A call that ends without an answer has still started a process.
    """
    for what, ask, most in (("platform", _is_up, 1), ("gates", _is_gate_up, _CALLERS)):
        step(f"warming up {most} callers of the {what}, one more at a time")
        for callers in range(1, most + 1):
            wait_for(f"{callers} answered", partial(_all_answer, ask, door, callers), seconds=_WARM_SECONDS)


def _all_answer(ask: Callable[[Door], bool], door: Door, callers: int) -> bool:
    with ThreadPoolExecutor(callers) as pool:
        return all(list(pool.map(lambda _: ask(door), range(callers))))


def _is_up(door: Door) -> bool:
    return _status(door, "GET", "/health/") == 200


def _is_gate_up(door: Door) -> bool:
    return _status(door, "POST", "/api/usher/scan/result/") == 401


def _status(door: Door, method: str, path: str) -> int | None:
    """Return the status of an answer, or None where there was none in time."""
    try:
        return door.call(method, path, {} if method == "POST" else None).status
    except OSError:
        return None


def check_envelope(door: Door) -> None:
    """Check the answers of the function and the gateway without a log-in."""
    step("GET /health/ and GET /nothing/here/")
    hold("the function is up", door.call("GET", "/health/").status, 200)
    unknown = door.call("GET", "/nothing/here/")
    hold("an unknown path is a 404", unknown.status, 404)
    hold("  in the contract's envelope", _code(unknown), "NOT_FOUND")
    hold(
        "a scan without a token is refused", _code(door.call("POST", "/api/usher/scan/result/", {})), "UNAUTHENTICATED"
    )


def log_in_admin(door: Door) -> Door:
    """Return the API for the first administrator."""
    return log_in_staff(door, demo.ADMIN_EMAIL, demo_passwords.ADMIN)


def log_in_staff(door: Door, email: str, password: str) -> Door:
    """Return the API for a member of staff."""
    step("POST /api/auth/login/")
    answer = door.call("POST", "/api/auth/login/", {"email": email, "password": password})
    hold(f"{email} is logged in", answer.status, 200)
    return door.as_caller(answer.body["access"])


def log_in_usher(door: Door) -> Door:
    """Return the API for the demo event's usher."""
    step("POST /api/usher/login/")
    wrong = {"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": "not-the-Password-1"}
    hold("a wrong password is refused", _code(door.call("POST", "/api/usher/login/", wrong)), "INVALID_CREDENTIALS")
    right = {**wrong, "password": demo_passwords.USHER}
    answer = door.call("POST", "/api/usher/login/", right)
    hold("the usher is logged in", answer.status, 200)
    return door.as_caller(answer.body["access"])


def scan(usher: Door) -> None:
    """Scan the demo card twice, and send each scan again."""
    tap = {"card_id": demo.CARD_UID, "gate": "Gate 1"}
    step(f"POST /api/usher/scan/result/ with card {demo.CARD_UID}")
    first = _scan(usher, "/api/usher/scan/result/", {**tap, "scan_id": _FIRST})
    hold("the card is admitted", first["result"], "valid")
    step("the same card again after the repeat window, at the path without its trailing slash")
    time.sleep(_REPEAT_SECONDS)
    second = _scan(usher, "/api/usher/scan/result", {**tap, "scan_id": _SECOND})
    hold("it is refused", second["result"], "already_scanned")
    hold("  with when, where and by whom", second["first_scan"], _first_scan(first))
    step("both scans sent again, as after a lost answer")
    hold("the first has its first answer", _scan(usher, "/api/usher/scan/result/", {**tap, "scan_id": _FIRST}), first)
    again = _scan(usher, "/api/usher/scan/result/", {**tap, "scan_id": _SECOND})
    hold("the second has its first answer", again, second)


def race(usher: Door) -> None:
    """Scan one ticket from many callers at once."""
    ticket_id = demo.ticket_id(5)
    step(f"{_CALLERS} callers at once scan ticket {ticket_id}")
    bodies = [{"ticket_id": ticket_id, "scan_id": f"scn_deployrace{number:02}"} for number in range(_CALLERS)]
    with ThreadPoolExecutor(_CALLERS) as pool:
        decisions = list(pool.map(lambda body: _scan(usher, "/api/usher/scan/result/", body), bodies))
    results = Counter(decision["result"] for decision in decisions)
    hold("exactly one is admitted", results, {"valid": 1, "already_scanned": _CALLERS - 1})


def check_log(usher: Door) -> None:
    """Check that the stream's function wrote log and totals."""
    step("GET /api/usher/scan/logs/ and the event's status")
    expected = 2 + _CALLERS
    results = wait_for("the log has every scan", lambda: _log(usher, expected), seconds=_STREAM_SECONDS)
    hold("each once, two of them valid", Counter(results), {"valid": 2, "already_scanned": expected - 2})
    wait_for("the totals: two admitted, two inside", lambda: _totals(usher) == (2, 2), seconds=_STREAM_SECONDS)


def _totals(usher: Door) -> tuple[int, int]:
    status = usher.call("GET", f"/api/usher/events/{demo.EVENT_ID}/status/").body
    return status["admitted"], status["inside"]


def _log(usher: Door, expected: int) -> list[str]:
    found = usher.call("GET", "/api/usher/scan/logs/?page_size=100").body["results"]
    return [entry["result"] for entry in found] if len(found) >= expected else []


def _first_scan(first: dict[str, Any]) -> dict[str, Any]:
    return {"scanned_at": first["decided_at"], "gate": "Gate 1", "by": demo.USHER_USERNAME}


def _scan(usher: Door, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = usher.call("POST", path, body)
    if answer.status != 200:
        raise NotSeen(f"POST {path} answered {answer.status}: {answer.body}")
    decision: dict[str, Any] = answer.body
    return decision


def _code(answer: Answer) -> Any:
    return answer.body["error"]["code"] if isinstance(answer.body, dict) and "error" in answer.body else answer
