"""`make load URL=…`: the rushes of an evening at small size, against a running platform, through its API alone.

It makes its own data: customers who buy, tickets that are scanned, numbered tickets of an organization. It counts the
answers of each caller, compares them with what the platform shows, and ends with 1 where a level of service was missed
or a count does not agree. It stops by itself after a bounded number of requests and seconds.

Without an account of your own it only talks to this machine. For a deployed stage give --i-own-this-account, and a file
of accounts: {"usher": {"event_id", "username", "password"}, "tix": {"email", "password"}, "customers": [access tokens
of customers], "payment_token": what the stage's payment provider takes, "campus": {"staff": {"username", "password"},
"students": [the same]}}; without "campus" its scene is left out. Nothing of it is removed afterwards: use a
stage that you can destroy, and an event that is open.
"""

import argparse
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from bench.rehearsal_callers import Accounts, Budget, Platform, Stopped, demo_accounts
from bench.rehearsal_scenes import SCENES, Stage
from bench.rehearsal_table import LEVELS, failures_of, table

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Two scenes scan the tickets that the first one bought.
_BUYERS, _OF_TICKETS = "buyers", ("gates", "replay")
MOST_REQUESTS, MOST_SECONDS, MOST_SIZE = 5_000, 600, 20


def parser() -> argparse.ArgumentParser:
    """Return the command's arguments."""
    made = argparse.ArgumentParser(
        prog="make load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--url", required=True, help="the platform's address, such as http://127.0.0.1:8000")
    made.add_argument("--only", nargs="+", choices=list(SCENES), default=list(SCENES), help="these scenes, in order")
    made.add_argument("--size", type=int, default=1, help=f"times the small size, at most {MOST_SIZE}")
    made.add_argument("--requests", type=int, default=1_000, help=f"stop after so many, at most {MOST_REQUESTS}")
    made.add_argument("--seconds", type=int, default=180, help=f"stop after so many, at most {MOST_SECONDS}")
    made.add_argument("--accounts", type=Path, help="a JSON file; by default those of the demo data")
    made.add_argument("--i-own-this-account", action="store_true", help="needed for any address but this machine's")
    return made


def refusal(given: argparse.Namespace) -> str | None:
    """Return why this may not be sent, or None."""
    parts = urlsplit(given.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "--url is not an http or https address"
    if parts.hostname not in _LOOPBACK:
        if not given.i_own_this_account:
            return f"{parts.hostname} is not this machine. Load is sent to it only with --i-own-this-account."
        if parts.scheme != "https" or given.accounts is None:
            return "An address other than this machine's needs https and --accounts."
    for name, most in (("requests", MOST_REQUESTS), ("seconds", MOST_SECONDS), ("size", MOST_SIZE)):
        if not 0 < getattr(given, name) <= most:
            return f"--{name} is 1 to {most}"
    before = given.only[: given.only.index(_BUYERS)] if _BUYERS in given.only else given.only
    if waiting := [name for name in before if name in _OF_TICKETS]:
        return f"{' and '.join(waiting)} scan what buyers bought: --only {_BUYERS} {' '.join(waiting)}"
    return None


def main() -> int:
    """Run the command; return 0 where every level was kept and every count agrees."""
    given = parser().parse_args()
    if (why := refusal(given)) is not None:
        print(why, file=sys.stderr)
        return 2
    platform = Platform(given.url.rstrip("/"), Budget(given.requests, given.seconds))
    try:
        accounts = Accounts(**json.loads(given.accounts.read_text())) if given.accounts else demo_accounts()
    except (OSError, ValueError, TypeError) as error:
        print(f"{given.accounts} is no file of accounts, as --help describes it: {error}", file=sys.stderr)
        return 2
    stage, stopped = Stage(platform, accounts, given.size), ""
    try:
        for name in given.only:
            print(f"{name}: {SCENES[name].__doc__}", flush=True)
            SCENES[name](stage)
    except Stopped as why_stopped:
        stopped = str(why_stopped)
    finally:
        platform.close()
    print(table(platform.tallies))
    failures = [*([stopped] if stopped else []), *stage.disagreements, *failures_of(platform.tallies, LEVELS)]
    if stage.agreed:
        print(f"counts that agree: {', '.join(stage.agreed)}")
    for line in failures:
        print(f"FAILED: {line}")
    if not failures:
        print("every level kept, every count agrees")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
