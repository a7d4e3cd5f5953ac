"""The platform's resources on the embedded cloud, created from infra/resources."""

import time
from typing import Any, NamedTuple

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from infra import template
from infra.local.console import CannotStart
from infra.local.invocation import REGION
from infra.local.table_shape import table_shape

STACK = "gatehouse"
_PARAMETERS = [{"ParameterKey": "Stage", "ParameterValue": "local"}]
_TEMPLATES = "gatehouse-templates"
_CREATE_SECONDS = 60.0
_WORKING = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
_STANDING = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class Cloud(NamedTuple):
    """Where the services answer: `url` all of them, `table_url` DynamoDB and its streams."""

    url: str
    table_url: str

    def client(self, service: str, *, seconds: int = 30, attempts: int = 2) -> Any:
        """Return a botocore client of one service, which waits so long for an answer; machine settings are ignored."""
        url = self.table_url if service in ("dynamodb", "dynamodbstreams") else self.url
        return Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  # the engines on loopback take any
            config=Config(
                connect_timeout=2, read_timeout=seconds, retries={"total_max_attempts": attempts, "mode": "standard"}
            ),
        )


def create_stack(cloud: Cloud) -> None:
    """Create the template's resources, or update those of an earlier run."""
    client = cloud.client("cloudformation")
    url = _uploaded(cloud, template.text())
    try:
        client.describe_stacks(StackName=STACK)
    except ClientError:
        client.create_stack(
            StackName=STACK, TemplateURL=url, Parameters=_PARAMETERS, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
    else:
        try:
            client.update_stack(
                StackName=STACK, TemplateURL=url, Parameters=_PARAMETERS, Capabilities=["CAPABILITY_NAMED_IAM"]
            )
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise CannotStart(f"The kept data does not fit the template ({error}). Choose another DATA.") from error
    deadline = time.monotonic() + _CREATE_SECONDS
    while True:
        stack = client.describe_stacks(StackName=STACK)["Stacks"][0]
        if stack["StackStatus"] not in _WORKING or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    if stack["StackStatus"] not in _STANDING:
        raise CannotStart(
            f"The resources could not be created: {stack['StackStatus']}: {stack.get('StackStatusReason', '')}. "
            "Check infra/resources, or choose another DATA if it holds an older run."
        )


def _uploaded(cloud: Cloud, text: str) -> str:
    """Put the template into a bucket and return its URL: CloudFormation takes 51,200 bytes at most in a request."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=_TEMPLATES)
    s3.put_object(Bucket=_TEMPLATES, Key="template.json", Body=text.encode())
    return f"{cloud.url}/{_TEMPLATES}/template.json"


def allow_mail(cloud: Cloud, sender: str) -> None:
    """Verify the platform's address with the mail service; on AWS its owner confirms it."""
    cloud.client("ses").verify_email_identity(EmailAddress=sender)


def create_table(cloud: Cloud) -> str:
    """Create the table where the engine has no CloudFormation, and set TTL on both; return the stream's ARN.

    MiniStack has the table from the template already, but without its TTL setting.
    """
    client = cloud.client("dynamodb")
    shape = table_shape()
    name = shape.create["TableName"]
    try:
        client.create_table(**shape.create)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    if shape.ttl_attribute:
        state = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
        if state == "DISABLED":
            client.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": shape.ttl_attribute},
            )
    return str(client.describe_table(TableName=name)["Table"]["LatestStreamArn"])
