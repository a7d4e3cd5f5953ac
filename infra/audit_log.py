"""`make audit-verify`: verify the whole audit log, and name its first break.

It runs on the operator's machine, with the operator's own AWS permissions: GetItem, BatchGetItem and Query on the
table of the stage. It writes nothing.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from infra import stages

_HEX_DIGITS = 64
# Seconds between two lines of progress.
_PAUSE = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify the log; return 0 if it is whole, 1 if it is broken."""
    options = _options(arguments)
    stages.aim_at(options)
    # Only now: the items read the name of their table when they are imported.
    from chalicelib.domain.audit.verification import Broken, Walk

    walk, began = Walk(witnessed=dict(options.seal)), time.monotonic()
    try:
        while not walk.run(_PAUSE):
            sys.stderr.write(f"{walk.progress.entry_count:,} entries, {walk.progress.seal.number:,} seals\n")
    except Broken as broken:
        sys.stdout.write(f"BROKEN in {broken.where} at number {broken.number}: {broken.problem}.\n")
        return 1
    seal = walk.progress.seal
    sys.stdout.write(
        f"Whole: {walk.progress.entry_count:,} entries, {seal.number:,} seals, {time.monotonic() - began:.1f} s.\n"
        f"The last seal is {seal.number}={seal.digest}.\n"
    )
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make audit-verify",
        description="Verify every entry and seal of the audit log; name the first break and end with 1.",
        epilog="The AWS region and credentials come from the environment, as for the AWS command line.",
    )
    stages.add_arguments(parser, default="dev")
    parser.add_argument(
        "--seal",
        action="append",
        default=[],
        type=_seal,
        metavar="NUMBER=DIGEST",
        help="a seal as the log of the function seal_audit_log has it, which must be in the table; may be repeated",
    )
    options = parser.parse_args(arguments)
    stages.check(parser, options)
    return options


def _seal(text: str) -> tuple[int, str]:
    number, _, digest = text.partition("=")
    is_digest = len(digest) == _HEX_DIGITS and set(digest) <= set("0123456789abcdef")
    if not (number.isascii() and number.isdecimal() and len(number) <= 12 and is_digest):  # its key
        raise argparse.ArgumentTypeError(f"{text!r} is no number and digest, such as 12=9f86d0…")
    return int(number), digest


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
