"""DynamoDB's documented limits as the simulator applies them."""

import pytest

from tests.support.scale import partitions
from tests.support.scale.partitions import Flow
from tests.support.scale.profiles import Profile, kind_of, profile
from tests.support.scale.recorder import TABLE, Touch


def hot(writes: float = 1.0, reads: float = 0.0) -> Profile:
    """A deed that takes so much of one key that everybody shares."""
    runs = [[Touch(TABLE, "TOTAL#all", reads, writes)] for _ in range(10)]
    return profile("hot", [runs, runs], deeds=20)


def own() -> Profile:
    runs = [[[Touch(TABLE, f"TICKET#tkt_{group}{actor}", 0, 1)] for actor in range(10)] for group in range(2)]
    return profile("own", runs, deeds=20)


@pytest.mark.parametrize(
    ("writes", "reads", "limit"), [(1, 0, 1000), (2, 0, 500), (0, 1, 3000), (0, 0.5, 6000), (1, 3, 1000)]
)
def test_a_key_gives_way_at_a_thousand_write_and_three_thousand_read_units(
    writes: float, reads: float, limit: float
) -> None:
    flow = Flow(hot(writes, reads), per_second=100)
    assert 100 * partitions.most([flow]) == pytest.approx(limit)


def test_a_hot_key_stays_throttled_though_its_partition_is_split() -> None:
    outcome = partitions.run([Flow(hot(), per_second=1500)], seconds=600, warm_writes=40_000)
    assert outcome.throttled > 0.3
    assert outcome.p99_wait > 100


def test_keys_of_ones_own_are_throttled_until_the_partitions_are_split() -> None:
    cold = partitions.run([Flow(own(), per_second=6000)], seconds=2 * partitions.SPLIT_SECONDS)
    assert 0 < cold.throttled < 1
    assert cold.partitions > 4
    warm = partitions.run([Flow(own(), per_second=6000)], seconds=600, warm_writes=8000)
    assert (warm.throttled, warm.p99_wait) == (0, 0)


def test_burst_absorbs_what_was_saved_and_no_more() -> None:
    flow = Flow(hot(), per_second=1500)
    assert partitions.run([flow], seconds=500, burst_seconds=300).throttled == 0
    assert partitions.run([flow], seconds=900, burst_seconds=300).throttled > 0


def test_an_index_that_throttles_holds_back_the_table() -> None:
    runs = [[Touch(TABLE, f"A#a_{actor}", 0, 1), Touch("gsi1", "LOG#one", 0, 1)] for actor in range(10)]
    flow = Flow(profile("log", [runs, runs], deeds=20), per_second=1500)
    assert partitions.run([flow], seconds=60, warm_writes=8000).throttled > 0


def test_a_key_of_a_group_has_the_rate_of_the_busiest_group() -> None:
    groups = [[[Touch(TABLE, f"EVENT#evt_{group}", 0, 1)] for _ in range(10)] for group in range(2)]
    found = profile("group", groups, deeds=20)
    assert partitions.heats([Flow(found, per_second=1000, groups=10)])[0].share == pytest.approx(0.1)
    assert partitions.heats([Flow(found, per_second=1000, groups=10, busiest_group=0.4)])[0].share == pytest.approx(0.4)


def test_a_key_of_mixed_groups_has_the_rate_of_the_busiest_group() -> None:
    runs = [[Touch(TABLE, f"EVENT#evt_{n % 4}", 0, 1), Touch(TABLE, "ALL", 0, 1)] for n in range(40)]
    found = profile("mixed", [runs], deeds=40, mixed=4)
    heats = {heat.kind: heat.share for heat in partitions.heats([Flow(found, per_second=1000, groups=100)])}
    assert heats == pytest.approx({"ALL": 1.0, "EVENT#*": 0.01})


def test_shards_that_are_drawn_share_the_load_evenly() -> None:
    runs = [[Touch(TABLE, f"PLATFORM#{actor % 4}", 0, 1)] for actor in range(40)]
    heat = partitions.heats([Flow(profile("shards", [runs, runs], deeds=80), per_second=1000)])[0]
    assert heat.share == pytest.approx(0.25)


def test_a_shared_account_is_seen_among_those_of_its_kind() -> None:
    runs = [[Touch(TABLE, f"ACCOUNT#cus_{actor}", 0, 1), Touch(TABLE, "ACCOUNT#org_1", 0, 1)] for actor in range(20)]
    heat = partitions.heats([Flow(profile("pay", [runs, []], deeds=20), per_second=500)])[0]
    assert heat.kind == "ACCOUNT#*"
    assert heat.share == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("partition", "kind"),
    [
        ("TICKET#tkt_01M8G4EBHXD53TJASBZ2J5BZ5W", "TICKET#*"),
        ("LIST#tickets#issued#customer_id=cus_01#3", "LIST#tickets#issued#customer_id=*#*"),
        ("CAMPUS_FIGURES#ALL", "CAMPUS_FIGURES#ALL"),
        ("ORDER#YSWCXFQAHBGMHPCPZZ", "ORDER#*"),
        ("DUE#2026-11-28T04:01#7", "DUE#*#*"),
        ("STAFF", "STAFF"),
    ],
)
def test_the_kind_of_a_key_is_what_does_not_vary(partition: str, kind: str) -> None:
    assert kind_of(partition) == kind
