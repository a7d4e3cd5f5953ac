"""The deployment of a package to a stage: upload, change set, confirmation, execution, record."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra import pages
from infra.deploy import parameters, regional
from infra.deploy.account import Account
from infra.deploy.pages import publish
from infra.deploy.releases import Release, Releases
from infra.deploy.stack import ChangeSet, Stack, StackChange
from infra.local.console import CannotStart, step
from infra.package import canary
from infra.package.application import Template
from infra.package.builder import Package

# What a rollback leaves as it is: where the data is, and how a release gets its traffic. A release from before a
# restore would ask for the lost table again, and one with Canary=on would wait for the alarm that it is to end.
_KEYS = ("KeyArn", "DataKeyArn")
_OF_NO_RELEASE = ("TableName", "TableStreamArn", *_KEYS, "Canary")
# Asks the operator; the answer is whether to go on.
Confirm = Callable[[ChangeSet], bool]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a stage is deployed to."""

    account: Account
    stage: str
    stack: Stack
    releases: Releases

    def template_url(self, key: str) -> str:
        """Return the URL of an uploaded template, as CloudFormation reads it with the caller's permissions."""
        endpoint = self.account.client("s3").meta.endpoint_url
        return f"{endpoint}/{self.releases.bucket}/{key}"


def deploy(
    target: Target, package: Package, given: Mapping[str, str], *, confirm: Confirm, imports: bool = False
) -> bool:
    """Deploy a package; return False where the operator declined. Raises CannotStart."""
    template = regional.fitted(json.loads(package.template.read_bytes()), target.account.region)
    # Before anything is uploaded: a missing parameter is the operator's first mistake.
    chosen = parameters.resolve(template, given, target.stack.parameters())
    target.releases.create_bucket()
    target.releases.upload(package.archive, package.code_key)
    target.releases.upload(package.gates, package.gates_key)
    key = _upload(target, template, package.code_key, chosen)
    if not _apply(target, key, package.code_key, chosen, confirm=confirm, imports=imports):
        return False
    outputs = target.stack.outputs()
    # The distribution's address is the API's too, and that of the pages that links lead to.
    url = outputs.get("ConsoleUrl") or outputs.get("ApiUrl")
    if chosen["PublicUrl"] == parameters.NO_ADDRESS_YET and url:
        step(f"the platform has its address now: {url}")
        chosen["PublicUrl"] = url
        key = _upload(target, template, package.code_key, chosen)
        _apply(target, key, package.code_key, chosen, confirm=lambda _: True)
    elif chosen["PublicUrl"] == outputs.get("ApiUrl") != url:
        step(f"PublicUrl is the gateway's own address, which has no pages. Give PublicUrl={url}")
    console_key = target.releases.upload_console(package.console) if package.console else None
    _publish(target, console_key, chosen)
    target.releases.record(template_key=key, code_key=package.code_key, parameters=chosen, console_key=console_key)
    return True


def _upload(target: Target, template: Template, code_key: str, chosen: Mapping[str, str]) -> str:
    """Upload a template with its versions named for these parameters; return its key."""
    stamped = canary.stamped(template, {**chosen, "Stage": target.stage, "CodeKey": code_key})
    return target.releases.upload_template(json.dumps(stamped, separators=(",", ":")))


def roll_back(target: Target, release_id: str | None, *, confirm: Confirm) -> Release | None:
    """Deploy an earlier release again, by default the one before the present; None where the operator declined.

    A second rollback goes on to the release before that, and finishes the first one where it was killed. Raises
    CannotStart where there is none.
    """
    releases = target.releases.all()
    if not releases:
        raise CannotStart("No release of this stage is recorded. Deploy first.")
    target.stack.require_made()
    release = _before(target, releases) if release_id is None else _named(releases, release_id)
    step(f"rolling back to {release.release_id}")
    present = target.stack.parameters()
    chosen = {**release.parameters, **{name: present[name] for name in _OF_NO_RELEASE if name in present}}
    template_key, template = release.template_key, target.releases.template(release.template_key)
    chosen = {name: value for name, value in chosen.items() if name in template["Parameters"]}
    if chosen != release.parameters:
        template_key = _upload(target, template, release.code_key, chosen)

    def confirm_and_note(change_set: ChangeSet) -> bool:
        is_wanted = confirm(change_set)
        if is_wanted:
            # A run that is killed from here on leaves a stack without a record of it.
            target.releases.begin_rollback(release, after=releases[-1])
        return is_wanted

    if not _apply(target, template_key, release.code_key, chosen, confirm=confirm_and_note):
        return None
    _publish(target, release.console_key, chosen)
    return target.releases.record(
        template_key=template_key,
        code_key=release.code_key,
        parameters=chosen,
        console_key=release.console_key,
        restores=_deployed_first(release),
    )


