"""`make deploy`, `make rollback` and `make destroy` on MiniStack: what they upload, show, refuse, record and delete."""

import io
import json
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import deployment, parameters, retained
from infra.deploy.__main__ import Question, main
from infra.deploy.account import Account
from infra.deploy.deployment import Target
from infra.deploy.releases import Releases
from infra.deploy.stack import ChangeSet, Stack
from infra.local.console import CannotStart
from infra.local.invocation import ACCOUNT, REGION
from infra.local.resources import Cloud
from infra.package import builder, targets
from infra.package.builder import Package
from infra.package.parameters import PARAMETERS
from tests.support import engines

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("ministack")]

GIVEN = {"MailFrom": "tickets@example.com"}
Template = dict[str, Any]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with engines.endpoints() as found:
        yield Cloud(found.url, found.url)


@pytest.fixture
def target(cloud: Cloud, request: pytest.FixtureRequest) -> Target:
    """A stage of this test's own."""
    account = Account(cloud.client, ACCOUNT, REGION)
    stage = f"t{abs(hash(request.node.name)) % 10**8}"
    stack = Stack(account, f"gatehouse-{stage}", poll_seconds=0.05)
    return Target(account, stage, stack, Releases(account, stage=stage))


def template(stage: str, *, queues: int = 1, table: bool = True) -> Template:
    """A stack with data, queues and an address, as small as it can be."""
    resources: dict[str, Any] = {
        f"Work{number}Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{stage}-work-{number}"}}
        for number in range(queues)
    }
    # What takes the API's address, as the functions' environment does.
    resources["Address"] = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": f"/{stage}/address", "Type": "String", "Value": {"Ref": "PublicUrl"}},
    }
    if table:
        resources["Table"] = {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": {
                "TableName": f"{stage}-table",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            },
        }
    return {
        "Parameters": {
            **{name: {"Type": "String"} for name in ("Stage", "CodeBucket", "MailFrom", "PublicUrl")},
            "CodeKey": {"Type": "String", "Default": "gatehouse/1.zip"},
            "Currency": {"Type": "String", "Default": "PKR"},
        },
        "Resources": resources,
        "Outputs": {"ApiUrl": {"Value": "https://api.example.com/live"}},
    }


@pytest.fixture
def package(tmp_path: Path, target: Target) -> Callable[..., Package]:
    def make(**shape: Any) -> Package:
        archives = tmp_path / "gatehouse.zip", "gatehouse/1.zip", tmp_path / "gates.zip", "gatehouse/gates/1.zip"
        made = Package(tmp_path / "template.json", *archives)
        made.template.write_text(json.dumps(template(target.stage, **shape)))
        made.archive.write_bytes(b"an archive")
        made.gates.write_bytes(b"an archive of the gates")
        return made

    return make


def yes(_: ChangeSet) -> bool:
    return True


def names(target: Target) -> set[str]:
    return {resource["LogicalResourceId"] for resource in target.stack.resources()}


def test_a_first_deployment_finds_the_apis_address_and_records_its_release(
    target: Target, package: Callable[..., Package]
) -> None:
    shown: list[list[str]] = []

    def confirm(change_set: ChangeSet) -> bool:
        shown.append(sorted(change.name for change in change_set.changes))
        return True

    assert deployment.deploy(target, package(), GIVEN, confirm=confirm)
    assert shown == [["Address", "Table", "Work0Queue"]]
    found = target.stack.parameters()
    assert found["PublicUrl"] == "https://api.example.com/live"
    assert (found["Stage"], found["CodeBucket"]) == (target.stage, target.releases.bucket)
    assert found["CodeBucket"] == f"gatehouse-packages-{ACCOUNT}-{REGION}"
    (release,) = target.releases.all()
    assert release.parameters == {"MailFrom": "tickets@example.com", "PublicUrl": "https://api.example.com/live"}
    assert target.releases.template(release.template_key) == template(target.stage)


