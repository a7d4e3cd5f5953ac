"""`make campus-erase`: close the account of one person of the campus portal, and start the erasure of their data.

It runs on the operator's machine, with the operator's own AWS permissions: read and write on the table of the stage,
and SendMessage on its queue of jobs. The platform's worker erases; the command waits for it and prints what it did.
"""

import argparse
import getpass
import sys
import time
from collections.abc import Callable, Sequence

from infra import stages

_PAUSE_SECONDS = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the erasure and wait for its end; return 0 when it is complete, 1 if it failed or there is no person."""
    options = _options(arguments)
    stages.aim_at(options)
    return erase(options.user, by=options.by, waits=not options.no_wait, pause=time.sleep)


def erase(user_id: str, *, by: str, waits: bool, pause: Callable[[float], None]) -> int:
    """Start an erasure in the table that the environment names, and print how it goes."""
    # Only now: the items read the name of their table when they are imported.
    from chalicelib.domain.campus.privacy import campus_erasure
    from chalicelib.errors import NotFound
    from chalicelib.table import keys, operations
    from chalicelib.vocabulary.work import JobStatus

    try:
        job_id = campus_erasure.begin(user_id, by=by)
    except NotFound as error:
        sys.stderr.write(f"{error.text}\n")
        return 1
    sys.stdout.write(f"The account is closed. The erasure is job {job_id}.\n")
    while waits:
        job = operations.get(keys.campus_privacy.erasure(job_id))
        if job is None or job.status == JobStatus.FAILED:
            sys.stderr.write("The erasure was given up. See the log, then run this command again.\n")
            return 1
        if job.status == JobStatus.COMPLETE:
            sys.stdout.write(f"Erased: {dict(job.certificate)}.\n")
            return 0
        pause(_PAUSE_SECONDS)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make campus-erase",
        description="Erase one person of the campus portal: names, addresses, evidence, log-ins. Records stay without "
        "a name, so that every count stays. Statements of appeals stay with their records.",
        epilog="The AWS region and credentials come from the environment, as for the AWS command line.",
    )
    stages.add_arguments(parser)
    parser.add_argument("--user", required=True, help="the id of the person's account, usr_…")
    parser.add_argument("--by", default=getpass.getuser(), help="who asks, for the audit log (default: your log-in)")
    parser.add_argument("--no-wait", action="store_true", help="end once the erasure has started")
    options = parser.parse_args(arguments)
    stages.check(parser, options)
    return options


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
