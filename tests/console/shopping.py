"""What tests of the shop share: an event of their own, a bought ticket, and the reading of a code from a picture."""

import secrets
import subprocess
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from chalicelib.schemas.examples import demo
from infra.pages import SOURCE
from tests.console.site import Site
from tests.local.conftest import wait_until

# zxing-wasm reads the picture that the page shows, as Gate does.
_READER = """
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
const wasm = createRequire(import.meta.url).resolve("zxing-wasm/reader/zxing_reader.wasm");
await prepareZXingModule({ overrides: { wasmBinary: readFileSync(wasm) }, fireImmediately: true });
const picture = new Blob([readFileSync(0)]);
const [found] = await readBarcodes(picture, { formats: ["QRCode"], tryHarder: true });
process.stdout.write(found?.isValid ? found.text : "");
"""
# A token lives for 15 minutes, and a run of all pages may take longer.
_KEPT_SECONDS = 300
Session = dict[str, Any]


def staff(site: Site) -> Session:
    """Return a session of the platform's staff, whose token is good for some minutes more."""
    return _staff(site, int(time.monotonic() // _KEPT_SECONDS))


@lru_cache(maxsize=4)
def _staff(site: Site, _since: int) -> Session:
    return site.session("admin")


@lru_cache(maxsize=4)
def _hosts(site: Site) -> tuple[str, str]:
    """Return the organizer of the demo event, and a venue."""
    event = site.ask("GET", f"/api/events/{demo.EVENT_ID}/", session=staff(site)).json()
    hall = {"name": "Riverside Hall", "city": "Lahore", "address": "12 Ravi Road", "capacity": 5000}
    made = site.ask("POST", "/api/venues/", hall, session=staff(site))
    assert made.status_code == 201, made.text
    return event["organizer_id"], made.json()["id"]


def at(**later: float) -> str:
    """Return a time from now on as the API takes it."""
    return (datetime.now(UTC) + timedelta(**later)).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(site: Site, *categories: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Publish an event with one category of 1,500 rupees, unless others are given."""
    organizer, venue = _hosts(site)
    offered = list(categories) or [{"name": "Standard", "price": "1500.00", "capacity": 100}]
    body = {
        "title": f"Qawwali {secrets.token_hex(4)}",
        "organizer_id": organizer,
        "venue_id": venue,
        "timezone": "Asia/Karachi",
        "starts_at": at(days=3),
        "ends_at": at(days=3, hours=4),
        "category": "music",
        "description": "An evening by the river.",
        "status": "published",
        "ticket_categories": offered,
    }
    made = site.ask("POST", "/api/events/", body | changes, session=staff(site))
    assert made.status_code == 201, made.text
    address = f"/api/v1/public/events/{made.json()['id']}/"
    # The catalogue follows the table's stream.
    wait_until(lambda: site.ask("GET", address).is_success)
    shown: dict[str, Any] = site.ask("GET", address).json()
    return shown


def cancel(site: Site, of: dict[str, Any], *, sold: int) -> None:
    """Cancel an event as staff do, with the code that is mailed to them, once its totals count what was sold."""
    address = f"/api/events/{of['id']}/cancellation/"

    def shown(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = site.ask("POST" if body else "GET", path, body, session=staff(site))
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    wait_until(lambda: shown(f"/api/events/{of['id']}/statistics/")["sold"] == sold)
    before = site.codes(demo.ADMIN_EMAIL)
    preview = shown(address, {"dry_run": True})["preview"]
    code = site.new_code(demo.ADMIN_EMAIL, before)
    decided = {"dry_run": False, "reason": "Rain.", "confirm_code": code, "expected_total": preview["total"]}
    answer = site.ask("POST", address, decided, session=staff(site))
    assert answer.is_success, answer.text
    public = f"/api/v1/public/events/{of['id']}/"

    def is_shown() -> bool:
        shown = site.ask("GET", public)
        return shown.status_code == 404 or shown.json()["status"] == "cancelled"

    wait_until(is_shown)


def booked(site: Site, session: Session, of: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
    """Reserve tickets of an event's first category."""
    items = [{"category_id": of["ticket_categories"][0]["id"], "quantity": quantity}]
    answer = site.ask("POST", "/api/v1/tickets/book/", {"event_id": of["id"], "items": items}, session=session)
    assert answer.status_code == 201, answer.text
    booking: dict[str, Any] = answer.json()
    return booking


def bought(site: Site, session: Session, of: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
    """Buy tickets of an event's first category, and return the first."""
    booking = booked(site, session, of, quantity)
    body = {"booking_id": booking["id"], "method": "card"}
    payment = site.ask("POST", "/api/v1/payments/process/", body, session=session).json()
    paid = site.ask("POST", "/api/v1/payments/confirm/", {"payment_id": payment["id"]}, session=session).json()
    assert paid["status"] == "succeeded", paid
    ticket: dict[str, Any] = paid["tickets"][0]
    return ticket


def tickets(site: Site, session: Session, **filters: str) -> list[dict[str, Any]]:
    """Return a customer's tickets."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    found: list[dict[str, Any]] = site.ask("GET", f"/api/v1/users/tickets/?{query}", session=session).json()["results"]
    return found


def payments(site: Site, session: Session) -> list[dict[str, Any]]:
    """Return a customer's payments."""
    answer = site.ask("GET", "/api/v1/users/payment-history/", session=session)
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def code_in(picture: bytes) -> str:
    """Return the text of the QR code in a PNG."""
    command = ["node", "--input-type=module", "--eval", _READER]
    read = subprocess.run(command, input=picture, cwd=SOURCE, capture_output=True, check=True, timeout=600)
    return read.stdout.decode()


def new_number() -> str:
    """Return a number that nobody has registered."""
    return f"+92301{secrets.randbelow(10**7):07}"
