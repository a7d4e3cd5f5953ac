"""The package on MiniStack, deployed as `make deploy` does; and the parts of an API that MiniStack does not import."""

import json
from typing import Any, NamedTuple

from infra.deploy import deployment
from infra.deploy.account import Account
from infra.deploy.deployment import Target
from infra.deploy.releases import Releases
from infra.deploy.stack import Stack
from infra.local.console import step
from infra.local.invocation import ACCOUNT, REGION
from infra.local.resources import Cloud
from infra.package.builder import Package

STACK = "gatehouse-local"
_STAGE = "local"
_POLL_SECONDS = 0.2
# MiniStack kills a process that takes longer than its function's time-out, also while it starts: on a busy machine no
# process would ever start.
FUNCTION_SECONDS = 300
# Types that MiniStack does not create.
UNKNOWN = (
    "AWS::ApiGatewayV2::Deployment",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Logs::QueryDefinition",
    "AWS::XRay::SamplingRule",
)
_ALARM = "AWS::CloudWatch::Alarm"
_GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


class Deployment(NamedTuple):
    """A created stack: its outputs, its parameters, and the URL of its API."""

    cloud: Cloud
    target: Target
    outputs: dict[str, str]
    parameters: dict[str, str]
    api_url: str


def deploy(cloud: Cloud, package: Package, parameters: dict[str, str]) -> Deployment:
    """Create the stack from the package. Raises CannotStart with the reason that CloudFormation gives."""
    template = for_ministack(json.loads(package.template.read_bytes()))
    adapted = package.template.with_name("template-ministack.json")
    adapted.write_text(json.dumps(template), encoding="utf-8")
    account = Account(cloud.client, ACCOUNT, REGION)
    stack = Stack(account, STACK, poll_seconds=_POLL_SECONDS)
    target = Target(account, _STAGE, stack, Releases(account, stage=_STAGE))
    deployment.deploy(target, package._replace(template=adapted), parameters, confirm=lambda _: True)
    outputs = stack.outputs()
    step(f"CloudFormation: {len(stack.resources())} resources")
    stage = _import_gateway_responses(cloud, outputs["ApiId"], template)
    url = f"{cloud.url}/restapis/{outputs['ApiId']}/{stage}/_user_request_"
    return Deployment(cloud, target, outputs, stack.parameters(), url)


def for_ministack(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template without what MiniStack does not support.

    There is no CodeDeploy, so an alias moves at once and its hook is not called. There are no sockets, so the live
    worker does not read the stream: MiniStack runs one function at a time.
    """
    resources = {name: part for name, part in template["Resources"].items() if not _is_unknown(part)}
    resources.pop("LiveSource", None)
    for part in resources.values():
        if part["Type"] == "AWS::ApiGatewayV2::Stage":
            del part["Properties"]["DeploymentId"]
        if part["Type"] == "AWS::Lambda::Function":
            part["Properties"]["Timeout"] = FUNCTION_SECONDS
        if part["Type"] == "AWS::Events::Rule" and "ScheduleExpression" in part["Properties"]:
            # Until its function has started: each minute would start one more process beside those that are starting.
            part["Properties"]["State"] = "DISABLED"
        part.pop("UpdatePolicy", None)
        # MiniStack compares a parameter's text with a number, and then polls no further queue.
        part["Properties"].pop("ScalingConfig", None)
        # For MiniStack what is absent never matches a nested pattern, so neither journals nor orders would reach the
        # stream's function. It passes over what no filter would let through.
        part["Properties"].pop("FilterCriteria", None)
    return {**template, "Resources": resources}


def _is_unknown(part: dict[str, Any]) -> bool:
    """Return whether MiniStack has no such resource: some types, and alarms on more than one metric."""
    return part["Type"] in UNKNOWN or (part["Type"] == _ALARM and "Metrics" in part["Properties"])


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
