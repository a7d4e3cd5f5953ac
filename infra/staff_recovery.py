"""`make recover-staff`: a new way in for a member of staff whom no colleague can help.

It runs on the operator's machine, with the operator's own AWS permissions: read and write on the table of the stage,
and SendMessage on its queue of messages, by which the owner hears of it.
"""

import argparse
import getpass
import sys
from collections.abc import Sequence

from infra import stages
from infra.first_admin import https_url


def main(arguments: Sequence[str] | None = None) -> int:
    """Reset what is asked for and print what is to do next; print why nothing was reset."""
    options = _options(arguments)
    stages.aim_at(options)
    # Only now: the items read the name of their table when they are imported.
    from chalicelib import clock
    from chalicelib.domain.access import password_links, staff_recovery
    from chalicelib.errors import InvalidState, NotFound

    try:
        done = staff_recovery.recover(
            options.email, by=options.by, with_link=options.password, without_factor=options.second_factor
        )
    except (NotFound, InvalidState) as refusal:
        sys.stderr.write(f"{refusal.text}\n")
        return 1
    account = done.account
    sys.stdout.write(f"All sessions of {account.login} ({account.account_id}) have ended.\n")
    if options.second_factor:
        sys.stdout.write(
            "The second factor is off, with its recovery codes; the owner hears of it by mail.\n"
            if done.had_second_factor
            else "There was no second factor.\n"
        )
    if done.link is not None:
        sys.stdout.write(
            f"\n{password_links.page_of(options.url, done.link)}\n\n"
            f"It sets another password, once, until {clock.to_text(done.link.until)}.\n"
            "It is shown only now; a further run makes a new one and ends this one.\n"
        )
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make recover-staff",
        description="End the sessions of a member of staff, and reset what they lost: print a one-time link that sets "
        "another password, switch their second factor off, or both. Be sure who asks: this is the way around both.",
        epilog="The AWS region and credentials come from the environment, as for the AWS command line.",
    )
    stages.add_arguments(parser)
    parser.add_argument("--email", required=True, help="the address that the member of staff logs in with")
    parser.add_argument("--password", action="store_true", help="print a link that sets another password; needs --url")
    parser.add_argument("--second-factor", action="store_true", help="switch the second factor off")
    parser.add_argument("--url", type=https_url, help="the public address of the API (the output ApiUrl)")
    parser.add_argument("--by", default=getpass.getuser(), help="who resets, for the audit log (default: your log-in)")
    options = parser.parse_args(arguments)
    stages.check(parser, options)
    if not (options.password or options.second_factor):
        parser.error("say what was lost: --password, --second-factor, or both")
    if options.password and options.url is None:
        parser.error("--password prints a link, which needs --url")
    return options


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
