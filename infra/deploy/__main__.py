"""`python -m infra.deploy deploy|rollback|destroy|smoke --stage dev`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra import stages
from infra.deploy import account, deployment, parameters, retained, smoke
from infra.deploy.deployment import Target
from infra.deploy.releases import Releases
from infra.deploy.seen import NotSeen
from infra.deploy.smoke import Deployed
from infra.deploy.stack import REVIEW, ChangeSet, Stack
from infra.local.console import CannotStart, complain, explained, step
from infra.package import application, builder, production, targets

_HELP = """
deploy    builds the package, uploads it, shows the change set, asks, executes it, waits, and runs the smoke test
rollback  deploys the release before the present again, or the one that --to names
destroy   deletes the stack of a stage that is not production; table, keys, secrets and files stay without --data
smoke     runs the smoke test alone

Parameters: Name=value words after the options, or --parameters FILE (a JSON object). The stack's present values stay.
Credentials and region are those of the AWS command line. Docs: docs/operations.md, "Deploy".
"""


# Options that other acts would leave unread.
_OF_ONE_ACT = {
    "deploy": {"Name=value": "assignments", "--parameters": "parameters", "--import": "imports"},
    "rollback": {"--to": "to"},
    "destroy": {"--data": "data"},
}


class Question:
    """Asks the operator at the terminal before something changes."""

    def __init__(self, *, stage: str, is_sure: bool, may_lose_data: bool) -> None:
        """`is_sure` is --yes, `may_lose_data` is --lose-data."""
        self._stage = stage
        self._is_sure = is_sure
        self._may_lose_data = may_lose_data

    def __call__(self, change_set: ChangeSet) -> bool:
        """Return whether to execute a change set. Raises CannotStart where nobody can be asked."""
        if change_set.loses_data and not self._may_lose_data:
            raise CannotStart(
                "Changes marked LOSES DATA replace or remove what keeps data. Look at each. Then run again with "
                "--lose-data, or keep the resource."
            )
        return self.ask(f"Deploy this to {self._stage}?")

    def ask(self, what: str) -> bool:
        """Return whether the operator typed the stage's name."""
        if self._is_sure:
            return True
        if not stages.has_terminal():
            raise CannotStart("Nobody is at the terminal to confirm. Run again with --yes.")
        return input(f"{what} Type the stage's name to go on: ").strip() == self._stage


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    known = [stage for stage in application.stages() if stage != stages.LOCAL]
    parser = argparse.ArgumentParser(
        prog="make deploy STAGE= ARGS=",
        description="Deploy Gatehouse to AWS, roll back, or remove a stage.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("act", choices=["deploy", "rollback", "destroy", "smoke"])
    parser.add_argument("--stage", default="dev", choices=known)
    parser.add_argument("--stack", help="the stack, by default gatehouse-<stage>")
    parser.add_argument("--bucket", help="the bucket for packages, by default gatehouse-packages-<account>-<region>")
    parser.add_argument("--out", type=Path, default=Path("build/package"))
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--lose-data", action="store_true", help="allow changes that replace or remove what keeps data")
    parser.add_argument("--import", dest="imports", action="store_true", help="take over what an earlier stack kept")
    parser.add_argument("--to", metavar="RELEASE", help="the release to roll back to")
    parser.add_argument("--data", action="store_true", help="destroy: delete table, keys, secrets and files too")
    parser.add_argument("--no-smoke", action="store_true", help="skip the smoke test")
    parser.add_argument("--parameters", type=Path, metavar="FILE", help="a JSON object of parameters")
    parser.add_argument("assignments", nargs="*", metavar="Name=value", help="parameters of the template")
    given = parser.parse_intermixed_args(argv)
    for act, options in _OF_ONE_ACT.items():
        for option, name in options.items():
            if given.act != act and getattr(given, name):
                parser.error(f"{option} is for {act} alone; {given.act} does not take it")
    return given


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 1 with a message if it fails, 2 if the operator declined."""
    given = _arguments(argv)
    try:
        words = _checked(given)
        here = account.current()
        stack = Stack(here, given.stack or f"gatehouse-{given.stage}")
        target = Target(here, given.stage, stack, Releases(here, stage=given.stage, bucket=given.bucket))
        step(f"account {here.number}, {here.region}, stack {stack.name}")
        question = Question(stage=given.stage, is_sure=given.yes, may_lose_data=given.lose_data)
        if not _act(given, target, question, words):
            complain("Nothing was changed.")
            return 2
    except (CannotStart, NotSeen) as why:
        complain(str(why))
        return 1
    except (BotoCoreError, ClientError) as error:
        complain(f"AWS refused: {error}")
        return 1
    except OSError as error:
        complain(str(explained(error)))
        return 1
    return 0


def _checked(given: argparse.Namespace) -> dict[str, str]:
    """Return the parameters that are given. Raises CannotStart for what no act may do, before AWS is asked."""
    if given.act == "destroy" and given.stage == production.PROD:
        raise CannotStart("Production is not destroyed by a command. Delete its stack in the console.")
    return parameters.read(given.parameters, given.assignments)


def _act(given: argparse.Namespace, target: Target, question: Question, words: dict[str, str]) -> bool:
    match given.act:
        case "destroy":
            return _destroy(given, target, question)
        case "deploy":
            # Before the build, which takes minutes.
            target.stack.require_updatable()
            package = builder.build(given.stage, targets.aws(), given.out)
            done = deployment.deploy(target, package, words, confirm=question, imports=given.imports)
        case "rollback":
            done = deployment.roll_back(target, given.to, confirm=question) is not None
        case _:
            done = True
    if done and not given.no_smoke:
        _smoke(target)
    return done


def _smoke(target: Target) -> None:
    found, outputs = target.stack.parameters(), target.stack.outputs()
    if not outputs:
        target.stack.require_made()
        raise CannotStart(f"{target.stack.name} has no outputs, so it is no stack of this package.")
    queues = deployment.queues(target.stack.resources())
    smoke.run(Deployed(target.account, target.stage, found["PublicUrl"], outputs, found, queues))
    step("deployed and used: every check passed")


def _destroy(given: argparse.Namespace, target: Target, question: Question) -> bool:
    status = target.stack.require_deletable()
    is_there = status is not None
    is_made = is_there and status != REVIEW
    # After a run without --data, or one that was killed, what a stack kept can still be deleted.
    deleted = [] if is_made or not given.data else list(target.stack.deleted())
    if not is_there and not deleted:
        raise CannotStart(
            f"There is no stack {target.stack.name}. ARGS=--data deletes what one that was deleted in the last 90 days "
            "has kept."
        )
    kept = next((found for stack in ([target.stack] if is_made else deleted) if (found := _kept_by(stack))), [])
    if given.data and not given.stack:
        kept.append(("AWS::SecretsManager::Secret", smoke.secret_of(target.stage)))
    for kind, name in kept:
        step(f"  {'will be deleted, with its data' if given.data else 'stays'}: {name} ({kind})")
    what = f"the stack {target.stack.name}" if is_there else f"what the stack {target.stack.name} has kept"
    if not question.ask(f"Delete {what}{' and all its data' if given.data else ''}?"):
        return False
    if is_there:
        target.stack.delete()
    if given.data and (failed := retained.remove(target.account, kept)):
        raise CannotStart("Some of it could not be deleted:\n  " + "\n  ".join(failed))
    return True


def _kept_by(stack: Stack) -> list[tuple[str, str]]:
    """Return type and id of what outlives a stack."""
    return [*retained.of(stack.template(), stack.resources()), *retained.adopted(stack.parameters())]


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
