"""The list of tickets, at a length where it skips groups of buckets without a read."""

import random

import pytest

from chalicelib.domain.organizations import ticket_pages
from chalicelib.domain.organizations.ticket_totals import bit_of
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import BucketGroup, TicketBucket
from chalicelib.vocabulary.numbered_tickets import TicketFilter

pytestmark = pytest.mark.usefixtures("moto_cloud")

LAST = 345_678
# Being written: one within a bucket, one over the end of a group.
OPEN = [(250_100, 250_199), (199_950, 200_050)]


def _marked(organization_id: str, scanned: set[int], deleted: set[int]) -> None:
    """Store the bits and the sums that the stream would have stored."""
    for number in {keys.organizations.bucket_of(ordinal) for ordinal in scanned | deleted}:
        both = [
            sum(bit_of(ordinal) for ordinal in each if keys.organizations.bucket_of(ordinal) == number).to_bytes(
                125, "little"
            )
            for each in (scanned, deleted)
        ]
        place = keys.organizations.ticket_bucket(organization_id, number)
        item = TicketBucket(*place, organization_id=organization_id, bucket=number, scanned=both[0], deleted=both[1])
        operations.record(operations.put(item))
    for group in range(4):
        within = range(group * 100_000 + 1, (group + 1) * 100_000 + 1)
        sums = [sum(ordinal in within for ordinal in each) for each in (scanned - deleted, deleted)]
        of_group = keys.organizations.bucket_group(organization_id, group)
        if any(sums):
            item_of = BucketGroup(
                *of_group, organization_id=organization_id, group=group, scanned=sums[0], deleted=sums[1]
            )
            operations.record(operations.put(item_of))


def test_a_page_begins_where_a_count_of_all_ordinals_says() -> None:
    organization_id, dice = new_id("ogn"), random.Random(3)  # noqa: S311  # repeatable, not secret
    hidden = {ordinal for first, last in OPEN for ordinal in range(first, last + 1)}
    there = sorted(set(range(1, LAST + 1)) - hidden)
    # Nothing was scanned between 100,001 and 199,949.
    scanned = set(dice.sample([each for each in there if not 100_000 < each <= 200_000], 60))
    deleted = {*dice.sample(there, 20), *dice.sample(sorted(scanned), 5), *range(300_001, 300_401)}
    # Of what is being written, each ticket that is there may be scanned, and is in no list yet.
    early = {250_100, *range(250_150, 250_180), 250_199, *range(199_960, 199_990), 200_001, 200_050}
    _marked(organization_id, scanned | early, deleted)
    lists = {
        None: [each for each in there if each not in deleted],
        TicketFilter.SCANNED: sorted(scanned - deleted),
        TicketFilter.NOT_SCANNED: [each for each in there if each not in deleted and each not in scanned],
    }
    for only, ordinals in lists.items():
        ordinals.reverse()
        skips = [0, 7, len(ordinals) // 2, len(ordinals) - 3, len(ordinals) + 1]
        skips += [dice.randrange(len(ordinals)) for _ in range(6)]
        # Where a group ends, and where something is being written.
        skips += [place - 2 for place, each in enumerate(ordinals) if each % 100_000 == 1 or each in (250_200, 200_051)]
        for skip in filter(lambda skip: skip >= 0, skips):
            shelf = ticket_pages.OrdinalList(organization_id, LAST, OPEN, only)
            assert list(shelf.ordinals(skip=skip, limit=5)) == ordinals[skip : skip + 5], (only, skip)


def test_what_is_left_below_an_ordinal_is_found_though_more_above_it_is_deleted() -> None:
    organization_id = new_id("ogn")
    _marked(organization_id, set(), {*range(320_001, LAST + 1), 319_999, *range(199_990, 200_060)})
    spared = [(319_000, 319_990), OPEN[1]]
    assert ticket_pages.live_below(organization_id, 320_001, spared, limit=10) == [
        320_000,
        *range(319_998, 319_990, -1),
        318_999,
    ]
    assert ticket_pages.live_below(organization_id, 200_100, spared, limit=41) == [
        *range(200_099, 200_059, -1),
        199_949,
    ]
    assert ticket_pages.live_below(organization_id, 1, spared, limit=5) == []
