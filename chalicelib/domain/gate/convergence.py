"""The order of a ticket's claims as a pure function: who was admitted, who left, and who was admitted a second time.

A claim says that a person passed a gate with a ticket. Claims reach the platform late and in any order, so what each of
them did follows from the set alone: they are ordered by the time of the passage, then by the id of the scan.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from chalicelib.vocabulary.gate import Direction, Presence


class Effect(StrEnum):
    """What a claim did to its ticket. Nobody is counted for `double` and `nothing`."""

    ADMISSION = "admission"
    LEAVE = "leave"
    RETURN = "return"
    # An entry while its bearer was inside: a double admission.
    DOUBLE = "double"
    # A leave of somebody who was not inside.
    NOTHING = "nothing"

    @property
    def moves(self) -> bool:
        """Whether somebody is inside, or no longer inside, by this claim."""
        return self not in (Effect.DOUBLE, Effect.NOTHING)


class Claim(Struct, frozen=True, order=True):
    """A passage through a gate that took place. Its order is the order of the fields."""

    at: datetime
    scan_id: str
    caller_id: str
    direction: Direction = Direction.ENTRY


class Settled(Struct, frozen=True):
    """The claims of a ticket in their order, each with its effect, and where its bearer is after the last."""

    effects: dict[Claim, Effect]
    presence: Presence | None

    @property
    def admission(self) -> Claim | None:
        """The claim that admitted the ticket."""
        return next((claim for claim, effect in self.effects.items() if effect is Effect.ADMISSION), None)

    @property
    def last_move(self) -> Claim | None:
        """The last leave or return."""
        moves = (Effect.LEAVE, Effect.RETURN)
        return next((claim for claim, effect in reversed(self.effects.items()) if effect in moves), None)


def settle(claims: Iterable[Claim]) -> Settled:
    """Return the effect of each claim; the order in which they are given does not matter."""
    presence: Presence | None = None
    effects: dict[Claim, Effect] = {}
    for claim in sorted(set(claims)):
        effect, presence = _next(presence, claim.direction)
        effects[claim] = effect
    return Settled(effects, presence)


def _next(presence: Presence | None, direction: Direction) -> tuple[Effect, Presence | None]:
    if direction is Direction.EXIT:
        return (Effect.LEAVE, Presence.OUTSIDE) if presence is Presence.INSIDE else (Effect.NOTHING, presence)
    if presence is Presence.INSIDE:
        return Effect.DOUBLE, presence
    return (Effect.ADMISSION if presence is None else Effect.RETURN), Presence.INSIDE
