"""Callers of the rehearsal: one HTTP client with a bound on all requests, and the accounts that they use."""

import re
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from bench.rehearsal_table import Tally

CLIENTS = 8
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.64
_PASSWORD = "a password of the rehearsal"  # noqa: S105  # of customers made on this machine
ResultT = TypeVar("ResultT")
ItemT = TypeVar("ItemT")


class Stopped(Exception):
    """The bound on requests or seconds was reached, or a request that all else needs was refused."""


@dataclass(slots=True)
class Accounts:
    """Log-ins; without tokens of customers they register, which only a local run allows without a phone."""

    usher: dict[str, str]
    tix: dict[str, str]
    customers: list[str] = field(default_factory=list)
    payment_token: str = "tok_ok"  # noqa: S105  # the sandbox's
    # A member of staff and students, each with user name and password; without any, the campus is left out.
    campus: dict[str, Any] = field(default_factory=dict)


def demo_accounts() -> Accounts:
    """Return the accounts of the demo data."""
    from chalicelib.schemas.examples import demo
    from infra.local.demo import demo_passwords

    usher = {"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": demo_passwords.USHER}
    names = [demo.CAMPUS_TEACHER_EMAIL, *(last_name.casefold() for _, last_name in demo.MORE_STUDENTS)]
    staff, *students = ({"username": name, "password": demo_passwords.CAMPUS} for name in names)
    tix = {"email": demo.TIX_EMAIL, "password": demo_passwords.TIX}
    return Accounts(usher, tix, campus={"staff": staff, "students": students})


class Budget:
    """How many requests and seconds are left."""

    def __init__(self, requests: int, seconds: float) -> None:
        """The time begins now."""
        self._left, self._until, self._lock = requests, time.monotonic() + seconds, threading.Lock()

    def spend(self) -> None:
        """Take one request. Raises Stopped where none is left."""
        with self._lock:
            if self._left <= 0 or time.monotonic() > self._until:
                raise Stopped("stopped at the bound of --requests or --seconds, before the end")
            self._left -= 1


class Platform:
    """The platform under load; it times every request and keeps those that fail."""

    def __init__(self, url: str, budget: Budget) -> None:
        """Nothing is sent yet."""
        self._client = httpx.Client(base_url=url, timeout=20, limits=httpx.Limits(max_connections=CLIENTS))
        self._budget, self._lock = budget, threading.Lock()
        self.tallies: dict[str, Tally] = defaultdict(Tally)

    def ask(self, name: str, method: str, path: str, body: Any = None, *, token: str = "", **more: Any) -> Any:
        """Send one request; return the answer's JSON with `_status`. `expected` are statuses that are no failure."""
        expected = more.pop("expected", (200, 201, 202))
        self._budget.spend()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        began = time.perf_counter()
        try:
            answer = self._client.request(method, path, json=body, headers=headers, params=more or None)
            status: int | str = answer.status_code
        except httpx.HTTPError as error:
            answer, status = None, type(error).__name__
        with self._lock:
            tally = self.tallies[name]
            tally.seconds.append(time.perf_counter() - began)
            if status not in expected:
                tally.failures[str(status)] = tally.failures.get(str(status), 0) + 1
        content = answer.json() if answer is not None and answer.content else {}
        return {**content, "_status": status} if isinstance(content, dict) else {"list": content, "_status": status}

    def at_once(self, act: Callable[[ItemT], ResultT], each: Iterable[ItemT]) -> list[ResultT]:
        """Do something for each at once, by a bounded number of clients."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(act, each))

    def until(self, find: Callable[[], bool], seconds: float) -> bool:
        """Look again until something is so; return whether it was, within so many seconds.

        Each look waits twice as long as the one before, so that what is soon so costs no wait, and what is not costs
        few requests.
        """
        deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE
        while not find():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True

    def customer(self) -> str:
        """Register a customer with the code from the outbox of a local run; return the access token."""
        number = f"+92300{secrets.randbelow(10**7):07}"
        body = {"mobile_number": number, "password": _PASSWORD, "name": "Rehearsal"}
        challenge = self.ask("register", "POST", "/api/v1/users/register/", body)
        codes: list[str] = []

        def found() -> bool:
            messages = self.ask("outbox", "GET", "/_local/outbox/", to=number).get("messages", [])
            codes.extend(code[1] for text in messages if (code := re.search(r"\b(\d{6}|\d{8})\b", text["body"])))
            return bool(codes)

        if "challenge_id" not in challenge or not self.until(found, 30):
            raise Stopped(f"no customer could register: {challenge}")
        proof = {"challenge_id": challenge["challenge_id"], "otp": codes[0]}
        return str(self.ask("verify code", "POST", "/api/v1/users/verify-otp/", proof).get("access", ""))

    def close(self) -> None:
        """Hang up."""
        self._client.close()
