"""`simulate-gate`: an agent that stays at a simulated gate, driven by lines of JSON on its standard input.

Each line asks for one thing, and has one line of JSON as its answer. The cards, the scanner's line, the outbox, the
snapshot and the server are the real ones: a local run uses this to show a gate that loses its network.

    {"id": 1, "do": "card", "uid": "04A1B2C3D4E5F6"}     tap a card; `kind` as for `simulate`
    {"id": 2, "do": "code", "text": "GH1…"}              scan a code
    {"id": 3, "do": "state"}                             queue, snapshot, and the taps with what became of them
    {"id": 4, "do": "sync"}                              send kept taps and fetch the snapshot now

The end of the input ends the agent, so none outlives the program that started it.
"""

import io
import json
import os
import queue
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TextIO

import structlog
from rich.console import Console

from reader_agent.agent import Agent
from reader_agent.clock import write_time
from reader_agent.display import Display
from reader_agent.failures import AgentError, BadSetup
from reader_agent.identity import Identity
from reader_agent.outbox_entries import Entry
from reader_agent.outcomes import Decided, DecidedHere, Kept, Outcome
from reader_agent.readers import Reading
from reader_agent.readers.nfc import load_nfcpy
from reader_agent.readers.serial_line import load_pyserial
from reader_agent.settings import Settings
from reader_agent.simulate import keep_counter, make_card, plan_card
from reader_agent.simulator.air import Air

_VERDICT_SECONDS, _GONE_POLLS, _GONE_SECONDS = 25.0, 6, 5.0
_ANSWER_SECONDS, _SNAPSHOT_SECONDS = 5.0, 20.0
_OPEN_SECONDS, _LOOK_SECONDS = 30.0, 0.02
_TAPS_SHOWN, _SCREEN_LINES = 50, 60
_SCREEN_COLUMNS = 64


class _Screen(io.StringIO):
    """What the gate's screen shows: its last lines as text."""

    def lines(self) -> list[str]:
        found = self.getvalue().splitlines()
        if len(found) > 10 * _SCREEN_LINES:
            found = found[-_SCREEN_LINES:]
            self.seek(0)
            self.truncate()
            self.write("\n".join(found) + "\n")
        return found[-_SCREEN_LINES:]


