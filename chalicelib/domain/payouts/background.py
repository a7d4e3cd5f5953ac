"""The stream followers of payouts, their part of the sweep, and their jobs."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.background.sweep import SweepTaker
from chalicelib.domain.payouts import books, event_lines, holds, paying, settlement_files
from chalicelib.table.items import Job, SettlementFile

FOLLOWERS: tuple[Follower, ...] = (holds.follow, books.follow, paying.follow, event_lines.follow)
SWEEP_TAKERS: dict[str, SweepTaker] = {"bks_": books.close_due, "pto_": paying.take_due}
JOB_KINDS: dict[type[Job], JobKind] = {
    SettlementFile: JobKind("settlement_file", settlement_files.run_step, settlement_files.result),
}