def test_the_stacks_parameters_stay_and_given_ones_win(target: Target, package: Callable[..., Package]) -> None:
    assert deployment.deploy(target, package(), {**GIVEN, "Currency": "USD"}, confirm=yes)
    assert deployment.deploy(target, package(queues=2), {"MailFrom": "other@example.com"}, confirm=yes)
    found = target.stack.parameters()
    assert (found["Currency"], found["MailFrom"]) == ("USD", "other@example.com")
    assert names(target) == {"Address", "Table", "Work0Queue", "Work1Queue"}


def test_the_operator_who_declines_changes_nothing(target: Target, package: Callable[..., Package]) -> None:
    assert deployment.deploy(target, package(), GIVEN, confirm=yes)
    assert not deployment.deploy(target, package(queues=3), GIVEN, confirm=lambda _: False)
    careful = Question(stage=target.stage, is_sure=True, may_lose_data=False)
    with pytest.raises(CannotStart, match="--lose-data"):
        deployment.deploy(target, package(table=False), GIVEN, confirm=careful)
    assert names(target) == {"Address", "Table", "Work0Queue"}
    assert len(target.releases.all()) == 1
    client = target.account.client("cloudformation")
    waiting = client.list_change_sets(StackName=target.stack.name)["Summaries"]
    assert [found["ExecutionStatus"] for found in waiting if found["ExecutionStatus"] == "AVAILABLE"] == []


def test_a_rollback_brings_the_release_before_back(target: Target, package: Callable[..., Package]) -> None:
    assert deployment.deploy(target, package(), GIVEN, confirm=yes)
    assert deployment.deploy(target, package(queues=2), GIVEN, confirm=yes)
    assert deployment.roll_back(target, None, confirm=yes) is not None
    assert names(target) == {"Address", "Table", "Work0Queue"}
    first, second, third = target.releases.all()
    assert third.template_key == first.template_key != second.template_key
    assert deployment.roll_back(target, second.release_id, confirm=yes) is not None
    assert names(target) == {"Address", "Table", "Work0Queue", "Work1Queue"}


def test_a_record_of_a_deployment_has_only_what_checkouts_of_before_read_as_well(
    target: Target, package: Callable[..., Package]
) -> None:
    assert deployment.deploy(target, package(), GIVEN, confirm=yes)
    assert deployment.deploy(target, package(queues=2), GIVEN, confirm=yes)
    s3 = target.account.client("s3")
    prefix = f"gatehouse/releases/{target.stage}/"
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=target.releases.bucket, Prefix=prefix)["Contents"]]
    for key in keys:
        recorded = json.loads(s3.get_object(Bucket=target.releases.bucket, Key=key)["Body"].read())
        assert recorded.keys() == {"release_id", "template_key", "code_key", "parameters"}, key
    assert [release.restores for release in target.releases.all()] == [None, None]


def test_a_second_rollback_goes_on_to_the_release_before_and_never_back_to_the_one_just_left(
    target: Target, package: Callable[..., Package]
) -> None:
    for queues in (1, 2, 3):
        assert deployment.deploy(target, package(queues=queues), GIVEN, confirm=yes)
    first, second, third = target.releases.all()
    for queues, restored in ((2, second), (1, first)):
        assert deployment.roll_back(target, None, confirm=yes) is not None
        assert names(target) == {"Address", "Table", *(f"Work{number}Queue" for number in range(queues))}
        assert target.releases.all()[-1].restores == restored.release_id
    with pytest.raises(CannotStart, match=f'ARGS="--to RELEASE".*{third.release_id}'):
        deployment.roll_back(target, None, confirm=yes)
    # One that is named is a place to go on from too, also where a rollback recorded it; a deployment is a fresh one.
    assert deployment.roll_back(target, third.release_id, confirm=yes) is not None
    assert deployment.roll_back(target, target.releases.all()[3].release_id, confirm=yes) is not None
    assert target.releases.all()[-1].restores == second.release_id
    assert deployment.deploy(target, package(queues=4), GIVEN, confirm=yes)
    assert deployment.roll_back(target, None, confirm=yes) is not None
    assert names(target) == {"Address", "Table", "Work0Queue", "Work1Queue"}


