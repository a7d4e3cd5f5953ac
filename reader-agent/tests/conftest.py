"""A platform on loopback, a device enrolled with it, and an agent at work in simulated air."""

import io
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
import snapshot_double as double
from platform_double import Platform
from rich.console import Console
from snapshot_double import CardRow, TicketRow
from ulid import ULID

from reader_agent import enrolment, logs
from reader_agent.agent import Agent
from reader_agent.display import Display
from reader_agent.identity import Identity
from reader_agent.outcomes import Decided, Outcome
from reader_agent.readers import Card
from reader_agent.settings import Settings
from reader_agent.signals import Signals
from reader_agent.simulator import Air, SimulatedCard
from reader_agent.wire import Decision

DEMO_UID = "04A1B2C3D4E5F6"
FAMILY = "04A1B2C3D4E5F7"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    # Programs of their own run this tree's code too, wherever the package was installed from.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "src"))


@pytest.fixture
def platform() -> Iterator[Platform]:
    double = Platform().up()
    double.tickets[DEMO_UID] = None
    yield double
    double.down()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def identity(platform: Platform, state: Path) -> Identity:
    return enrolment.enroll(state, server=platform.url, code=platform.provision(), name="test", replace=False)


class WorkingAgent:
    """An agent that runs in this process, on the real nfcpy stack."""

    def __init__(self, settings: Settings, identity: Identity, air: Air, signals: Signals | None = None) -> None:
        self.air = air
        self.screen = io.StringIO()
        self.log = io.StringIO()
        logs.configure("debug", self.log)
        display = Display(Console(file=self.screen, width=160, color_system=None), signals)
        self.agent = Agent(settings, identity, display=display, log=logs.logger(), signals=signals)
        self.outcomes: queue.Queue[tuple[Card, Outcome | None]] = queue.Queue()
        self._thread = threading.Thread(target=self.agent.run, args=(lambda *seen: self.outcomes.put(seen),))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.agent.stop.set()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def tap(
        self, card: SimulatedCard, passing_over: Callable[[Card], bool] = lambda _: False
    ) -> tuple[Card, Outcome | None]:
        """Hold a card to the reader until there is an outcome, then remove it and wait until the reader notices.

        `passing_over` tells the readings of the card before, which can still be under way.
        """
        self.air.place(card)
        seen = self.outcomes.get(timeout=60)
        while passing_over(seen[0]):
            seen = self.outcomes.get(timeout=60)
        self.air.remove()
        self.air.wait_for_polls(3, timeout=60)
        return seen

    def decision(self, card: SimulatedCard, passing_over: Callable[[Card], bool] = lambda _: False) -> Decision:
        _, outcome = self.tap(card, passing_over)
        assert isinstance(outcome, Decided), outcome
        return outcome.decision


Work = Callable[..., AbstractContextManager[WorkingAgent]]


@pytest.fixture
def work(state: Path, identity: Identity) -> Work:
    """Return what starts an agent in the enrolled state folder."""
    assert identity.origin == "enrolled"

    @contextmanager
    def start(*, more_readers: str = "", signals: Signals | None = None, **given: Any) -> Iterator[WorkingAgent]:
        with Air() as air:
            quick: dict[str, Any] = {
                "debounce_seconds": 0.0,
                "air_seconds": 0.5,
                "online_seconds": 10.0,
                "sound": "off",
            }
            settings = Settings(state_dir=state, reader=f"{air.path},{more_readers}", **(quick | given))
            with WorkingAgent(settings, Identity.load(state), air, signals) as working:
                yield working

    return start


def wait_until(condition: Callable[[], bool], timeout: float = 60.0) -> None:
    give_up = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < give_up, "what was waited for did not come"
        time.sleep(0.02)


class Box:
    """The tickets and cards of the platform's double, and the snapshot that it makes of them."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.tickets = [TicketRow(ULID()) for _ in range(4)]
        self.cards = [CardRow(DEMO_UID, (self.tickets[0],)), CardRow(FAMILY, tuple(self.tickets[1:]))]
        platform.tickets[DEMO_UID] = None
        platform.ticket_ids[DEMO_UID] = self.tickets[0].id
        self.publish()

    def publish(self, since: str | None = None, **given: Any) -> None:
        """Let the platform give this for a cursor."""
        given.setdefault("now", datetime.now(UTC))

        def made(device_id: str) -> bytes:
            return double.make(
                self.platform.signer, self.tickets, self.cards, since=since, **{"device_id": device_id, **given}
            )

        self.platform.snapshots[since] = made


@pytest.fixture
def box(platform: Platform) -> Box:
    return Box(platform)
