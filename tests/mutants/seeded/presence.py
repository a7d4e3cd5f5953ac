"""Bugs of leaves and returns, of second readings, and of the number inside."""

from tests.mutants.seeded.mutant import Mutant

_LEAVES = ("tests/portals/test_leaves.py",)
_REPEATS = ("tests/portals/test_repeats.py",)
_OCCUPANCY = ("tests/portals/test_occupancy.py",)
_RULE = ("tests/domain/test_admission.py",)

MUTANTS = (
    Mutant(
        name="return-of-one-inside-admitted",
        bug="a return is valid for a bearer who has not left",
        file="chalicelib/domain/admission.py",
        before="        return None if presence is Presence.OUTSIDE else _no(Reason.ON_EXIT_NOT_INSIDE)\n",
        after="        return None\n",
        tests=_RULE,
    ),
    Mutant(
        name="leave-stays-open",
        bug="who has returned stays in the list of those who are out",
        file="chalicelib/domain/gate/leaves.py",
        before="    if before is None or before.direction != Direction.EXIT:\n        return []\n",
        after="    if before is None or before.direction != Direction.ENTRY:\n        return []\n",
        tests=_LEAVES,
    ),
    Mutant(
        name="leave-answered-as-scan",
        bug="a leave under the id of a scan gets the scan's answer, and nobody leaves",
        file="chalicelib/domain/gate/checkin.py",
        before="    if first != now:\n",
        after="    if False:\n",
        tests=_LEAVES,
    ),
    Mutant(
        name="repeat-of-another-caller",
        bug="a card at another gate gets the first gate's admission again instead of its next ticket",
        file="chalicelib/domain/gate/repeats.py",
        before="            and last.caller_id == look.caller.id\n",
        after="",
        tests=_REPEATS,
    ),
    Mutant(
        name="hinted-ticket-not-repeated",
        bug="once the card's hint is written, a reader that bounces admits the next ticket",
        file="chalicelib/domain/gate/readings.py",
        before="        return bool(scan_key != own_key and not may_repeat)\n",
        after="        return bool(scan_key != own_key)\n",
        tests=_REPEATS,
    ),
    Mutant(
        name="repeat-counts-somebody",
        bug="a second reading of a card adds one to the number inside",
        file="chalicelib/domain/gate/checkin.py",
        before="    record.repeat = record.idle = True\n",
        after="    record.repeat = True\n",
        tests=_REPEATS,
    ),
    Mutant(
        name="counts-cut-off-at-zero-as-they-come",
        bug="the number of people without a ticket depends on the order of the counts",
        file="chalicelib/domain/gate/checkin_totals.py",
        before='            self.numbers["counted_sum"] += by * (scan.delta or 0)\n',
        after='            self.numbers["counted_sum"] += max(0, by * (scan.delta or 0))\n',
        tests=_OCCUPANCY,
    ),
)
