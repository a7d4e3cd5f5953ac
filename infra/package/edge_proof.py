"""What tells a request of the distribution from one that goes to the API's own address.

Behind the distribution the gateway sees the edge's address. The edge names the caller's in a header, and proves itself
by a secret in another: the app's limits and the firewall count by that address then, and believe nobody else.
"""

from typing import Any

from chalicelib.portals.http import edge

ADDRESS_HEADER = edge.ADDRESS_HEADER
SECRET_HEADER = edge.SECRET_HEADER
_NAME = "EdgeSecret"
SECRET = {"Fn::Sub": f"{{{{resolve:secretsmanager:${{{_NAME}}}:SecretString}}}}"}
# A variable of the gateway's stage: a stage without a console has no edge that could be believed.
OF_STAGE = {edge.SECRET_VARIABLE: {"Fn::If": ["HasConsole", SECRET, {"Ref": "AWS::NoValue"}]}}


def secret() -> dict[str, Any]:
    """Return the secret, which CloudFormation makes and hands to the distribution and the gateway's stage."""
    return {
        _NAME: {
            "Type": "AWS::SecretsManager::Secret",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "Name": {"Fn::Sub": "gatehouse/edge-${Stage}"},
                "Description": "The header by which the distribution proves itself to the API",
                "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]},
                "GenerateSecretString": {"PasswordLength": 48, "ExcludePunctuation": True},
            },
        }
    }
