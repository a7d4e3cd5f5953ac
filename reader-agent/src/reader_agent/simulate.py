"""`simulate`: one tap of a simulated card on the real reader stack, the real outbox and the real server."""

import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from reader_agent import enrolment
from reader_agent.agent import Agent
from reader_agent.clock import Clock
from reader_agent.display import Display
from reader_agent.failures import BadSetup, LockedOut, NotEnrolled, ServerError
from reader_agent.identity import Identity, read_json, write_privately
from reader_agent.outcomes import Decided, DecidedHere, Kept, Outcome, Refused
from reader_agent.readers import Reading
from reader_agent.readers.nfc import load_nfcpy
from reader_agent.server import Server, check_address, is_loopback
from reader_agent.settings import DEFAULT_SERVER, Settings
from reader_agent.simulator.air import Air, SimulatedCard

Kind = Literal["ntag213", "ntag424", "felica"]
ADMITTED, REFUSED, KEPT, ERROR = 0, 1, 2, 3
_COUNTERS = "simulated-cards.json"
_READ_WITHIN_SECONDS = 20.0
_FOLLOW_WITHIN_SECONDS, _LOOK_SECONDS = 2.0, 0.02
# Nobody waits at a gate here, and a local run that has just started needs longer than one second.
_ANSWER_SECONDS = 5.0
_NAME = "simulated reader"


@dataclass(frozen=True)
class CardPlan:
    """The card to simulate; only an NTAG 424 DNA uses the keys."""

    uid: bytes
    kind: Kind
    meta_read_key: bytes = bytes(16)
    file_read_key: bytes = bytes(16)


def plan_card(uid: str, kind: str, meta_read_key: str | None, file_read_key: str | None) -> CardPlan:
    """Return the card that the command line asks for. Raises BadSetup."""
    plain = re.sub(r"[\s:-]", "", uid)
    length = {"ntag213": (4, 7), "ntag424": (7,), "felica": (8,)}.get(kind)
    if length is None:
        raise BadSetup(f"--kind {kind} is not known; choose ntag213, ntag424 or felica")
    raw = _hex(plain, "--uid")
    if len(raw) not in length:
        wanted = " or ".join(f"{size} bytes ({size * 2} hex digits)" for size in length)
        raise BadSetup(f"the identifier of an {kind} card has {wanted}; --uid {uid} has {len(raw)}")
    keys = [
        bytes(16) if text is None else _hex(text, option)
        for text, option in ((meta_read_key, "--meta-key"), (file_read_key, "--file-key"))
    ]
    if any(len(key) != 16 for key in keys):
        raise BadSetup("the keys of an NTAG 424 DNA have 16 bytes (32 hex digits)")
    return CardPlan(uid=raw, kind=kind, meta_read_key=keys[0], file_read_key=keys[1])  # type: ignore[arg-type]  # one of the three above


def _hex(text: str, option: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise BadSetup(f"{option} must be hexadecimal digits, two for each byte") from None


def make_card(plan: CardPlan, state_dir: Path) -> SimulatedCard:
    """Return the card. The counter of a secure one continues from the last run, as the chip's does."""
    from reader_agent.simulator import FelicaCard, Ntag213, Ntag424

    if plan.kind == "felica":
        return FelicaCard(plan.uid)
    if plan.kind == "ntag213":
        return Ntag213(plan.uid)
    counters = read_json(state_dir / _COUNTERS) or {}
    return Ntag424(
        plan.uid,
        meta_read_key=plan.meta_read_key,
        file_read_key=plan.file_read_key,
        counter=int(counters.get(plan.uid.hex().upper(), 0)),
    )


def keep_counter(card: SimulatedCard, state_dir: Path) -> None:
    """Store a secure card's counter."""
    from reader_agent.simulator import Ntag424

    if isinstance(card, Ntag424):
        counters = read_json(state_dir / _COUNTERS) or {}
        counters[card.uid.hex().upper()] = card.counter
        write_privately(state_dir / _COUNTERS, json_bytes(counters), durably=False)


def json_bytes(value: object) -> bytes:
    """Return a value as the agent writes JSON files."""
    import json

    return json.dumps(value, indent=2).encode()


def find_identity(settings: Settings, *, server: str | None, login: str, display: Display) -> Identity:
    """Return a device identity that the server knows; with a local run, enrol a demo device where needed."""
    state_dir = settings.state_dir
    try:
        identity: Identity | None = Identity.load(state_dir)
    except NotEnrolled:
        identity = None
    wanted = check_address(server or (identity.server if identity else DEFAULT_SERVER))
    if identity and identity.server != wanted:
        if identity.origin != "demo":
            raise BadSetup(
                f"this device belongs to {identity.server}, not to {wanted}; name another folder with --state"
            )
        identity = None
    if identity and identity.origin == "demo" and is_loopback(wanted) and _is_forgotten(identity):
        display.say("the local run does not know this demo device (it was restarted); enrolling again", "dim")
        identity = None
    if identity is None:
        identity = enrolment.enroll_demo(state_dir, server=wanted, login=login, name=_NAME)
        display.say(
            f"enrolled with the local run at {wanted}, as its demo administrator: {identity.device_id}, "
            f"{identity.gate} of {identity.event_id}",
            "dim",
        )
    return identity


def _is_forgotten(identity: Identity) -> bool:
    with Server(identity.server, clock=Clock(), identity=identity) as server:
        try:
            server.access_token(timeout=2.0)
        except LockedOut:
            return True
        except ServerError:
            return False  # no server: the tap will be kept
    return False


def tap_once(
    settings: Settings,
    identity: Identity,
    plan: CardPlan,
    *,
    display: Display,
    log: structlog.stdlib.BoundLogger,
) -> int:
    """Tap the card once and return the exit code."""
    seen: list[Outcome | None] = []
    done = threading.Event()

    def on_outcome(_reading: Reading, outcome: Outcome | None) -> None:
        seen.append(outcome)
        done.set()

    load_nfcpy()
    card = make_card(plan, settings.state_dir)
    with Air() as air:
        own = {"reader": air.path, "health_port": 0, "online_seconds": settings.online_seconds or _ANSWER_SECONDS}
        agent = Agent(settings.model_copy(update=own), identity, display=display, log=log)
        runner = threading.Thread(target=agent.run, args=(on_outcome,), name="agent")
        runner.start()
        try:
            air.place(card)
            done.wait(_READ_WITHIN_SECONDS)
            if seen and isinstance(seen[0], Decided):
                _wait_for_kept(agent)
        finally:
            air.remove()
            agent.stop.set()
            runner.join(timeout=10.0)
            keep_counter(card, settings.state_dir)
    if not seen:
        raise BadSetup(
            f"the reader did not see the card within {_READ_WITHIN_SECONDS:g} s "
            f"({agent.readers.last_error or 'no error'}); "
            "on a busy machine, set GATEHOUSE_READER_AIR_SECONDS=1"
        )
    return exit_code(seen[0])


def _wait_for_kept(agent: Agent) -> None:
    """Give the taps that were kept before the time to follow, as the platform answers again."""
    until = time.monotonic() + _FOLLOW_WITHIN_SECONDS
    while agent.outbox.depth() and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)


def exit_code(outcome: Outcome | None) -> int:
    """Return the exit code for the outcome of a tap."""
    match outcome:
        case Decided(decision):
            return ADMITTED if decision.admitted else REFUSED
        case DecidedHere(own):
            return ADMITTED if own.admitted else REFUSED
        case Kept():
            return KEPT
        case Refused() | None:
            return ERROR
