"""The package of `make deploy-local`: MiniStack knows each type of resource that its stack creates."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from infra.deploy_local.deployment import UNKNOWN, for_ministack
from infra.local import engines
from tests.infra.conftest import Made

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("package")]


def _outline(template: dict[str, Any]) -> str:
    """Return a template with one resource of each type, as long as a body may be; without what has a condition."""
    kinds = sorted({part["Type"] for part in template["Resources"].values() if "Condition" not in part})
    return json.dumps({"Resources": {f"Part{number}": {"Type": kind} for number, kind in enumerate(kinds)}})


def test_ministack_knows_each_type_of_the_stack_and_none_that_is_left_out(make_template: Made) -> None:
    template = make_template("local")
    adapted = for_ministack(json.loads(json.dumps(template)))
    with engines.ministack() as url:
        client: Any = get_session().create_client(
            "cloudformation",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # of an engine on this machine
        )
        client.validate_template(TemplateBody=_outline(adapted))
        with pytest.raises(ClientError) as refused:
            client.validate_template(TemplateBody=_outline(template))
    assert all(each in str(refused.value) for each in UNKNOWN)
