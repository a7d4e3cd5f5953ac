"""The WebSocket API: Chalice's routes, and a stage that is redeployed when they change."""

import hashlib
import json
from typing import Any

from infra.package import access_logs
from infra.package.application import Template

Resources = dict[str, Any]

_API, _DEPLOYMENT, _STAGE = "WebsocketAPI", "WebsocketAPIDeployment", "WebsocketAPIStage"
_STAGE_NAME = "live"
# Clients connect here. The management API has the same address over HTTPS.
HOST = f"${{{_API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"
URL = f"wss://{HOST}/{_STAGE_NAME}"
TYPES = tuple(f"AWS::ApiGatewayV2::{part}" for part in ("Api", "Integration", "Route", "Deployment", "Stage"))
# Requests per second over all sockets. A limit keeps one client from using up the account's quota in the region.
_RATE, _BURST = 500, 1000


def expand(chalice: Template) -> Resources:
    """Return the API with its routes, integrations, deployment and stage."""
    declared = {name: part for name, part in chalice["Resources"].items() if part["Type"] in TYPES}
    parts = {name: part for name, part in declared.items() if name not in (_API, _DEPLOYMENT, _STAGE)}
    # A deployment is a snapshot. Under the same name CloudFormation would keep the old one.
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
    deployment = f"{_DEPLOYMENT}{digest}"
    return {
        **parts,
        _API: {
            "Type": declared[_API]["Type"],
            "Properties": {**declared[_API]["Properties"], "Name": {"Fn::Sub": "gatehouse-live-${Stage}"}},
        },
        deployment: declared[_DEPLOYMENT],
        _STAGE: {
            "Type": declared[_STAGE]["Type"],
            "Properties": {
                **declared[_STAGE]["Properties"],
                "DeploymentId": {"Ref": deployment},
                "StageName": _STAGE_NAME,
                "AccessLogSettings": access_logs.sockets(),
                "StageVariables": access_logs.role(),
                "DefaultRouteSettings": {"ThrottlingRateLimit": _RATE, "ThrottlingBurstLimit": _BURST},
            },
        },
    }


def outputs() -> dict[str, Any]:
    """Return the API's outputs."""
    return {"LiveUrl": {"Value": {"Fn::Sub": URL}}}