class SimulatedGate:
    """One agent with a field for cards and a line for codes."""

    def __init__(self, settings: Settings, identity: Identity, *, log: structlog.stdlib.BoundLogger) -> None:
        self._settings = settings
        self._identity = identity
        self._log = log
        self._screen = _Screen()
        self._outcomes: queue.Queue[tuple[Reading, Outcome | None]] = queue.Queue()

    def serve(self, asked: TextIO, answers: TextIO) -> None:
        """Answer lines until the input ends."""
        load_nfcpy()
        with ExitStack() as undo:
            air = undo.enter_context(Air())
            line, path, trouble = undo.enter_context(_scanner())
            own = {
                "reader": ",".join(filter(None, [air.path, path])),
                "health_port": 0,
                "online_seconds": self._settings.online_seconds or _ANSWER_SECONDS,
                # A person at a keyboard taps the same card again on purpose.
                "debounce_seconds": 0.0,
                "snapshot_seconds": min(self._settings.snapshot_seconds, _SNAPSHOT_SECONDS),
            }
            console = Console(file=self._screen, width=_SCREEN_COLUMNS, color_system=None, force_terminal=False)
            agent = Agent(
                self._settings.model_copy(update=own), self._identity, display=Display(console), log=self._log
            )
            runner = threading.Thread(target=agent.run, args=(self._note,), name="agent")
            runner.start()
            undo.callback(runner.join, 10.0)
            undo.callback(agent.stop.set)
            _wait_for_readers(agent, runner)
            doors = _Doors(agent, air, line, trouble)
            _say(answers, {"ready": True, "device_id": self._identity.device_id, "gate": self._identity.gate})
            for text in asked:
                if text.strip():
                    _say(answers, self._answer(text, doors))

    def _note(self, reading: Reading, outcome: Outcome | None) -> None:
        self._outcomes.put((reading, outcome))

    def _answer(self, text: str, doors: "_Doors") -> dict[str, Any]:
        try:
            wanted = json.loads(text)
            known = {"card": self._card, "code": self._code, "state": self._state, "sync": self._sync}
            act: Callable[[dict[str, Any], _Doors], dict[str, Any]] = known[wanted["do"]]
        except (ValueError, KeyError, TypeError):
            return {"error": "write one object of JSON in a line, with id and do: card, code, state or sync"}
        try:
            return {"id": wanted.get("id"), **act(wanted, doors)}
        except AgentError as error:
            return {"id": wanted.get("id"), "error": str(error)}

    def _card(self, wanted: dict[str, Any], doors: "_Doors") -> dict[str, Any]:
        plan = plan_card(str(wanted.get("uid", "")), str(wanted.get("kind", "ntag213")), None, None)
        card = make_card(plan, self._settings.state_dir)
        self._forget_earlier()
        doors.air.place(card)
        try:
            return self._verdict()
        finally:
            doors.air.remove()
            keep_counter(card, self._settings.state_dir)
            # The next card is another one for the reader, once this one is known to be gone.
            doors.air.wait_for_polls(_GONE_POLLS, _GONE_SECONDS)

    def _code(self, wanted: dict[str, Any], doors: "_Doors") -> dict[str, Any]:
        if doors.line is None:
            raise BadSetup(doors.line_trouble or "there is no scanner")
        code = " ".join(str(wanted.get("text", "")).split())
        if not code:
            raise BadSetup("name the code's text")
        self._forget_earlier()
        os.write(doors.line, f"{code}\r\n".encode())
        return self._verdict()

    def _sync(self, _wanted: dict[str, Any], doors: "_Doors") -> dict[str, Any]:
        doors.agent.delivery.backlog.wake()
        doors.agent.sync.wake()
        return self._state({}, doors)

    def _state(self, _wanted: dict[str, Any], doors: "_Doors") -> dict[str, Any]:
        facts = doors.agent.snapshot()
        shown = ("queue_depth", "dead_letters", "snapshot", "reader_open", "conflicts", "alarm", "last_error")
        entries = doors.agent.outbox.entries()[-_TAPS_SHOWN:]
        return {
            "state": {name: facts[name] for name in shown},
            "taps": [_tap(entry) for entry in reversed(entries)],
            "screen": self._screen.lines(),
        }

    def _forget_earlier(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._outcomes.get_nowait()

    def _verdict(self) -> dict[str, Any]:
        try:
            reading, outcome = self._outcomes.get(timeout=_VERDICT_SECONDS)
        except queue.Empty:
            raise BadSetup(f"the reader saw nothing within {_VERDICT_SECONDS:g} s") from None
        return {"reading": reading.key, "verdict": _verdict(outcome)}


class _Doors:
    """The agent, and how a card and a code reach it."""

    def __init__(self, agent: Agent, air: Air, line: int | None, line_trouble: str | None) -> None:
        self.agent = agent
        self.air = air
        self.line = line
        self.line_trouble = line_trouble


def _wait_for_readers(agent: Agent, runner: threading.Thread) -> None:
    """Wait until the readers are open: a line that is opened throws away what was sent before. Raises BadSetup."""
    until = time.monotonic() + _OPEN_SECONDS
    while not agent.readers.is_open:
        if not runner.is_alive() or time.monotonic() > until:
            raise BadSetup(f"the simulated readers did not open within {_OPEN_SECONDS:g} s: {agent.readers.last_error}")
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _scanner() -> Iterator[tuple[int | None, str | None, str | None]]:
    """Yield the near end of a serial line and the reader's path of its far end; or why there is none."""
    try:
        load_pyserial()
    except BadSetup as error:
        yield None, None, str(error)
        return
    near, far = os.openpty()
    try:
        tty.setraw(far)
        yield near, f"serial:{os.ttyname(far)}", None
    finally:
        os.close(near)
        os.close(far)


def _verdict(outcome: Outcome | None) -> dict[str, Any]:
    """Return an outcome as JSON; `by` says who decided."""
    match outcome:
        case Decided(decision):
            found = decision.model_dump(mode="json", include=set(_SHOWN), exclude_none=True)
            return {**found, "by": "platform"}
        case DecidedHere(own, why, name):
            by = "hub" if own.via else "gate"
            facts = {"result": own.result, "reason": own.reason, "why": why, "warning": own.warning, "by": by}
            who = {"attendee": {"name": name.name}, "ticket": {"tier": name.tier}} if name else {}
            return {key: value for key, value in {**facts, **who}.items() if value is not None}
        case Kept(why):
            return {"result": "kept", "why": why}
        case None:
            return {"result": "not_read"}
        case _:
            return {"result": "not_taken", "why": outcome.why}


_SHOWN = ("result", "reason", "attendee", "ticket", "first_scan", "remaining", "repeat", "scan_id")


def _tap(entry: Entry) -> dict[str, Any]:
    here = entry.at_gate
    try:
        answer = json.loads(entry.detail) if entry.detail else {}
    except ValueError:
        answer = {"why": entry.detail}
    return {
        "sequence": entry.sequence,
        "what": entry.tap.uid or "code",
        "scanned_at": write_time(entry.tap.scanned_at),
        "state": entry.state,
        "at_gate": here.result if here else None,
        "result": answer.get("result") if isinstance(answer, dict) else None,
        "why": answer.get("why") if isinstance(answer, dict) else None,
    }


def _say(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