def test_a_rollback_that_was_killed_is_finished_by_the_next_one(
    target: Target, package: Callable[..., Package]
) -> None:
    for queues in (1, 2):
        assert deployment.deploy(target, package(queues=queues), GIVEN, confirm=yes)
    with pytest.raises(KeyboardInterrupt):
        deployment.roll_back(killed_at_its_record(target), None, confirm=yes)
    assert names(target) == {"Address", "Table", "Work0Queue"}
    assert len(target.releases.all()) == 2
    assert deployment.roll_back(target, None, confirm=yes) is not None
    assert names(target) == {"Address", "Table", "Work0Queue"}
    first, _, third = target.releases.all()
    assert third.restores == first.release_id


def test_a_rollback_leaves_the_data_where_it_is_and_takes_the_way_that_was_chosen(
    target: Target, package: Callable[..., Package]
) -> None:
    def with_parameters(queues: int) -> Package:
        made = package(queues=queues)
        content = json.loads(made.template.read_text(encoding="utf-8"))
        content["Parameters"] |= {name: {"Type": "String", "Default": "own"} for name in ("TableName", "Canary")}
        made.template.write_text(json.dumps(content))
        return made

    assert deployment.deploy(target, with_parameters(1), {**GIVEN, "Canary": "on"}, confirm=yes)
    # Between the two releases the table was lost and restored, and the faulty release must go at once.
    after = {"MailFrom": "other@example.com", "TableName": "restored", "Canary": "off"}
    assert deployment.deploy(target, with_parameters(2), after, confirm=yes)
    release = deployment.roll_back(target, None, confirm=yes)
    found = target.stack.parameters()
    assert names(target) == {"Address", "Table", "Work0Queue"}
    assert (found["MailFrom"], found["TableName"], found["Canary"]) == (GIVEN["MailFrom"], "restored", "off")
    assert release is not None
    assert release.parameters["TableName"] == "restored"


def test_a_rollback_without_an_earlier_release_says_so(target: Target, package: Callable[..., Package]) -> None:
    with pytest.raises(CannotStart, match="No release of this stage"):
        deployment.roll_back(target, None, confirm=yes)
    assert deployment.deploy(target, package(), GIVEN, confirm=yes)
    with pytest.raises(CannotStart, match="no other release"):
        deployment.roll_back(target, None, confirm=yes)
    with pytest.raises(CannotStart, match="There is no release 2020"):
        deployment.roll_back(target, "2020", confirm=yes)
    target.stack.delete()
    with pytest.raises(CannotStart, match="There is no stack"):
        deployment.roll_back(target, target.releases.all()[0].release_id, confirm=yes)


def test_removing_what_keeps_data_needs_a_word_of_its_own(target: Target, package: Callable[..., Package]) -> None:
    assert deployment.deploy(target, package(), GIVEN, confirm=yes)
    careful = Question(stage=target.stage, is_sure=True, may_lose_data=False)
    with pytest.raises(CannotStart, match="--lose-data"):
        deployment.deploy(target, package(table=False), GIVEN, confirm=careful)
    assert "Table" in names(target)
    sure = Question(stage=target.stage, is_sure=True, may_lose_data=True)
    assert deployment.deploy(target, package(table=False), GIVEN, confirm=sure)
    assert "Table" not in names(target)


def test_another_key_for_what_is_encrypted_needs_a_word_of_its_own(
    target: Target, package: Callable[..., Package], capsys: pytest.CaptureFixture[str]
) -> None:
    def with_key() -> Package:
        made = package()
        content = json.loads(made.template.read_text(encoding="utf-8"))
        content["Parameters"]["DataKeyArn"] = {"Type": "String", "Default": ""}
        # As the functions' permission, which CloudFormation changes in its place.
        content["Resources"]["Reads"] = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": f"/{target.stage}/key", "Type": "String", "Value": {"Fn::Sub": "key ${DataKeyArn}"}},
        }
        made.template.write_text(json.dumps(content))
        return made

    first = GIVEN | {"DataKeyArn": "arn:aws:kms:us-east-1:000000000000:key/first"}
    assert deployment.deploy(target, with_key(), first, confirm=yes)
    careful = Question(stage=target.stage, is_sure=True, may_lose_data=False)
    assert deployment.deploy(target, with_key(), {"MailFrom": "other@example.com"}, confirm=careful)
    for other in ("", "arn:aws:kms:us-east-1:000000000000:key/second"):
        with pytest.raises(CannotStart, match="--lose-data"):
            deployment.deploy(target, with_key(), {"DataKeyArn": other}, confirm=careful)
    assert "LOSES DATA ~ DataKeyArn (AWS::KMS::Key), replaced" in capsys.readouterr().out
    assert target.stack.parameters()["DataKeyArn"] == first["DataKeyArn"]


