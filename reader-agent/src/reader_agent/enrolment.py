"""Enrols this machine as a device: with an administrator's code, or as the demo administrator of a local run."""

import os
from pathlib import Path

import httpx

from reader_agent.clock import Clock
from reader_agent.failures import BadSetup, LockedOut, NotEnrolled, Rejected, TryLater
from reader_agent.identity import Identity, forget_enrolment_key, key_for_enrolment, public_key_text
from reader_agent.outbox import Outbox
from reader_agent.server import Server, check_address, is_loopback

# The log-in that local runs publish; no deployed platform has it.
DEMO_ADMIN = "admin@example.com:demo-Admin-2026"
DEMO_EVENT, DEMO_GATE = "evt_demo", "Gate 1"
_TIMEOUT_SECONDS = 15.0
_CREDENTIAL, _LONGEST_CODE = "gatehouse-reader.code", 200


def unsent(state_dir: Path, identity: Identity) -> int:
    """Return how many taps of this enrolment are not sent yet."""
    path = identity.outbox_path(state_dir)
    if not path.exists():
        return 0
    with Outbox.reading(path) as outbox:
        return outbox.depth()


def is_enrolled(state_dir: Path) -> bool:
    """Return whether this folder has an identity. Raises BadSetup where it is damaged."""
    try:
        Identity.load(state_dir)
    except NotEnrolled:
        return False
    return True


def code_of_systemd() -> str | None:
    """Return the code that systemd hands over as a credential (`LoadCredential=gatehouse-reader.code`)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        text = (Path(folder) / _CREDENTIAL).read_text(encoding="ascii")[:_LONGEST_CODE].strip() if folder else ""
    except FileNotFoundError:
        return None
    except ValueError:
        raise BadSetup(f"the credential {_CREDENTIAL} is no enrolment code") from None
    return text or None


def enroll(state_dir: Path, *, server: str, code: str, name: str | None, replace: bool) -> Identity:
    """Exchange the code for an identity and store it in the state folder."""
    url = check_address(server)
    try:
        present = Identity.load(state_dir)
    except NotEnrolled:
        present = None
    except BadSetup:
        if not replace:
            raise
        present = None
    if present and not replace:
        waiting = unsent(state_dir, present)
        raise BadSetup(
            f"this device is {present.device_id} at {present.gate} already"
            + (f" and {waiting} of its taps are not sent yet (`run` sends them)" if waiting else "")
            + "; to enrol it as another device, give --replace: its outbox stays in the folder"
        )
    return _exchange(state_dir, url=url, code=code, name=name, demo=False)


def _exchange(state_dir: Path, *, url: str, code: str, name: str | None, demo: bool) -> Identity:
    key = key_for_enrolment(state_dir)
    with Server(url, clock=Clock()) as server:
        try:
            answer = server.enroll(code=code, public_key=public_key_text(key), name=name)
        except (LockedOut, Rejected) as error:
            forget_enrolment_key(state_dir)
            raise BadSetup(f"the server refuses this code ({error}); ask for a new one") from None
        except TryLater as error:
            raise BadSetup(
                f"{error}; check the address and the network, then run the same command again: "
                "the same code works again if the first answer was lost"
            ) from None
    identity = Identity.of(answer, key, server=url, origin="demo" if demo else "enrolled")
    _keep_earlier(state_dir, identity)
    identity.store(state_dir)
    forget_enrolment_key(state_dir)
    return identity


def _keep_earlier(state_dir: Path, following: Identity) -> None:
    """Keep the present identity where its outbox has unsent taps: only it can send them."""
    try:
        present = Identity.load(state_dir)
    except (NotEnrolled, BadSetup):
        return
    if present.device_id != following.device_id and _may_have_unsent(state_dir, present):
        present.keep_as_earlier(state_dir)


def _may_have_unsent(state_dir: Path, identity: Identity) -> bool:
    path = identity.outbox_path(state_dir)
    try:
        if not path.exists():
            return False
        with Outbox.reading(path) as outbox:
            return bool(outbox.depth() + outbox.dead())
    except BadSetup:  # damaged: its repair needs the key
        return True


def enroll_demo(state_dir: Path, *, server: str, login: str, name: str) -> Identity:
    """Provision a device as the demo administrator of a local run, and enrol as that device."""
    url = check_address(server)
    if not is_loopback(url):
        raise NotEnrolled(
            f"this device is not enrolled with {url}, and only a local run has a demo log-in; ask an administrator "
            f"for an enrolment code and run `gatehouse-reader enroll --server {url} --code CODE`"
        )
    email, _, password = login.partition(":")
    if not email or not password:
        raise BadSetup("give the administrator's log-in as EMAIL:PASSWORD")
    code = _demo_code(url, email=email, password=password, name=name)
    return _exchange(state_dir, url=url, code=code, name=name, demo=True)


def _demo_code(url: str, *, email: str, password: str, name: str) -> str:
    """Return an enrolment code that the demo administrator created."""
    try:
        with httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.post("/api/auth/login/", json={"email": email, "password": password})
            if answer.status_code in (400, 401, 403, 404):
                raise BadSetup(
                    f"{url} refuses the log-in of {email} (HTTP {answer.status_code}); is this Gatehouse's "
                    "`make run`? If it has other log-ins, give one with --enroll-admin EMAIL:PASSWORD"
                )
            access = answer.raise_for_status().json()["access"]
            provision = client.post(
                "/api/devices/",
                json={"event_id": DEMO_EVENT, "gate": DEMO_GATE, "name": name},
                headers={"Authorization": f"Bearer {access}"},
            )
            if provision.status_code == 404:
                raise BadSetup(
                    f"{url} has no event {DEMO_EVENT}; start it with the demo data (`make run`, without DEMO=0)"
                )
            return str(provision.raise_for_status().json()["enrollment_code"])
    except httpx.ConnectError:
        raise BadSetup(
            f"nothing answers at {url}; start the platform with `make run`, or name it with --server"
        ) from None
    except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
        raise BadSetup(f"{url} does not answer as Gatehouse does ({type(error).__name__}: {error})") from None
