"""`python -m infra.rotate --stage prod --name sessions`: give a secret a fresh key."""

import argparse
import getpass
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from chalicelib.config import config
from chalicelib.vocabulary.access import SecretLife
from infra import stages

if TYPE_CHECKING:
    from infra.rotate import rotation

_HELP = """
what a rotation ends:
  sessions   nothing. Tokens, refresh tokens, one-time codes, cursors and invite codes of the old key are valid for
             30 days more. Counters of limits begin again, and kept answers of Idempotency-Keys are computed again.
  numbers    nothing. Look-ups try both keys until --rekey has moved the waiting gifts and ended.
  tickets    nothing. Codes of the old key are valid until --prune finds their last event over.
  cards      nothing. A card is read under the key that it was written with. Once re-keyed, only under the new one.
  reports    nothing. A registered report verifies under the key that signed it, for ever.
  providers  nothing at the providers. --field sets one of their keys and rotates nothing.

with --leaked VERSION, all that this version signed is refused:
  sessions   everybody logs in again; open codes, cursors and invite codes end
  tickets    the app shows new codes at once; printed codes of that version end
  cards      cards of that version are refused until their chip is re-keyed; their tickets open by QR code
  reports    reports of that version are shown as not valid; they must be made again
  numbers    not possible: rotate, then --rekey

The new key signs after 15 minutes, when every container has read it; with --leaked at once.
Docs: docs/operations.md, "Rotate secrets".
"""


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make rotate STAGE= NAME= ARGS=",
        description="Give one of the platform's secrets a fresh key.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stages.add_arguments(parser)
    parser.add_argument("--name", required=True, choices=[life.value for life in SecretLife], help="the secret")
    act = parser.add_mutually_exclusive_group()
    act.add_argument("--leaked", type=_version, metavar="VERSION", help="retire this version at once")
    act.add_argument("--field", metavar="NAME", help="set a field instead; its value is read from the standard input")
    act.add_argument("--rekey", action="store_true", help="re-key the number index; may be killed and run again")
    act.add_argument("--prune", action="store_true", help="remove keys of ticket codes whose last event is over")
    act.add_argument("--show", action="store_true", help="list the versions, without their keys")
    given = parser.parse_args(argv)
    stages.check(parser, given)
    return given


def _version(text: str) -> int:
    """Return the number of a version: 0 and -1 are the values of the one secret of earlier releases."""
    if not re.fullmatch(r"-1|[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version; --show lists them")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 1 with a message if it fails."""
    given = _arguments(argv)
    stages.aim_at(given)
    from infra.rotate import rotation

    life = SecretLife(given.name)
    client = get_session().create_client("secretsmanager")
    name = config().secret_name.format(life=life)
    secret = rotation.Secret(client, name, life, config().earlier_secret or "")
    try:
        print(_act(given, secret))
    except rotation.CannotRotate as why:
        print(why, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"{name} of stage {given.stage} cannot be read or written: {error}", file=sys.stderr)
        return 1
    return 0


def _act(given: argparse.Namespace, secret: "rotation.Secret") -> str:
    from infra.rotate import rotation

    if given.field:
        _check_field(secret, given.field)
        return rotation.set_field(secret, given.field, _typed(given.field))
    if given.rekey:
        return rotation.rekey(secret, _rekey)
    if given.prune:
        return rotation.prune(secret, _last_used)
    if given.show:
        return rotation.shown(secret)
    return rotation.rotate(secret, leaked=given.leaked)


def _check_field(secret: "rotation.Secret", field: str) -> None:
    """Raise CannotRotate for a field that no code reads: a mistyped name would be kept, and the old key be used."""
    from chalicelib.clients.providers import stripe
    from infra.rotate import rotation

    if secret.life is not SecretLife.PROVIDERS:
        raise rotation.CannotRotate(f"Only the secret {SecretLife.PROVIDERS} has fields: NAME={SecretLife.PROVIDERS}")
    if field not in stripe.FIELDS:
        raise rotation.CannotRotate(f"There is no field {field}. There are {', '.join(stripe.FIELDS)}")


def _typed(field: str) -> str:
    if stages.has_terminal():
        return getpass.getpass(f"{field}: ").strip()
    return sys.stdin.readline().strip() if sys.stdin is not None else ""


def _rekey() -> int:
    from chalicelib.domain.tickets import gift_index

    return sum(1 for _ in gift_index.rekey())


def _last_used(before: datetime) -> str | None:
    from chalicelib.domain.events import unfinished

    return unfinished.last_made_before(before)


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
