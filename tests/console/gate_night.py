"""An event of one test, with its usher and its sold tickets, made through the API as staff and customers do."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.console.site import PASSWORD, Site
from tests.local.conftest import wait_until

# Tickets of one order, and of one customer.
_ORDER = 10


@dataclass
class Night:
    """An event that is open now, an usher at it, and what was sold."""

    site: Site
    event_id: str
    category_id: str
    username: str
    password: str
    admin: dict[str, Any]
    tickets: list[dict[str, Any]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    taken: int = 0

    def session(self, username: str | None = None) -> dict[str, Any]:
        """Log an usher in by the API."""
        body = {"event_id": self.event_id, "username": username or self.username, "password": self.password}
        answer = self.site.ask("POST", "/api/usher/login/", body)
        assert answer.is_success, answer.text
        return {"access": answer.json()["access"]}

    def sell(self, count: int) -> list[str]:
        """Sell tickets to customers, and return their codes."""
        codes: list[str] = []
        while len(codes) < count:
            self.site.clear_limits()
            _, buyer = self.site.new_customer()
            wanted = min(_ORDER, count - len(codes))
            body = {"event_id": self.event_id, "items": [{"category_id": self.category_id, "quantity": wanted}]}
            booking = _ok(self.site.ask("POST", "/api/v1/tickets/book/", body, session=buyer))
            payment = {"method": "card", "payment_token": "tok_ok", "booking_id": booking["id"]}
            opened = _ok(self.site.ask("POST", "/api/v1/payments/process/", payment, session=buyer))
            paid = {"payment_id": opened["id"]}
            assert _ok(self.site.ask("POST", "/api/v1/payments/confirm/", paid, session=buyer))["status"] == "succeeded"
            for ticket in booking["tickets"]:
                path = f"/api/v1/users/tickets/{ticket['id']}/qr-code/"
                codes.append(_ok(self.site.ask("GET", path, session=buyer))["payload"])
                self.tickets.append(ticket)
        self.codes += codes
        return codes

    def take(self) -> Iterator[str]:
        """Return codes that were not taken before, one after the other."""
        while self.taken < len(self.codes):
            self.taken += 1
            yield self.codes[self.taken - 1]

    def last_number(self) -> str:
        """Return the printed number of the ticket whose code was taken last."""
        number: str = self.tickets[self.taken - 1]["number"]
        return number

    def new_usher(self) -> str:
        """Make another usher of this event, with the same password, and return the user name."""
        return _new_usher(self.site, self.admin, self.event_id, self.password)

    def synced(self) -> None:
        """Wait until a phone can fetch every ticket that was sold."""
        session, wanted = self.session(), {ticket["id"] for ticket in self.tickets}

        def known() -> bool:
            answer = self.site.ask("GET", "/api/usher/sync/attendees/", session=session)
            found = answer.json()["results"] if answer.is_success else []
            return wanted == {each["ticket_id"] for each in found if each["status"] == "valid"}

        wait_until(known)

    def log(self) -> list[dict[str, Any]]:
        """Return the event's check-in log, the newest entry first."""
        session, found, page = self.session(), [], 1
        while True:
            answer = _ok(self.site.ask("GET", f"/api/usher/scan/logs/?page={page}", session=session))
            found += answer["results"]
            if not answer["next"]:
                return found
            page += 1

    def logged(self, count: int) -> list[dict[str, Any]]:
        """Return the log once it has so many entries; the stream writes them a moment after the scans."""
        wait_until(lambda: len(self.log()) >= count)
        return self.log()


def night(site: Site, **event: Any) -> Night:
    """Make an event that is open now, and an usher at it."""
    site.clear_limits()
    admin = site.session("admin")
    venues = _ok(site.ask("GET", "/api/venues/", session=admin))["results"]
    now = datetime.now(UTC)
    body = {
        "title": f"Night {secrets.token_hex(3)}",
        "organizer_id": site.session("organizer")["who"]["id"],
        "starts_at": _text(now + timedelta(hours=1)),
        "ends_at": _text(now + timedelta(hours=6)),
        "scanning_opens_at": _text(now - timedelta(hours=1)),
        "timezone": "Asia/Karachi",
        "venue_id": venues[0]["id"],
        "status": "published",
        "ticket_categories": [{"name": "Standard", "price": {"amount": "100.00", "currency": "PKR"}, "capacity": 200}],
        **event,
    }
    made = _ok(site.ask("POST", "/api/events/", body, session=admin))
    username = _new_usher(site, admin, made["id"], PASSWORD)
    tonight = Night(site, made["id"], made["ticket_categories"][0]["id"], username, PASSWORD, admin)
    # The first request of a phone has the event's changes fed from some seconds later on.
    site.ask("GET", "/api/usher/sync/attendees/", session=tonight.session())
    return tonight


def _new_usher(site: Site, admin: dict[str, Any], event_id: str, password: str) -> str:
    username = f"usher-{secrets.token_hex(4)}"
    body = {
        "type": "usher",
        "name": f"Usher {username[-4:]}",
        "username": username,
        "password": password,
        "roles": ["ushering", "leave_desk"],
        "event_ids": [event_id],
    }
    _ok(site.ask("POST", "/api/users/", body, session=admin))
    return username


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _ok(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return answer.json()
