"""The package on MiniStack: a bucket, a stack, and the parts of an API that MiniStack does not import."""

import json
import time
from typing import Any, NamedTuple

from infra.local.console import CannotStart, step
from infra.local.resources import Cloud
from infra.package.builder import Package

STACK = "gatehouse-local"
_BUCKET = "gatehouse-packages"
_CREATE_SECONDS = 120.0
_WORKING = "_IN_PROGRESS"
_SOCKET_DEPLOYMENT = "AWS::ApiGatewayV2::Deployment"
_GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


class Deployment(NamedTuple):
    """A created stack: its outputs, and the URL of its API."""

    cloud: Cloud
    outputs: dict[str, str]
    api_url: str


def deploy(cloud: Cloud, package: Package, parameters: dict[str, str]) -> Deployment:
    """Create the stack from the package. Raises CannotStart with the reason that CloudFormation gives."""
    s3, stacks = cloud.client("s3"), cloud.client("cloudformation")
    s3.create_bucket(Bucket=_BUCKET)
    template = _for_ministack(json.loads(package.template.read_bytes()))
    for key, content in (
        (package.code_key, package.archive.read_bytes()),
        ("template.json", json.dumps(template).encode()),
    ):
        s3.put_object(Bucket=_BUCKET, Key=key, Body=content)
    step(f"uploaded archive and template to s3://{_BUCKET}")
    given = {"Stage": "local", "CodeBucket": _BUCKET, **parameters}
    stacks.create_stack(
        StackName=STACK,
        TemplateURL=f"{cloud.url}/{_BUCKET}/template.json",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    stack = _settled(stacks)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    count = len(stacks.describe_stack_resources(StackName=STACK)["StackResources"])
    step(f"CloudFormation: {stack['StackStatus']}, {count} resources")
    stage = _import_gateway_responses(cloud, outputs["ApiId"], template)
    return Deployment(cloud, outputs, f"{cloud.url}/restapis/{outputs['ApiId']}/{stage}/_user_request_")


def _for_ministack(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template without the deployments of WebSocket APIs, which MiniStack does not support.

    There are no sockets then, so the live worker does not read the stream: MiniStack runs one function at a time.
    """
    resources = {name: part for name, part in template["Resources"].items() if part["Type"] != _SOCKET_DEPLOYMENT}
    resources.pop("LiveSource", None)
    for part in resources.values():
        if part["Type"] == "AWS::ApiGatewayV2::Stage":
            del part["Properties"]["DeploymentId"]
        # MiniStack compares a parameter's text with a number, and then polls no further queue.
        part["Properties"].pop("ScalingConfig", None)
    return {**template, "Resources": resources}


def _settled(stacks: Any) -> dict[str, Any]:
    deadline = time.monotonic() + _CREATE_SECONDS
    while True:
        stack: dict[str, Any] = stacks.describe_stacks(StackName=STACK)["Stacks"][0]
        if not stack["StackStatus"].endswith(_WORKING) or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        events = stacks.describe_stack_events(StackName=STACK)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in events
            if "FAILED" in event["ResourceStatus"]
        ]
        raise CannotStart(f"The stack was not created ({stack['StackStatus']}).\n  " + "\n  ".join(reasons))
    return stack


def _import_gateway_responses(cloud: Cloud, api_id: str, template: dict[str, Any]) -> str:
    """Apply the definition's gateway responses, as AWS does and MiniStack does not; return the stage's name."""
    gateway = cloud.client("apigateway")
    stage: str = gateway.get_stages(restApiId=api_id)["item"][0]["stageName"]
    body = template["Resources"]["RestAPI"]["Properties"]["Body"]
    responses = body.get(_GATEWAY_RESPONSES, {})
    for kind, response in responses.items():
        status = {"statusCode": str(response["statusCode"])} if "statusCode" in response else {}
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=kind,
            responseParameters=response["responseParameters"],
            responseTemplates=response["responseTemplates"],
            **status,
        )
    if responses:
        gateway.create_deployment(restApiId=api_id, stageName=stage)
    return stage
