"""What tests of the staff's page share: events, tickets, cards and colleagues of their own, made through the API."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page

from chalicelib.schemas.examples import demo
from tests.console.browsers import Opener
from tests.console.site import PASSWORD, Site

Session = dict[str, Any]


class Desk:
    """The platform as its owner sets it up for a test; `owner` is a session of the demo administrator."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.owner = site.session("admin")

    def ask(self, method: str, path: str, body: Any = None, *, session: Session | None = None) -> Any:
        """Return what the API answers, to the owner unless another session is given."""
        answer = self.site.ask(method, path, body, session=session or self.owner)
        assert answer.is_success, answer.text
        return answer.json()

    def event(self, price: str = "1500.00", **changes: Any) -> dict[str, Any]:
        """Publish an event with one category."""
        begins = datetime.now(UTC) + timedelta(days=3)
        organizer = self.ask("GET", f"/api/events/{demo.EVENT_ID}/")["organizer_id"]
        body = {
            "title": f"Mushaira {secrets.token_hex(4)}",
            "organizer_id": organizer,
            "venue_id": "ven_demo_garden",
            "starts_at": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
            "ends_at": f"{begins + timedelta(hours=4):%Y-%m-%dT%H:%M:%SZ}",
            "timezone": "Asia/Karachi",
            "status": "published",
            "ticket_categories": [{"name": "Standard", "price": price, "capacity": 50}],
        }
        made: dict[str, Any] = self.ask("POST", "/api/events/", body | changes)
        return made

    def ticket(self, session: Session, event: dict[str, Any]) -> dict[str, Any]:
        """Buy one ticket of an event as a customer, and return it as staff see it."""
        items = [{"category_id": event["ticket_categories"][0]["id"], "quantity": 1}]
        booking = self.ask("POST", "/api/v1/tickets/book/", {"event_id": event["id"], "items": items}, session=session)
        payment = {"booking_id": booking["id"], "method": "card"}
        begun = self.ask("POST", "/api/v1/payments/process/", payment, session=session)
        paid = self.ask("POST", "/api/v1/payments/confirm/", {"payment_id": begun["id"]}, session=session)
        ticket: dict[str, Any] = self.ask("GET", f"/api/tickets/{paid['tickets'][0]['id']}/")
        return ticket

    def refund(self, price: str = "1500.00") -> dict[str, Any]:
        """Open a refund for a ticket of a new customer."""
        _, customer = self.site.new_customer()
        ticket = self.ticket(customer, self.event(price))
        opened: dict[str, Any] = self.ask("POST", "/api/refund-requests/", {"ticket_id": ticket["id"], "reason": "Ill"})
        return opened

    def card(self, status: str = "stock") -> str:
        """Create a card and return its UID."""
        uid = f"04{secrets.token_hex(6)}".upper()
        made = self.ask("POST", "/api/nfc-cards/", {"uid": uid})
        if status != "stock":
            self.ask("PUT", f"/api/nfc-cards/{made['id']}/", {"status": status, "reason": "a test"})
        return uid

    def colleague(self, role: str) -> tuple[str, Session]:
        """Create a member of staff; return their address and a session. The password is `PASSWORD`."""
        email = f"{role}-{secrets.token_hex(4)}@example.com"
        body = {"type": "admin", "name": "Bilal Ahmed", "email": email, "role": role, "password": PASSWORD}
        self.ask("POST", "/api/users/", body)
        return email, self.site.session("admin", email, PASSWORD)


def opened(open_page: Opener, path: str, session: Session) -> Page:
    """Open a view of the page as a member of staff."""
    return open_page(path, sessions={"admin": session})


def search(page: Page, text: str) -> None:
    """Search from the keyboard alone."""
    page.locator("main h1").first.wait_for()
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
