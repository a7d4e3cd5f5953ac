"""The packaged template on a second engine: moto's server creates its stack, with its own table or a restored one.

moto lacks some kinds of resources. Each is named here, and everything else is created.
"""

import ast
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import Session
from moto.server import ThreadedMotoServer

from tests.infra import reading
from tests.support.cloud import TABLE

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
Client = Callable[[str], Any]
_LACKING = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Deployment",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Budgets::Budget",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
    "AWS::SecretsManager::Secret",
    "AWS::WAFv2::WebACL",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::XRay::SamplingRule",
}
# moto reads no `Body` of an API, so that it has nothing to deploy.
_NEEDING_A_BODY = {"AWS::ApiGateway::Deployment"}
# moto gives no text for a reference to a version, so that a function's environment cannot name one.
_WITHOUT_A_NAME = {"AWS::Lambda::Version"}
_GIVEN = {
    "Stage": "dev",
    "CodeBucket": "packages",
    "CorsOrigins": "https://web.example.com",
    "AdminOrigin": "https://web.example.com",
    "PublicUrl": "https://api.example.com",
    "MailFrom": "tickets@example.com",
    "AlertsMailTo": "staff@example.com",
    "AlarmEmail": "night@example.com",
}


def _without_lacking(template: Template) -> Template:
    """Return a template without the kinds that moto lacks, with names in the places of references to them."""
    left_out = _LACKING | _NEEDING_A_BODY | _WITHOUT_A_NAME
    gone = {name for name, part in template["Resources"].items() if part["Type"] in left_out}

    def without(text: str) -> str:
        return re.sub(r"\$\{(\w+)(?:\.\w+)?\}", lambda m: m[1] if m[1] in gone else m[0], text)

    def named(part: Any) -> Any:
        match part:
            case {"Ref": "Bus"}:
                # moto gives the bus itself for its name.
                return {"Fn::GetAtt": ["Bus", "Name"]}
            case {"Ref": str(name)} if name in gone and name.endswith("Alias"):
                # Who may call an alias may call its function here.
                return {"Ref": name.removesuffix("Alias")}
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]} if name in gone:
                return f"arn:aws:lacking:us-east-1:123456789012:{name}"
            case {"Fn::Sub": str(text)}:
                return {"Fn::Sub": without(text)}
            case {"Fn::Sub": [str(text), dict(variables)]}:
                return {"Fn::Sub": [without(text), named(variables)]}
            case dict():
                return {key: named(value) for key, value in part.items()}
            case list():
                return [named(each) for each in part]
        return part

    kept = {name: part for name, part in template["Resources"].items() if name not in gone}
    return {**template, "Resources": named(kept), "Outputs": named(template["Outputs"])}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Return clients of a fresh server, whose bucket has an archive."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()

    def made(service: str) -> Any:
        return Session().create_client(
            service,
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # no secret
        )

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("app.py", "")
    made("s3").create_bucket(Bucket="packages")
    for key in reading.KEYS.values():
        made("s3").put_object(Bucket="packages", Key=key, Body=archive.getvalue())
    try:
        yield made
    finally:
        server.stop()


