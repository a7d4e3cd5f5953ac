"""What a gate knows of the others: a hub that it asks, or that it is itself."""

from typing import Any, Protocol

from reader_agent.failures import TryLater
from reader_agent.hub.wire import HubDecision, OwnPassage
from reader_agent.tap import Tap


class HubAway(TryLater):
    """The hub gave no answer that counts: the gate decides alone."""


class Neighbours(Protocol):
    """The hub of a gate. Safe for several threads."""

    @property
    def is_up(self) -> bool:
        """Return whether the hub answered last; of the hub itself, whether it serves and records."""

    def start(self) -> None:
        """Begin."""

    def ensure(self) -> None:
        """Repair what failed."""

    def stop(self) -> None:
        """End."""

    def ask(self, tap: Tap, *, seconds: float) -> tuple[str, HubDecision] | None:
        """Return the hub's device and its decision; None where there is no hub to ask. Raises HubAway."""

    def tell(self, passage: OwnPassage) -> None:
        """Have the others know of a passage that this gate decided without a hub."""

    def facts(self) -> dict[str, Any]:
        """Return what `status` shows."""
