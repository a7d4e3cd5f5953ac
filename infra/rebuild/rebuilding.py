"""The three passes of a rebuild, in their order, and the one of catching up; then the figures of all campuses."""

from chalicelib.domain.campus.analytics import figures_of_all
from infra.rebuild import followers
from infra.rebuild.marks import Sums
from infra.rebuild.resetting import Reset
from infra.rebuild.walk import Progress, Walk


def rebuild(walk: Walk, progress: Progress, *, passes: tuple[str, ...], reset: Reset) -> str:
    """Run the passes that are not over yet; return what was done, as a text. In a dry run only the first, counting."""
    is_dry, totals = reset.is_dry, 0
    for name in passes:
        if progress.is_done(name):
            continue
        if name == "reset":
            walk.run(name, reset.take, progress)
        elif is_dry:
            continue
        elif name == "marks":
            # It has no place to go on from: its sums are in memory.
            sums = Sums()
            walk.run(name, sums.take, left_out=progress.left_out)
            totals = sums.write()
        else:
            walk.run(name, followers.replay if name == "replay" else followers.catch_up, progress)
        if not is_dry:
            progress.finish(name)
    if not is_dry:
        figures_of_all.make(seconds=float("inf"))
    lines = [f"removed {count:,} {kind}" for kind, count in sorted(reset.removed.items())]
    lines += [f"reset {count:,} {kind}" for kind, count in sorted(reset.changed.items())]
    lines += [f"summed {totals:,} totals from marks"] if totals else []
    return "\n".join(
        [*lines, f"read {walk.spent.items:,} items, {walk.spent.units:,.0f} units, {walk.spent.usd:.4f} USD"]
    )
