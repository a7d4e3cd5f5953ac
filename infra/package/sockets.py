"""The WebSocket API: Chalice's routes, and a stage that is deployed anew when they change."""

import hashlib
import json
from typing import Any

from infra.package.application import Template

Resources = dict[str, Any]

_API, _DEPLOYMENT, _STAGE = "WebsocketAPI", "WebsocketAPIDeployment", "WebsocketAPIStage"
_STAGE_NAME = "live"
# Where clients connect to; the management of sockets is beside it, over HTTPS.
URL = f"wss://${{{_API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{_STAGE_NAME}"
TYPES = tuple(f"AWS::ApiGatewayV2::{part}" for part in ("Api", "Integration", "Route", "Deployment", "Stage"))
# What one account's sockets may ask for in a second, so that one client that runs wild does not use up the region's
# share of the account.
_RATE, _BURST = 500, 1000


def expand(chalice: Template) -> Resources:
    """Return the API with its routes, integrations, deployment and stage."""
    told = {name: part for name, part in chalice["Resources"].items() if part["Type"] in TYPES}
    parts = {name: part for name, part in told.items() if name not in (_API, _DEPLOYMENT, _STAGE)}
    # A deployment is a snapshot: under the same name CloudFormation would keep the old one.
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
    deployment = f"{_DEPLOYMENT}{digest}"
    return {
        **parts,
        _API: {
            "Type": told[_API]["Type"],
            "Properties": {**told[_API]["Properties"], "Name": {"Fn::Sub": "gatehouse-live-${Stage}"}},
        },
        deployment: told[_DEPLOYMENT],
        _STAGE: {
            "Type": told[_STAGE]["Type"],
            "Properties": {
                **told[_STAGE]["Properties"],
                "DeploymentId": {"Ref": deployment},
                "StageName": _STAGE_NAME,
                "DefaultRouteSettings": {"ThrottlingRateLimit": _RATE, "ThrottlingBurstLimit": _BURST},
            },
        },
    }


def outputs() -> dict[str, Any]:
    """Return what the deployer wants to know of it."""
    return {"LiveUrl": {"Value": {"Fn::Sub": URL}}}
