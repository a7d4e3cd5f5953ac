"""The scenes of the rehearsal: first buyers, gates, a replay after a cut, an organization, its reports, a lecture."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.rehearsal_callers import Accounts, Platform, Stopped

# At size 1.
_BUYERS, _NUMBERED, _READS = 6, 20, 20
_TICKETS_EACH, _GATES, _STUDENTS = 2, 3, 4
# Log and totals are behind by at most so much (docs/operations.md, levels of service); a local run's cores are shared.
_BEHIND_SECONDS = 5.0
_HALL = {"latitude": 31.5204, "longitude": 74.3587}
# Of a submission that is there already.
_REPEATED = (400, 409)


class Stage:
    """What the scenes share: the platform, the tickets that were bought, and whether the counts agree."""

    def __init__(self, platform: Platform, accounts: Accounts, size: int) -> None:
        """Nothing is sent yet."""
        self.platform, self.accounts, self.size = platform, accounts, size
        self.tickets: list[str] = []
        self.agreed: list[str] = []
        self.disagreements: list[str] = []
        self._usher = ""

    def require(self, what: str, found: object, expected: object) -> None:
        """Note whether a count agrees."""
        if found == expected:
            self.agreed.append(f"{what} {found}")
        else:
            self.disagreements.append(f"{what}: {found}, expected {expected}")

    def usher(self) -> str:
        """Return the access token of the usher."""
        if not self._usher:
            answer = self.platform.ask("log in", "POST", "/api/usher/login/", self.accounts.usher)
            if "access" not in answer:
                raise Stopped(f"the usher could not log in: {answer}")
            self._usher = str(answer["access"])
        return self._usher

    @property
    def event_id(self) -> str:
        """The event of the usher, of which tickets are bought."""
        return self.accounts.usher["event_id"]

    def admitted(self) -> int:
        """How many the platform counts as admitted."""
        path = f"/api/usher/events/{self.event_id}/status/"
        return int(self.platform.ask("status", "GET", path, token=self.usher()).get("admitted", -1))


def buyers(stage: Stage) -> None:
    """Customers book at once and pay; what is left falls by what was sold, and nothing is oversold."""
    platform = stage.platform
    tokens = stage.accounts.customers or platform.at_once(lambda _: platform.customer(), range(_BUYERS * stage.size))
    event = platform.ask("event", "GET", f"/api/v1/public/events/{stage.event_id}/")
    category = max(event["ticket_categories"], key=lambda each: each["available"])

    def left() -> int:
        shown = platform.ask("event", "GET", f"/api/v1/public/events/{stage.event_id}/")
        return next(int(one["available"]) for one in shown["ticket_categories"] if one["id"] == category["id"])

    def buy(token: str) -> bool:
        items = [{"category_id": category["id"], "quantity": _TICKETS_EACH}]
        wanted = {"event_id": stage.event_id, "items": items}
        booking = platform.ask("book", "POST", "/api/v1/tickets/book/", wanted, token=token, expected=(201, 409))
        if booking["_status"] != 201:
            return False
        how = {"method": "card", "payment_token": stage.accounts.payment_token, "booking_id": booking["id"]}
        opened = platform.ask("pay", "POST", "/api/v1/payments/process/", how, token=token)
        body = {"payment_id": opened.get("id")}
        return bool(
            platform.ask("confirm", "POST", "/api/v1/payments/confirm/", body, token=token).get("status") == "succeeded"
        )

    def owned(token: str) -> list[str]:
        listed = platform.ask("tickets", "GET", "/api/v1/users/tickets/", token=token)["results"]
        return [ticket["id"] for ticket in listed if ticket["event"]["id"] == stage.event_id]

    before = {ticket for tickets in platform.at_once(owned, tokens) for ticket in tickets}
    sold = _TICKETS_EACH * sum(platform.at_once(buy, tokens))
    stage.require("tickets bought", sold, min(_TICKETS_EACH * len(tokens), category["available"]))
    is_down = platform.until(lambda: left() == category["available"] - sold, 3 * _BEHIND_SECONDS)
    stage.require("stock falls by what was sold", is_down, expected=True)
    after = {ticket for tickets in platform.at_once(owned, tokens) for ticket in tickets}
    stage.tickets = sorted(after - before)
    stage.require("tickets of the buyers", len(stage.tickets), sold)


def gates(stage: Stage) -> None:
    """Several gates scan each ticket at once; each is admitted once, and the totals follow within their level."""
    platform, before = stage.platform, stage.admitted()
    token = stage.usher()

    def scan(shown: tuple[str, int]) -> tuple[str, str]:
        ticket_id, gate = shown
        body = {"scan_id": f"scn_{uuid.uuid4().hex}", "ticket_id": ticket_id, "gate": f"Gate {gate + 1}"}
        answer = platform.ask("scan", "POST", "/api/usher/scan/result/", body, token=token)
        return ticket_id, str(answer.get("result", answer["_status"]))

    results = platform.at_once(scan, [(ticket, gate) for ticket in stage.tickets for gate in range(_GATES)])
    valid = Counter(ticket_id for ticket_id, result in results if result == "valid")
    stage.require("tickets admitted once", sum(count == 1 for count in valid.values()), len(stage.tickets))
    others = Counter(result for _, result in results if result != "valid")
    stage.require("other gates", dict(others), {"already_scanned": len(stage.tickets) * (_GATES - 1)})
    followed = platform.until(lambda: stage.admitted() == before + len(stage.tickets), _BEHIND_SECONDS)
    stage.require(f"totals within {_BEHIND_SECONDS:.0f} s", followed, expected=True)


def replay(stage: Stage) -> None:
    """A phone sends the records of a cut, twice; they are taken once, and admit nobody again."""
    platform, before, token = stage.platform, stage.admitted(), stage.usher()
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    logs = [
        {
            "scan_id": f"scn_{uuid.uuid4().hex}",
            "scanned_at": now,
            "gate": "Gate 1",
            "offline": {"result": "already_scanned"},
            "ticket_id": ticket_id,
        }
        for ticket_id in stage.tickets
    ]
    body = {"logs": logs, "device_time": now}
    first = platform.ask("replay", "POST", "/api/usher/sync/logs/", body, token=token)
    again = platform.ask("replay", "POST", "/api/usher/sync/logs/", body, token=token)
    stage.require("records taken", first.get("accepted", 0) + first.get("conflicts", 0), len(logs))
    stage.require("records repeated", again.get("replayed"), len(logs))
    stage.require("admitted after the replay", stage.admitted(), before)


def organization(stage: Stage) -> None:
    """An organization generates numbered tickets and scans each twice at once; each is taken once."""
    platform = stage.platform
    token = _tix_token(stage)
    wanted = {"count": _NUMBERED * stage.size, "prefix": "LOAD"}
    made = platform.ask("generate", "POST", "/api/tix/tickets/generate", wanted, token=token).get("list", [])
    numbers = [ticket["id"] for ticket in made]
    stage.require("numbers generated", len(set(numbers)), wanted["count"])

    def scan(ticket_id: str) -> tuple[str, Any]:
        path = f"/api/tix/tickets/{ticket_id}/scan"
        return ticket_id, platform.ask("scan", "PUT", path, token=token, expected=(200, 400, 409))["_status"]

    results = platform.at_once(scan, [number for number in numbers for _ in range(2)])
    taken = Counter(ticket_id for ticket_id, status in results if status == 200)
    stage.require("numbers taken once", sum(count == 1 for count in taken.values()), len(numbers))


def reports(stage: Stage) -> None:
    """The end of a year: everybody of an organization reads its reports at once."""
    token = _tix_token(stage)

    def read(number: int) -> Any:
        kind = ("stats", "monthly", "daily")[number % 3]
        return stage.platform.ask(kind, "GET", f"/api/tix/reports/{kind}", token=token)["_status"]

    statuses = Counter(stage.platform.at_once(read, range(_READS * stage.size)))
    stage.require("reports read", statuses[200], _READS * stage.size)


def campus(stage: Stage) -> None:
    """Students log in at once, verify the code of a lecture and submit; each is recorded once, and a repeat refused."""
    platform, people = stage.platform, stage.accounts.campus
    if not people:
        stage.agreed.append("campus left out, without accounts of it")
        return
    staff, now = _campus_token(platform, people["staff"]), datetime.now(UTC)
    lecture = {
        "title": f"Rehearsal {uuid.uuid4().hex[:6]}",
        "location": "Hall 1",
        **_HALL,
        "start_datetime": (now - timedelta(minutes=5)).isoformat(),
        "end_datetime": (now + timedelta(hours=1)).isoformat(),
    }
    event_id = platform.ask("lecture", "POST", "/api/campus/events/", lecture, token=staff).get("id")
    if event_id is None:
        raise Stopped("no lecture could be made")
    students = people["students"][: _STUDENTS * stage.size]

    def attend(student: dict[str, str]) -> tuple[bool, bool]:
        token = _campus_token(platform, student)
        device = {"device_key": f"rehearsal-{uuid.uuid4().hex}"}
        shown = platform.ask("code", "GET", f"/api/campus/events/{event_id}/qr", token=staff)
        read = {"qr_token": shown.get("qr_token"), **device}
        verified = platform.ask("verify", "POST", "/api/campus/attendance/verify-qr/", read, token=token)
        body = {"submission_id": verified.get("submission_id"), **_HALL, "accuracy": 10, **device}
        first = platform.ask("submit", "POST", "/api/campus/attendance/submit/", body, token=token)
        path = "/api/campus/attendance/submit/"
        again = platform.ask("submit", "POST", path, body, token=token, expected=_REPEATED)
        return first["_status"] == 201, again["_status"] in _REPEATED

    def recorded() -> int:
        path = f"/api/campus/events/{event_id}/attendance/"
        return len(platform.ask("records", "GET", path, token=staff, page_size=100).get("results", []))

    done = platform.at_once(attend, students)
    stage.require("students recorded", sum(first for first, _ in done), len(students))
    stage.require("repeats refused", sum(again for _, again in done), len(students))
    listed = platform.until(lambda: recorded() == len(students), 3 * _BEHIND_SECONDS)
    stage.require("records of the lecture", recorded() if not listed else len(students), len(students))


def _campus_token(platform: Platform, who: dict[str, str]) -> str:
    answer = platform.ask("campus log in", "POST", "/api/campus/auth/login/", who)
    if "access" not in answer:
        raise Stopped(f"somebody of the campus could not log in: {answer['_status']}")
    return str(answer["access"])


def _tix_token(stage: Stage) -> str:
    answer = stage.platform.ask("log in", "POST", "/api/tix/auth/login", stage.accounts.tix)
    token = answer.get("token") or answer.get("access")
    if not token:
        raise Stopped(f"the organization could not log in: {answer}")
    return str(token)


SCENES: dict[str, Callable[[Stage], None]] = {
    "buyers": buyers,
    "gates": gates,
    "replay": replay,
    "organization": organization,
    "reports": reports,
    "campus": campus,
}
