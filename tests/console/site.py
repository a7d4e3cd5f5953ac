"""A `make run` as the console's tests use it: its address, its outbox, and sessions by the log-ins of its portals."""

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from chalicelib.schemas.examples import demo
from infra.local.demo import demo_passwords
from tests.local.conftest import wait_until
from tests.local.local_run import LocalRun

_CODE = re.compile(r"\b(\d{8}|\d{6})\b")
# A write under `/_local` needs it (contract/local.md).
LOCAL_HEADERS = {"X-Gatehouse-Local": "1"}
PASSWORD = "a long enough password"


@dataclass(frozen=True, slots=True)
class _ByPhone:
    """A log-in by number and password, then a code."""

    base: str
    number_field: str
    begin: str
    finish: str
    who: str


_PHONES = {
    "webapp": _ByPhone("/api/v1/users/", "mobile_number", "login/", "verify-login-otp/", "customer"),
    "organizer": _ByPhone("/api/organizer/", "contact_mobile", "login/", "verify-otp/", "organizer"),
    "merchant": _ByPhone("/api/merchant/", "mobile_number", "login/", "verify-otp/", "merchant"),
}
_DEMO_NUMBERS = {
    "webapp": (demo.CUSTOMER_NUMBER, demo_passwords.CUSTOMER),
    "organizer": (demo.ORGANIZER_NUMBER, demo_passwords.ORGANIZER),
    "merchant": (demo.MERCHANT_NUMBER, demo_passwords.MERCHANT),
}


class Site:
    """One run with its console. `url` is the address that browsers open."""

    def __init__(self, run: LocalRun) -> None:
        self.run = run
        self.url = f"http://localhost:{run.port}"

    def ask(self, method: str, path: str, body: Any = None, *, session: dict[str, Any] | None = None) -> httpx.Response:
        """Send a request of the API, as the principal of a session if one is given."""
        headers = {"Authorization": f"Bearer {session['access']}"} if session else {}
        return self.run.client.request(method, path, json=body, headers=headers)

    def messages(self, to: str) -> list[dict[str, Any]]:
        """Return the mail and SMS that were sent to somebody, the newest first."""
        found: list[dict[str, Any]] = self.run.client.get("/_local/outbox/", params={"to": to}).json()["messages"]
        return found

    def codes(self, to: str) -> list[str]:
        """Return the codes that were sent to somebody, the newest first."""
        return [found[1] for message in self.messages(to) if (found := _CODE.search(message["body"]))]

    def new_code(self, to: str, before: list[str]) -> str:
        """Return the code that came after `before` was read."""
        wait_until(lambda: len(self.codes(to)) > len(before))
        return self.codes(to)[0]

    def clear_limits(self) -> None:
        """Clear all rate limits, for a test that tries more often than a person."""
        assert self.run.client.delete("/_local/limits/", headers=LOCAL_HEADERS).status_code == 204

    def session(self, portal: str, name: str | None = None, password: str | None = None) -> dict[str, Any]:
        """Log in at a portal's own door, and return the session as `console/src/ui/api/session.ts` keeps it.

        `name` is what that door asks for: a number, an address, a user name; by default the demo account's.
        """
        if portal in _PHONES:
            return self._by_phone(portal, name, password)
        match portal:
            case "usher":
                body = {"event_id": demo.EVENT_ID, "username": name or demo.USHER_USERNAME}
                return self._pair("/api/usher/login/", {**body, "password": password or demo_passwords.USHER}, "usher")
            case "admin":
                body = {"email": name or demo.ADMIN_EMAIL, "password": password or demo_passwords.ADMIN}
                return self._pair("/api/auth/login/", body, "admin")
            case "campus":
                body = {"username": name or demo.CAMPUS_ADMIN_EMAIL, "password": password or demo_passwords.CAMPUS}
                return self._pair("/api/campus/auth/login/", body, "user")
            case "tix":
                body = {"email": name or demo.TIX_EMAIL, "password": password or demo_passwords.TIX}
                return self._pair("/api/tix/auth/login", body, "user")
        raise ValueError(f"there is no portal {portal}")

    def new_customer(self, name: str = "Nadia Iqbal") -> tuple[str, dict[str, Any]]:
        """Register a customer of a new number; return the number and a session. The password is `PASSWORD`."""
        number = f"+92300{secrets.randbelow(10**7):07}"
        body = {"mobile_number": number, "password": PASSWORD, "name": name}
        challenge = self._answer("POST", "/api/v1/users/register/", body)
        proof = {"challenge_id": challenge["challenge_id"], "otp": self.new_code(number, [])}
        return number, _kept(self._answer("POST", "/api/v1/users/verify-otp/", proof), "customer")

    def _by_phone(self, portal: str, name: str | None, password: str | None) -> dict[str, Any]:
        door, (number, secret) = _PHONES[portal], _DEMO_NUMBERS[portal]
        number, secret = name or number, password or secret
        before = self.codes(number)
        challenge = self._answer("POST", door.base + door.begin, {door.number_field: number, "password": secret})
        proof = {"challenge_id": challenge["challenge_id"], "otp": self.new_code(number, before)}
        return self._pair(door.base + door.finish, proof, door.who)

    def _pair(self, path: str, body: dict[str, Any], who: str) -> dict[str, Any]:
        return _kept(self._answer("POST", path, body), who)

    def _answer(self, method: str, path: str, body: Any) -> dict[str, Any]:
        answer = self.ask(method, path, body)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found


def stored(url: str, sessions: dict[str, dict[str, Any]], **more: str) -> dict[str, Any]:
    """Return a browser's storage that holds sessions by portal, and other entries."""
    entries = {f"gatehouse.session.{portal}": json.dumps(session) for portal, session in sessions.items()} | more
    kept = [{"name": name, "value": value} for name, value in entries.items()]
    return {"cookies": [], "origins": [{"origin": url, "localStorage": kept}]}


def _kept(answer: dict[str, Any], who: str) -> dict[str, Any]:
    principal = {"name": answer[who].get("username") or answer[who].get("email"), **answer[who]}
    session = {"access": answer.get("access") or answer["token"], "who": principal}
    return session | ({"refresh": answer["refresh"]} if answer.get("refresh") else {})
