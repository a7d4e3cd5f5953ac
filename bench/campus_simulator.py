"""The confusion table of campus attendance: who is flagged of those who cheat, and of those who do not.

`python -m bench.campus_simulator --submissions 20000` prints it alone; `--seeds 7` adds up seven such worlds, since of
one a share of a kind is off by a percent or two: a group that passes, passes as a whole.
"""

import argparse
from collections.abc import Iterator

from bench.markdown import table_of
from tests.support.campus_doings import CHEATS, HONEST, UNSEEN, Doing
from tests.support.campus_simulator import SEED, SUBMISSIONS, Outcome, Table, share_seen, simulate


def rows(table: Table) -> Iterator[list[str]]:
    """Yield the rows of the confusion table; kinds in three groups, each with its sum."""
    for name, doings in (
        ("false flags, aim at most 1 %", HONEST),
        ("recall, aim at least 95 %", CHEATS),
        ("seen, no aim: evidence of honest people", UNSEEN),
    ):
        for doing in doings:
            each = table[doing]
            signals = ", ".join(f"{signal} {count}" for signal, count in each.signals.most_common(5))
            passed = each.submissions - each.refused - each.flagged
            counts = [f"{count:,}" for count in (each.submissions, each.refused, each.flagged, passed)]
            yield [doing.value, *counts, f"{100 * each.seen:.1f} %", f"{100 * each.seen_at_once:.1f} %", signals]
        yield [f"**{name}**", "", "", "", "", f"**{100 * share_seen(table, doings):.2f} %**", "", ""]


def simulate_worlds(submissions: int, seed: int, worlds: int) -> Table:
    """Return the outcomes of so many worlds together, of this seed and those after it."""
    table: Table = {doing: Outcome() for doing in Doing}
    for number in range(worlds):
        for doing, found in simulate(submissions, seed + number).items():
            each = table[doing]
            each.submissions += found.submissions
            each.refused += found.refused
            each.flagged += found.flagged
            each.flagged_at_once += found.flagged_at_once
            each.signals += found.signals
    return table


HEAD = ["kind", "submissions", "refused", "flagged", "verified", "seen", "at once", "signals"]


def render(table: Table) -> str:
    """Return the confusion table as Markdown."""
    return table_of(HEAD, rows(table))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.campus_simulator", description=__doc__)
    parser.add_argument("--submissions", type=int, default=SUBMISSIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--seeds", type=int, default=1)
    chosen = parser.parse_args()
    print(render(simulate_worlds(chosen.submissions, chosen.seed, chosen.seeds)))


if __name__ == "__main__":
    main()
