"""`python -m bench.audit_log`: how long the audit log takes to verify, and in how much memory.

With `--generated 1000000` the log is made while it is read (`audit_pages.py`), without an engine.
"""

import argparse
import resource
import time
from dataclasses import dataclass

from bench import audit_pages
from chalicelib.domain.audit.verification import Walk
from chalicelib.observability import logger
from tests.support import audit, engines, ground

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification of the whole log; `peak_megabytes` is what the process needed at most, from its start on."""

    entries: int
    seals: int
    seconds: float
    cpu_seconds: float
    grown_megabytes: float
    peak_megabytes: float


def verify() -> Verified:
    """Verify the whole log. Raises Broken."""
    before, began, cpu = _peak(), time.monotonic(), time.process_time()
    walk = Walk()
    walk.run()
    return Verified(
        entries=walk.progress.entry_count,
        seals=walk.progress.seal.number,
        seconds=time.monotonic() - began,
        cpu_seconds=time.process_time() - cpu,
        grown_megabytes=_peak() - before,
        peak_megabytes=_peak(),
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run the command: fill a log on DynamoDB Local, verify it, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit_log", description="Measure a verification.")
    parser.add_argument("--entries", type=int, default=100_000, help="entries of the log (default 100,000)")
    parser.add_argument("--sealed-every", type=int, default=500, help="entries between two seals (default 500)")
    parser.add_argument("--generated", type=int, help="entries of a log without an engine, instead")
    options = parser.parse_args()
    logger.setLevel("WARNING")
    if options.generated:
        _verify_generated(options.generated)
        return
    with ground.environment(STAGE="local", AWS_DEFAULT_REGION="us-east-1"), engines.cloud():
        began = time.monotonic()
        audit.fill(options.entries, sealed_every=options.sealed_every, threads=_AT_ONCE)
        print(f"filled with {options.entries:,} entries in {time.monotonic() - began:.0f} s", flush=True)
        found = verify()
    print(
        f"verified {found.entries:,} entries and {found.seals:,} seals in {found.seconds:.1f} s, of which "
        f"{found.cpu_seconds:.1f} s CPU of this process; memory grew by {found.grown_megabytes:.0f} MB"
    )


def _verify_generated(entries: int) -> None:
    # `environment` brings credentials, which sign requests that nobody receives.
    with ground.environment(STAGE="local", AWS_DEFAULT_REGION="us-east-1"):
        pages = audit_pages.Pages(entries)
        pages.attach()
        found = verify()
    print(
        f"verified {found.entries:,} generated entries in {found.seconds:.1f} s; {found.cpu_seconds:.1f} s CPU, "
        f"of which {pages.cpu_seconds:.1f} s made the entries; memory grew by {found.grown_megabytes:.0f} MB"
    )


if __name__ == "__main__":
    main()
