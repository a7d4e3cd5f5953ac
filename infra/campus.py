"""`make campus`: create a campus, and print the one-time link by which its first admin sets a password.

It runs on the operator's machine, with the operator's own AWS permissions on the table of the stage.
"""

import argparse
import sys
from collections.abc import Sequence

from infra import stages
from infra.first_admin import https_url


def main(arguments: Sequence[str] | None = None) -> int:
    """Create the campus and print what was made; print why there is none."""
    options = _options(arguments)
    stages.aim_at(options)
    # Only now: the items read the name of their table when they are imported.
    from pydantic import BaseModel, ValidationError

    from chalicelib import clock
    from chalicelib.domain.access import password_links
    from chalicelib.domain.campus.people import campus_founding
    from chalicelib.domain.campus.people.campus_founding import CampusAdmin
    from chalicelib.errors import Refusal, Unavailable
    from chalicelib.schemas import messages
    from chalicelib.schemas.campus.accounts import Username
    from chalicelib.schemas.profiles import Email
    from chalicelib.schemas.texts import Name

    class Asked(BaseModel):
        name: Name
        admin_email: Email | None
        first_name: Name | None
        last_name: Name | None
        admin_username: Username | None

    first_name, _, last_name = (options.admin_name or "").strip().rpartition(" ")
    try:
        asked = Asked(
            name=options.name,
            admin_email=options.admin_email,
            first_name=first_name.strip() or None,
            last_name=last_name or None,
            admin_username=options.admin_username,
        )
    except ValidationError as error:
        return _complain(messages.sentences(messages.problems(error, Asked)))
    if asked.admin_email is None and (options.admin_name or options.admin_username or options.url):
        return _complain("An admin and a link need an address (--admin-email); without an admin, name none of them.")
    admin = None
    if asked.admin_email is not None:
        if asked.first_name is None or asked.last_name is None or options.url is None:
            return _complain("An admin needs a first and a last name (--admin-name), and a link needs --url.")
        admin = CampusAdmin(
            email=asked.admin_email,
            first_name=asked.first_name,
            last_name=asked.last_name,
            username=asked.admin_username,
        )
    try:
        made = campus_founding.found(name=asked.name, timezone=options.timezone, admin=admin)
    except Unavailable:
        raise
    except Refusal as refusal:
        problems = "; ".join(f"{problem['field']}: {problem['message']}" for problem in refusal.details or ())
        return _complain(problems or refusal.text)
    how = "created" if made.is_new else "exists"
    sys.stdout.write(f"{made.campus.name} ({made.campus.campus_id}, {made.campus.timezone}) {how}.\n")
    if admin is not None and made.link is not None:
        sys.stdout.write(
            f"\n{password_links.page_of(options.url, made.link)}\n\n"
            f"For {admin.email}. It works once, until {clock.to_text(made.link.until)}.\n"
            "It is shown only now; a further run makes a new one and ends this one.\n"
        )
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make campus",
        description="Create a campus, and print a one-time link by which its first admin sets a password.",
        epilog="The AWS region and credentials come from the environment, as for the AWS command line.",
    )
    stages.add_arguments(parser, default="dev")
    parser.add_argument("--name", required=True, help="the name of the campus")
    parser.add_argument("--timezone", required=True, help="its time zone, such as Asia/Karachi")
    parser.add_argument("--admin-email", help="the address that its first admin logs in with")
    parser.add_argument("--admin-name", help="the admin's first and last name")
    parser.add_argument("--admin-username", help="the admin's user name (default: the address up to its @)")
    parser.add_argument("--url", type=https_url, help="the public address of the API (the output ApiUrl)")
    options = parser.parse_args(arguments)
    stages.check(parser, options)
    return options


def _complain(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