def _deployed_first(release: Release) -> str:
    """Return the release that another one is: itself, or the one that a rollback deployed again."""
    return release.restores or release.release_id


def _publish(target: Target, console_key: str | None, chosen: Mapping[str, str]) -> None:
    """Put the console of a release into its bucket, where the stage has a distribution and the release a console."""
    bucket = target.stack.outputs().get("ConsoleBucket")
    if bucket is None:
        return
    if console_key is None:
        step("NO console is published: this release was built without one")
        return
    settings = pages.settings(
        provider=chosen.get("PaymentProvider", "stripe"),
        publishable_key=chosen.get("StripePublishableKey", ""),
        stage=target.stage,
    )
    publish(target.account.client("s3"), bucket, io.BytesIO(target.releases.console(console_key)), settings)


def _named(releases: list[Release], release_id: str) -> Release:
    named = next((release for release in releases if release.release_id == release_id), None)
    if named is None:
        known = ", ".join(release.release_id for release in releases[-5:]) or "none"
        raise CannotStart(f"There is no release {release_id}. The last ones are: {known}")
    return named


def _before(target: Target, releases: list[Release]) -> Release:
    """Return the release before the one that runs; after a rollback, the one before that which it deployed again.

    A deployment that was killed while CloudFormation went on, or whose pages could not be published, runs without a
    record: the last record is then the release before it. A rollback that was killed so is finished.
    """
    last = releases[-1]
    if not _runs(target, last):
        if (begun := target.releases.begun_rollback(after=last)) is not None:
            step("an earlier rollback was killed before its end, and is finished now")
            return _named(releases, begun)
        step("what runs has no record: the last one is the release before it")
        return last
    place = next((n for n, release in enumerate(releases) if release.release_id == last.restores), len(releases) - 1)
    same = [_content(last), _content(releases[place])]
    others = [release for release in releases[:place] if _content(release) not in same]
    if not others:
        known = ", ".join(release.release_id for release in releases[-5:])
        raise CannotStart(
            "There is no other release before the one that runs. To deploy a later one again, name it: "
            f'ARGS="--to RELEASE". The last ones are: {known}'
        )
    return others[-1]


def _content(release: Release) -> tuple[str, str | None]:
    return release.template_key, release.console_key


def _runs(target: Target, release: Release) -> bool:
    """Whether the stack is that of a release, as CloudFormation sees it."""
    found, asked = target.stack.parameters(), {**release.parameters, **_own(target, release.code_key)}
    if asked.items() <= found.items() and target.stack.template() == target.releases.template(release.template_key):
        return True
    change_set = target.stack.prepare(target.template_url(release.template_key), asked)
    if change_set is None:
        return True
    change_set.discard()
    return False


def _own(target: Target, code_key: str) -> dict[str, str]:
    """Return the parameters that the package itself sets."""
    return {"Stage": target.stage, "CodeBucket": target.releases.bucket, "CodeKey": code_key}


def _apply(
    target: Target,
    template_key: str,
    code_key: str,
    chosen: Mapping[str, str],
    *,
    confirm: Confirm,
    imports: bool = False,
) -> bool:
    asked = {**chosen, **_own(target, code_key)}
    swapped = _swapped_keys(target.stack.parameters(), asked)
    change_set = target.stack.prepare(target.template_url(template_key), asked, imports=imports)
    if change_set is None:
        step("nothing changes: this is what runs already")
        return True
    change_set = replace(change_set, changes=[*swapped, *change_set.changes])
    step(f"{target.stack.name}: {len(change_set.changes)} changes")
    change_set.show()
    is_wanted = False
    try:
        is_wanted = confirm(change_set)
    finally:
        if not is_wanted:
            change_set.discard()
    if is_wanted:
        change_set.execute()
    return is_wanted


def _swapped_keys(present: Mapping[str, str], asked: Mapping[str, str]) -> list[StackChange]:
    """Return the keys of an earlier stack that another one replaces, which CloudFormation shows as no change of a key.

    What the former key encrypted cannot be read with the other one.
    """
    return [
        StackChange("Modify", name, "AWS::KMS::Key", replaces=True)
        for name in _KEYS
        if present.get(name) and asked.get(name, "") != present[name]
    ]


def queues(resources: list[dict[str, Any]]) -> dict[str, str]:
    """Return the URLs of a stack's queues, by logical name."""
    return {
        found["LogicalResourceId"]: found["PhysicalResourceId"]
        for found in resources
        if found["ResourceType"] == "AWS::SQS::Queue"
    }