def test_a_stack_that_fails_names_the_resource_and_the_reason(target: Target, package: Callable[..., Package]) -> None:
    broken = package()
    content = template(target.stage)
    content["Resources"]["Orphan"] = {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "NotificationConfiguration": {"QueueConfigurations": [{"Event": "s3:Nothing:*", "Queue": "arn:not-there"}]}
        },
    }
    broken.template.write_text(json.dumps(content))
    with pytest.raises(CannotStart) as refused:
        deployment.deploy(target, broken, GIVEN, confirm=yes)
    assert "Orphan: " in str(refused.value)
    assert target.releases.all() == []
    with pytest.raises(CannotStart, match=f"aws cloudformation delete-stack --stack-name {target.stack.name}"):
        deployment.deploy(target, package(), GIVEN, confirm=yes)


def test_a_release_that_fails_leaves_the_earlier_one_and_says_what_refused_it(
    target: Target, package: Callable[..., Package]
) -> None:
    assert deployment.deploy(target, package(), GIVEN, confirm=yes)
    faulty = package(queues=2)
    content = json.loads(faulty.template.read_text(encoding="utf-8"))
    # CloudFormation reports it as a deployment that CodeDeploy rolled back: the alias could not be made as asked.
    function = f"{target.stage}-function"
    content["Resources"]["ApiAlias"] = {
        "Type": "AWS::Lambda::Alias",
        "DependsOn": ["Work1Queue"],
        "Properties": {"FunctionName": function, "FunctionVersion": "2", "Name": "live"},
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("index.py", "")
    client = target.account.client("lambda")
    client.create_function(
        FunctionName=function,
        Runtime="python3.13",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/none",
        Code={"ZipFile": archive.getvalue()},
    )
    client.create_alias(FunctionName=function, Name="live", FunctionVersion="$LATEST")
    faulty.template.write_text(json.dumps(content))
    with pytest.raises(CannotStart, match=r"ApiAlias: [\s\S]*docs/runbooks/canary\.md"):
        deployment.deploy(target, faulty, GIVEN, confirm=yes)
    # The stack is what it was, the record is the earlier release's, and the next deployment finds both.
    assert names(target) == {"Address", "Table", "Work0Queue"}
    (release,) = target.releases.all()
    assert target.releases.template(release.template_key) == template(target.stage)
    assert deployment.deploy(target, package(queues=2), GIVEN, confirm=yes)
    assert "Work1Queue" in names(target)


def test_a_template_that_cloudformation_does_not_take_is_refused_with_its_words(
    target: Target, package: Callable[..., Package]
) -> None:
    broken = package()
    content = template(target.stage)
    content["Resources"]["Nothing"] = {"Type": "AWS::Nothing::AtAll", "Properties": {}}
    broken.template.write_text(json.dumps(content))
    with pytest.raises(CannotStart, match="AWS::Nothing::AtAll"):
        deployment.deploy(target, broken, GIVEN, confirm=yes)


def test_what_a_stack_keeps_is_named_and_removed_with_its_data(target: Target, package: Callable[..., Package]) -> None:
    assert deployment.deploy(target, package(), GIVEN, confirm=yes)
    kept = retained.of(target.stack.template(), target.stack.resources())
    assert kept == [("AWS::DynamoDB::Table", f"{target.stage}-table")]
    target.stack.delete()
    assert target.stack.describe() is None
    tables = target.account.client("dynamodb").list_tables()["TableNames"]
    assert f"{target.stage}-table" in tables
    assert retained.remove(target.account, kept) == []
    assert f"{target.stage}-table" not in target.account.client("dynamodb").list_tables()["TableNames"]
    assert retained.remove(target.account, [("AWS::Nothing::AtAll", "x")]) == [
        "x (AWS::Nothing::AtAll): delete it by hand"
    ]


def test_what_a_deleted_stack_kept_is_found_by_a_later_run_and_by_one_that_was_killed(
    cloud: Cloud, target: Target, package: Callable[..., Package], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    arguments = ["destroy", "--stage", "dev", "--stack", target.stack.name, "--yes"]
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main([*arguments, "--data"]))
    assert (ended.value.code, "There is no stack" in capsys.readouterr().err) == (1, True)
    assert deployment.deploy(target, package(), {**GIVEN, "Currency": "USD"}, confirm=yes)
    kept = retained.of(target.stack.template(), target.stack.resources())
    assert main(arguments) == 0
    assert main(arguments) == 1
    assert "ARGS=--data" in capsys.readouterr().err
    # By its id, the deleted stack says what it was made of; MiniStack, other than AWS, forgets the resources' names.
    deleted = next(target.stack.deleted())
    assert (deleted.template()["Resources"].keys(), deleted.parameters()["Currency"]) == (
        {"Address", "Table", "Work0Queue"},
        "USD",
    )
    assert target.stack.parameters() == {}
    assert main([*arguments, "--data"]) == 0
    assert retained.remove(target.account, kept) == []
    assert retained.remove(target.account, kept) == []
    assert f"gone already: {target.stage}-table" in capsys.readouterr().out


def test_missing_and_unknown_parameters_are_named_together() -> None:
    declared = template("dev")
    declared["Parameters"]["AdminOrigin"] = {"Type": "String", "Description": "The admin's page"}
    with pytest.raises(CannotStart) as refused:
        parameters.resolve(declared, {}, {})
    assert "AdminOrigin: The admin's page" in str(refused.value)
    assert 'ARGS="MailFrom=... AdminOrigin=..."' in str(refused.value)
    with pytest.raises(CannotStart, match="no parameter Mail, Stage"):
        parameters.resolve(declared, {"Mail": "x", "Stage": "prod"}, {})


@pytest.mark.parametrize(
    ("given", "present"),
    [
        ({"Currency": "KWD"}, {}),
        ({}, {"Currency": "KWD", "SecondPersonOver": "PKR:10000000"}),
        ({"Currency": "KWD", "SecondPersonOver": "EUR:50000,USD:50000"}, {}),
    ],
)
def test_a_currency_without_an_amount_for_the_second_person_is_refused_with_what_to_give(
    given: dict[str, str], present: dict[str, str]
) -> None:
    declared, words = template("dev"), {"MailFrom": "a@example.com", **given}
    declared["Parameters"] |= {name: PARAMETERS[name] for name in ("Currency", "SecondPersonOver")}
    with pytest.raises(CannotStart, match="names no amount of KWD") as refused:
        parameters.resolve(declared, words, present)
    assert 'ARGS="SecondPersonOver=KWD:1000000"' in str(refused.value)
    for over in ("KWD:1000000", "PKR:1,KWD:0", ""):
        chosen = parameters.resolve(declared, {**words, "SecondPersonOver": over}, present)
        assert chosen["SecondPersonOver"] == over
    assert "SecondPersonOver" not in parameters.resolve(declared, {"MailFrom": "a@example.com"}, {})


def test_parameters_come_from_a_file_and_words_win(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text('{"MailFrom": "a@example.com", "CardFee": 500}')
    assert parameters.read(path, ["MailFrom=b@example.com", "Currency="]) == {
        "MailFrom": "b@example.com",
        "CardFee": "500",
        "Currency": "",
    }
    path.write_text("[]")
    for wrong in (path, tmp_path / "missing.json"):
        with pytest.raises(CannotStart):
            parameters.read(wrong, [])
    for value in ('["https://a.example"]', "true", "null", "{}", "1.5"):
        path.write_text(f'{{"CorsOrigins": {value}}}')
        with pytest.raises(CannotStart, match="CorsOrigins must be a text"):
            parameters.read(path, [])
    for word in ("MailFrom", "=x"):
        with pytest.raises(CannotStart, match="Name=value"):
            parameters.read(None, [word])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("rollback Canary=off", "is for deploy alone"),
        ("rollback --parameters x.json", "is for deploy alone"),
        ("destroy --import", "is for deploy alone"),
        ("deploy --to 1", "is for rollback alone"),
        ("deploy --data", "is for destroy alone"),
        ("smoke Currency=PKR", "is for deploy alone"),
        ("deploy CorsOrigins", "Write it as Name=value"),
        ("deploy --parameters /missing.json", "cannot be read as JSON"),
        ("destroy --stage prod", "Production is not destroyed"),
    ],
)
def test_words_that_an_act_does_not_take_are_refused_before_anything_is_asked_of_aws(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str, said: str
) -> None:
    # An endpoint that nothing listens at: what asks AWS says so instead.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main(words.split()))
    assert ended.value.code == (2 if "alone" in said else 1)
    assert said in capsys.readouterr().err