def _created(client: Client, template: Template, **more: str) -> set[str]:
    """Create the stack; return the logical names of its resources."""
    stage = {**_GIVEN, **more}["Stage"]
    stacks = client("cloudformation")
    # Without `Rules`, which moto does not check.
    body = json.dumps(template)
    client("s3").put_object(Bucket="packages", Key=f"{stage}.json", Body=body.encode())
    stacks.create_stack(
        StackName=f"gatehouse-{stage}",
        TemplateURL=f"https://packages.s3.amazonaws.com/{stage}.json",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in {**_GIVEN, **more}.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = stacks.describe_stacks(StackName=f"gatehouse-{stage}")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    found = stacks.describe_stack_resources(StackName=f"gatehouse-{stage}")["StackResources"]
    # moto lists resources whose condition does not hold too, without names.
    return {each["LogicalResourceId"] for each in found if "LogicalResourceId" in each}


@pytest.fixture(scope="module")
def made(client: Client, packaged: Template) -> set[str]:
    return _created(client, _without_lacking(packaged))


def test_the_kinds_that_moto_lacks_are_those_that_are_left_out(packaged: Template) -> None:
    kinds = {part["Type"] for part in packaged["Resources"].values()}
    # Half a second, which every worker would spend at collection.
    from moto.cloudformation.parsing import resource_class_from_type

    # The names of its models, which it registers when their services are imported.
    for service in ("apigateway", "apigatewayv2", "cloudwatch", "logs", "scheduler", "secretsmanager", "wafv2"):
        __import__(f"moto.{service}.models")
    assert {kind for kind in kinds if resource_class_from_type(kind) is None} == _LACKING


def test_every_other_resource_is_created(packaged: Template, made: set[str]) -> None:
    expected = set(_without_lacking(packaged)["Resources"])
    # A resource whose condition does not hold is not made: this stage is not production, and has no firewall.
    unmet = ("HasFirewall", "IsProd")
    conditional = {name for name in expected if packaged["Resources"][name].get("Condition") in unmet}
    assert made == expected - conditional
    assert len(made) > 80


@pytest.mark.usefixtures("made")
def test_the_created_table_functions_and_mappings_are_as_declared(client: Client, packaged: Template) -> None:
    table = client("dynamodb").describe_table(TableName="gatehouse-dev")["Table"]
    assert table["KeySchema"] == TABLE["KeySchema"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    functions = {each["FunctionName"]: each for each in client("lambda").list_functions()["Functions"]}
    functions = {name: each for name, each in functions.items() if name.startswith("gatehouse-dev")}
    assert len(functions) == len(reading.of_type(packaged, "AWS::Lambda::Function"))
    variables = functions["gatehouse-dev"]["Environment"]["Variables"]
    assert (variables["TABLE_NAME"], variables["TABLE_STREAM_ARN"]) == ("gatehouse-dev", table["LatestStreamArn"])
    assert variables["PUBLIC_URL"] == _GIVEN["PublicUrl"]
    mappings = client("lambda").list_event_source_mappings(FunctionName="gatehouse-dev-stream")["EventSourceMappings"]
    assert [each["EventSourceArn"] for each in mappings] == [table["LatestStreamArn"]]


def test_a_restored_table_and_earlier_keys_are_used_instead_of_fresh_ones(client: Client, packaged: Template) -> None:
    client("dynamodb").create_table(**{**TABLE, "TableName": "gatehouse-restored"})
    stream = client("dynamodb").describe_table(TableName="gatehouse-restored")["Table"]["LatestStreamArn"]
    keys = [client("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    given = {"TableName": "gatehouse-restored", "TableStreamArn": stream, "KeyArn": keys[0], "DataKeyArn": keys[1]}
    made = _created(client, _without_lacking(packaged), Stage="again", **given)
    assert not {"Table", "Key", "DataKey"} & made
    assert "gatehouse-again" not in client("dynamodb").list_tables()["TableNames"]
    api = client("lambda").get_function_configuration(FunctionName="gatehouse-again")
    variables = api["Environment"]["Variables"]
    assert (variables["TABLE_NAME"], variables["TABLE_STREAM_ARN"]) == ("gatehouse-restored", stream)
    assert variables["DATA_KEY_ID"] == keys[1]
    for function in ("stream", "live"):
        (mapping,) = client("lambda").list_event_source_mappings(FunctionName=f"gatehouse-again-{function}")[
            "EventSourceMappings"
        ]
        assert mapping["EventSourceArn"] == stream
    role = api["Role"].rpartition("/")[2]
    (policy,) = client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    document = client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    # moto keeps the policy of a stack's role as Python's own text of it.
    document = ast.literal_eval(document)
    resources = {statement["Sid"]: statement["Resource"] for statement in document["Statement"]}
    assert resources["Items"].endswith(":table/gatehouse-restored")
    assert resources["Indexes"].endswith(":table/gatehouse-restored/index/gsi*")
    assert (resources["SealedData"], resources["Key"]) == (keys[1], keys[0])
