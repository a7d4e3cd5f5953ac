"""Bugs of what is deployed: templates, filters, permissions, links."""

from tests.mutants.seeded.mutant import Mutant

_LINKS = "tests/clients/test_links.py::test_a_link_and_a_form_are_on_the_buckets_host_in_its_region"
_FILTERS = "tests/infra/test_filters.py"
_ACCOUNT = "tests/infra/test_real_account.py"
_BASE = "tests/portals/test_base_path.py"
_MOCKS = "tests/infra/test_mocks.py"

MUTANTS = (
    Mutant(
        name="mock-without-content-handling",
        bug="every preflight is a 500: no browser can call the API",
        file="infra/package/mocks.py",
        before='_AS_TEXT = {"contentHandling": "CONVERT_TO_TEXT"}',
        after="_AS_TEXT: dict[str, str] = {}",
        tests=(f"{_MOCKS}::test_every_mock_reads_and_writes_text_although_all_types_are_binary",),
    ),
    Mutant(
        name="preflight-grants-every-origin",
        bug="a page of any origin may call the API with the caller's cookies",
        file="infra/package/mocks.py",
        before='#if($origin!=""&&$listed.contains(",$origin,"))',
        after='#if($origin!="")',
        tests=(f"{_MOCKS}::test_preflights_get_the_headers_that_the_function_would_give",),
    ),
    Mutant(
        name="deployment-does-not-follow-the-mocks",
        bug="a change of the mocks' texts is never deployed",
        file="infra/package/gateway.py",
        before="json.dumps([body, texts], sort_keys=True)",
        after="json.dumps([body], sort_keys=True)",
        tests=(f"{_MOCKS}::test_other_texts_of_the_mocks_are_another_deployment",),
    ),
    Mutant(
        name="links-on-the-global-host",
        bug="uploads and downloads are refused in regions opened after 2019",
        file="chalicelib/clients/aws.py",
        before='    style = "path" if is_engine else "virtual"\n',
        after='    style = "path" if is_engine else "auto"\n',
        tests=(_LINKS,),
    ),
    Mutant(
        name="links-on-the-global-host-of-us-east-1",
        bug="a bucket of us-east-1 has links on the host that redirects for other regions",
        file="chalicelib/clients/aws.py",
        before='"us_east_1_regional_endpoint": "regional"',
        after='"us_east_1_regional_endpoint": "legacy"',
        tests=(_LINKS,),
    ),
    Mutant(
        name="projections-call-themselves-again",
        bug="each scan costs a second call of the stream's function, for its own write",
        file="chalicelib/domain/gate/projection.py",
        before="    Wanted(Scan, unless=Scan.projected),\n",
        after="    Wanted(Scan),\n",
        tests=(f"{_FILTERS}::test_a_scan_calls_the_function_of_totals_once_and_its_own_writes_never",),
    ),
    Mutant(
        name="filter-loses-what-is-without-an-attribute",
        bug="orders that are not counted yet never reach the totals on AWS",
        file="infra/package/filters.py",
        before='[{"exists": False}]} for name',
        after='[{"exists": True}]} for name',
        tests=(f"{_FILTERS}::test_a_filter_lets_through_what_a_follower_takes_and_nothing_else",),
    ),
    Mutant(
        name="loops-are-stopped",
        bug="Lambda ends a long job after sixteen steps",
        file="infra/package/functions.py",
        before="    return recursion.allowed(made)\n",
        after="    return made if recursion.loops(made) else {}\n",
        tests=(f"{_ACCOUNT}::test_a_function_that_may_send_to_its_own_queue_is_not_stopped_as_a_loop",),
    ),
    Mutant(
        name="alarms-of-production-reach-nobody",
        bug="production is deployed without an address for alarms",
        file="infra/package/production.py",
        before='    del made["AlarmEmail"]["Default"]\n',
        after="",
        tests=(f"{_ACCOUNT}::test_alarms_of_production_reach_an_address_that_its_owner_must_name",),
    ),
    Mutant(
        name="cookie-without-the-stages-name",
        bug="at execute-api no browser sends the refresh cookie back",
        file="chalicelib/portals/http/cookies.py",
        before='f"{config().base_path}{_PATH}"',
        after="_PATH",
        tests=(f"{_BASE}::test_the_refresh_cookie_comes_back_to_the_routes_that_read_it_and_to_no_others",),
    ),
    Mutant(
        name="restored-table-is-not-read",
        bug="a stack with a restored table keeps reading the stream of one that it does not have",
        file="infra/package/adoption.py",
        before='        case {"Fn::GetAtt": [str(name), str(attribute)]} if name in _ADOPTED:\n',
        after='        case {"Fn::GetAtt": [str(name), str(attribute)]} if name in _ADOPTED and attribute == "Arn":\n',
        tests=("tests/infra/test_adoption.py::test_nothing_refers_to_a_table_or_key_that_the_stack_may_not_make",),
    ),
)
