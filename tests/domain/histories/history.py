"""A history: a row of deeds, each with a seed of its own, so that one without some of its deeds is one as well."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import NamedTuple

import ulid
from moto import mock_aws

from chalicelib import clock
from tests.domain.histories import ground, provider, rebuilt, shown, truths
from tests.domain.histories.deeds import DEEDS
from tests.domain.histories.world import Violation, WalkClock, World, require, watched
from tests.support import cloud, log_lines
from tests.support.caches import forget_answers
from tests.support.settings import configured
from tests.support.streams import StreamReader

# So long after the last deed that all that is due is done: reservations, payments, and books that close.
_LAST_WAIT = timedelta(days=12)


class Step(NamedTuple):
    """One deed of a history."""

    deed: str
    seed: int


def written(seed: int, length: int) -> list[Step]:
    """Return a history of so many deeds."""
    draw = Random(seed)  # noqa: S311  # a test's history
    names, weights = list(DEEDS), [weight for _, weight in DEEDS.values()]
    return [Step(draw.choices(names, weights)[0], draw.randrange(2**32)) for _ in range(length)]


@contextmanager
def fresh_world() -> Iterator[World]:
    """Create the platform on which a history begins."""
    now, chance = WalkClock(), Random(1)  # noqa: S311  # the same ids each time
    generator = ulid.default_generator
    ulid.default_generator = ulid.ULIDGenerator(clock=now.milliseconds, randomness=lambda _: chance.randbytes(10))
    try:
        with mock_aws(), clock.driven_by(now), configured(LIMIT_RETRY_PAUSE_MS=0), log_lines.collected() as lines:
            forget_answers()
            cloud.create_on_moto(cloud.MASTER_SECRET)
            with watched() as (published, queued):
                world = World(now, StreamReader(), published, queued)
                world.lines = lines
                ground.lay(world)
                yield world
    finally:
        ulid.default_generator = generator
        forget_answers()


def run(steps: Sequence[Step], *, check_every: int = 25, tell: Callable[[str], None] | None = None) -> Violation | None:
    """Run a history; return the rule that it broke, if it did."""
    with fresh_world() as world:
        world.is_recorded = tell is not None
        try:
            for number, step in enumerate(steps, 1):
                if tell:
                    world.journal.append(f"{number} {step.deed} {step.seed} at {world.time.moment}")
                deed, draw = DEEDS[step.deed][0], Random(step.seed)  # noqa: S311  # a test's history
                deed(world, draw)
                if draw.random() < 0.5:
                    world.project(draw)
                    world.work(draw)
                if number % check_every == 0:
                    world.settle()
                    with world.store.held():
                        truths.check(world)
                        shown.check(world)
            _end(world)
        except Violation as broken:
            if tell:
                tell("\n".join(world.journal))
            return broken
    return None


def _end(world: World) -> None:
    """Deliver every callback, let all that is due be done, and require that nothing is left over or lost."""
    world.settle()
    draw = Random(1)  # noqa: S311  # a test's history
    for _ in range(3):
        provider.report_all(world)
        world.settle()
        world.pass_time(_LAST_WAIT / 3, draw)
        world.settle()
    with world.store.held():
        truths.check_end(world)
        shown.check(world)
    _says_no_secret(world)
    rebuilt.check()


def _says_no_secret(world: World) -> None:
    said = world.lines.text
    numbers = {str(one.number) for one in [*world.customers, *world.merchants, *world.gone] if one.number}
    for secret in numbers | world.told | {one.old_token for one in world.customers if one.old_token}:
        require(secret not in said, "the log has no number and no token", secret)


def minimized(steps: Sequence[Step], broken: Violation, *, seconds: float = 600) -> list[Step]:
    """Return a shorter history that breaks the same rule."""
    until, kept, size = time.monotonic() + seconds, list(steps), max(1, len(steps) // 2)
    rule = str(broken).partition(":")[0]
    while size and time.monotonic() < until:
        place = 0
        while place < len(kept) and time.monotonic() < until:
            fewer = kept[:place] + kept[place + size :]
            found = run(fewer)
            if found is not None and str(found).partition(":")[0] == rule:
                kept = fewer
            else:
                place += size
        size //= 2
    return kept