def test_nobody_at_the_terminal_is_no_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    question = Question(stage="dev", is_sure=False, may_lose_data=False)
    with pytest.raises(CannotStart, match="--yes"):
        question.ask("Deploy?")
    # As `<&-` leaves it.
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(CannotStart, match="--yes"):
        question.ask("Deploy?")


def test_an_interpreter_that_cannot_be_fetched_says_why_and_keeps_the_last_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho 'no such version, says uv' >&2\nexit 2\n")
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("UV", str(uv))
    with pytest.raises(targets.CannotFetch) as refused:
        targets.fetch_interpreter("3.99")
    assert f"`{uv} python install 3.99`" in str(refused.value)
    assert "no such version, says uv" in str(refused.value)
    out = tmp_path / "package"
    out.mkdir()
    for name in ("template.json", "gatehouse.zip"):
        (out / name).write_bytes(b"the last good one")
    with pytest.raises(CannotStart):
        builder.build("prod", targets.aws(), out)  # the dependencies cannot be installed
    assert (out / "gatehouse.zip").read_bytes() == b"the last good one"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".package")] == []


def killed_at_its_record(target: Target) -> Target:
    """Return the stage for a deployment that is killed before its release is recorded."""

    def kill(params: dict[str, Any], **_: Any) -> None:
        if params["Key"].startswith("gatehouse/releases/"):
            raise KeyboardInterrupt

    def client(service: str) -> Any:
        made = target.account.client(service)
        made.meta.events.register("provide-client-params.s3.PutObject", kill)
        return made

    account = replace(target.account, client=client)
    return replace(target, releases=Releases(account, stage=target.stage))


def test_a_release_whose_deployment_was_killed_is_rolled_back_to_the_one_before_it(
    target: Target, package: Callable[..., Package]
) -> None:
    for queues in (1, 2):
        assert deployment.deploy(target, package(queues=queues), GIVEN, confirm=yes)
    # CloudFormation goes on with what it was asked for.
    dying = killed_at_its_record(target)
    with pytest.raises(KeyboardInterrupt):
        deployment.deploy(dying, package(queues=3), GIVEN, confirm=yes)
    assert "Work2Queue" in names(target)
    assert deployment.roll_back(target, None, confirm=yes) is not None
    assert names(target) == {"Address", "Table", "Work0Queue", "Work1Queue"}
    # Another parameter is another release too.
    with pytest.raises(KeyboardInterrupt):
        deployment.deploy(dying, package(queues=2), {"PublicUrl": "https://other.example.com"}, confirm=yes)
    assert deployment.roll_back(target, None, confirm=yes) is not None
    assert target.stack.parameters()["PublicUrl"] == "https://api.example.com/live"
    assert names(target) == {"Address", "Table", "Work0Queue", "Work1Queue"}
