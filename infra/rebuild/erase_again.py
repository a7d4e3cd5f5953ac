"""`make erase-again`: after a restore, erase again who was erased after the minute of the restore.

The notes of erasures are files outside of the table (`chalicelib/domain/erasure_register.py`). An account that the
table still has as it was is closed and erased as at first: its job runs with the others.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from infra import stages
from infra.deploy import account

_BY = "restore"


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the erasures that the table does not know of; return 1 if one cannot be started."""
    options = _options(arguments)
    stages.aim_at(options)
    if options.stage != stages.LOCAL:
        os.environ["FILES_BUCKET"] = options.files or _files_of(options.stage, options.account)
    return run()


def _files_of(stage: str, number: str | None) -> str:
    return f"gatehouse-files-{stage}-{number or account.current().number}"


def run() -> int:
    """Start them in the table and with the files that the environment names."""
    # Only now: the items read the name of their table when they are imported.
    from chalicelib.config import config

    config.cache_clear()
    begun = known = failed = 0
    for note in _notes():
        state = _erase(note)
        begun, known, failed = begun + (state == "begun"), known + (state == "known"), failed + (state == "failed")
    sys.stdout.write(f"{begun} erasures begun again, {known} known to the table, {failed} not possible\n")
    return 1 if failed else 0


def _notes() -> Iterator[dict[str, Any]]:
    from chalicelib.clients import aws
    from chalicelib.config import config
    from chalicelib.domain.erasure_register import PREFIX

    s3: Any = aws.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=config().files_bucket, Prefix=PREFIX):
        for found in page.get("Contents", ()):
            yield json.loads(s3.get_object(Bucket=config().files_bucket, Key=found["Key"])["Body"].read())


def _erase(note: dict[str, Any]) -> str:
    from chalicelib.domain.access import accounts
    from chalicelib.domain.audit import acts
    from chalicelib.domain.campus.privacy import campus_erasure
    from chalicelib.domain.personal_data import erasures
    from chalicelib.errors import Conflict, NotFound
    from chalicelib.vocabulary.access import AccountStatus, AdminRole, Portal

    account_id = note["account_id"]
    try:
        was_closed = accounts.get(account_id).status == AccountStatus.ERASED
        # Of a closed one the job is open or over, as the table says; one that had failed by then is opened again.
        if note["portal"] == Portal.CAMPUS:
            campus_erasure.begin(account_id, by=_BY)
        else:
            role = AdminRole.SUPER_ADMIN
            act = acts.Act(
                action="customer.erase", actor_id=_BY, role=role, address=_BY, request_id=f"{_BY}-{account_id}"
            )
            with acts.acting(act):
                erasures.begin(account_id, force=True, by=note["by"], role=role)
    except NotFound:
        return "known"  # the account did not exist at that minute
    except Conflict as refused:
        sys.stderr.write(f"{account_id}: {refused.text}\n")
        return "failed"
    if was_closed:
        return "known"
    sys.stdout.write(f"{account_id}: erased again\n")
    return "begun"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make erase-again",
        description="After a restore: erase again who was erased after its minute. It may run twice.",
        epilog="The AWS region and credentials come from the environment, as for the AWS command line.",
    )
    stages.add_arguments(parser)
    parser.add_argument("--account", help="the number of the AWS account, a part of the bucket's name")
    parser.add_argument(
        "--files", metavar="BUCKET", help="the bucket, the output FilesBucket of a stack with NameSuffix"
    )
    options = parser.parse_args(arguments)
    stages.check(parser, options)
    return options


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
