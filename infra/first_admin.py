"""`make first-admin`: print the one-time link by which the first administrator sets a password.

It runs on the operator's machine, with the operator's own AWS permissions: PutItem on the table of the stage.
"""

import argparse
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from infra import stages

PATH = "/api/auth/first-admin/"


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the link and print it; print why there is none."""
    options = _options(arguments)
    stages.aim_at(options)
    # Only now: the items read the name of their table when they are imported.
    from pydantic import BaseModel, ValidationError

    from chalicelib import clock
    from chalicelib.domain.access import first_admin
    from chalicelib.errors import AlreadyExists
    from chalicelib.schemas import messages
    from chalicelib.schemas.profiles import Email
    from chalicelib.schemas.texts import Name

    class Person(BaseModel):
        email: Email
        name: Name

    try:
        person = Person(email=options.email, name=options.name)
        invitation = first_admin.invite(email=person.email, name=person.name)
    except ValidationError as error:
        return _complain(messages.sentences(messages.problems(error, Person)))
    except AlreadyExists as refusal:
        return _complain(refusal.text)
    sys.stdout.write(
        f"{options.url.rstrip('/')}{PATH}#{invitation.token}\n\n"
        f"For {person.email}. It works once, until {clock.to_text(invitation.expires_at)}.\n"
        "It is shown only now; a further run makes a new one and ends this one.\n"
    )
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make first-admin",
        description="Print a one-time link, valid for 24 hours, by which the first administrator sets a password.",
        epilog="The AWS region and credentials come from the environment, as for the AWS command line.",
    )
    stages.add_arguments(parser, default="dev")
    parser.add_argument("--email", required=True, help="the address that the administrator logs in with")
    parser.add_argument("--name", required=True, help="the administrator's name")
    parser.add_argument(
        "--url", required=True, type=https_url, help="the public address of the API (the output ApiUrl)"
    )
    options = parser.parse_args(arguments)
    stages.check(parser, options)
    return options


def https_url(text: str) -> str:
    """Return the address of an API. Raises ArgumentTypeError for one without TLS, unless it is on this machine."""
    parts = urlsplit(text)
    is_here = parts.hostname in ("localhost", "127.0.0.1")
    if not parts.hostname or (parts.scheme != "https" and not is_here):
        raise argparse.ArgumentTypeError(f"{text!r} is not an https address")
    return text


def _complain(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
