"""The order of claims: a function of their set, checked against what each claim must mean beside its neighbours."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.gate import convergence
from chalicelib.domain.gate.convergence import Claim, Effect
from chalicelib.vocabulary.gate import Direction, Presence
from tests.support.explore import explore

BEGINS = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
claims = st.builds(
    Claim,
    at=st.integers(0, 6).map(lambda minutes: BEGINS + timedelta(minutes=minutes)),
    scan_id=st.integers(0, 99).map(lambda number: f"scn_{number:02}"),
    caller_id=st.sampled_from(["dev_a", "dev_b"]),
    direction=st.sampled_from(Direction),
)


@explore(most=300, fewest=60)
@given(given_claims=st.lists(claims, max_size=12), order=st.randoms(use_true_random=False))
def test_the_order_in_which_claims_are_given_and_repeated_does_not_matter(
    given_claims: list[Claim], order: object
) -> None:
    mixed = given_claims * 2
    order.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis's own random
    assert convergence.settle(mixed) == convergence.settle(given_claims)


@explore(most=300, fewest=60)
@given(given_claims=st.lists(claims, max_size=12, unique=True))
def test_entries_less_double_ones_less_leaves_say_who_is_inside(given_claims: list[Claim]) -> None:
    settled = convergence.settle(given_claims)
    effects = list(settled.effects.values())
    assert effects.count(Effect.ADMISSION) == min(1, sum(claim.direction is Direction.ENTRY for claim in given_claims))
    entered = effects.count(Effect.ADMISSION) + effects.count(Effect.RETURN)
    inside = entered - effects.count(Effect.LEAVE)
    assert inside == (1 if settled.presence is Presence.INSIDE else 0)
    moves = [effect for effect in effects if effect.moves]
    assert all((effect is Effect.LEAVE) is bool(place % 2) for place, effect in enumerate(moves))


def test_claims_of_the_same_time_are_put_in_order_by_their_ids() -> None:
    first, second = (Claim(BEGINS, scan_id, "dev_a") for scan_id in ("scn_1", "scn_2"))
    assert convergence.settle([second, first]).admission == first
    assert convergence.settle([second, first]).effects[second] is Effect.DOUBLE
