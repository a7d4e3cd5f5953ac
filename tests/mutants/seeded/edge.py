"""Bugs at the edge: a refusal without its line, gates that share their capacity, a desk that answers any host."""

from tests.mutants.seeded.mutant import Mutant

_LOG = "chalicelib/domain/access/security_log.py"
_TESTS = "tests/security/test_security_log.py"

MUTANTS = (
    Mutant(
        name="wrong-codes-untraced",
        bug="a wrong one-time code leaves no line",
        file=_LOG,
        before="return status in _TRACED or code in _WRONG_CODES or",
        after="return status in _TRACED or",
        tests=(f"{_TESTS}::test_each_probe_of_the_way_in_leaves_its_line",),
    ),
    Mutant(
        name="foreign-things-untraced",
        bug="a request for another's ticket leaves no line",
        file=_LOG,
        before="        return principal_id is not None\n",
        after="        return False\n",
        tests=(f"{_TESTS}::test_each_probe_of_the_way_in_leaves_its_line",),
    ),
    Mutant(
        name="address-as-it-is",
        bug="the security log has the caller's address",
        file=_LOG,
        before="return hmac.new(key, network(address).encode(), hashlib.sha256).hexdigest()[:16]",
        after="return network(address).ljust(16)[:16]",
        tests=(f"{_TESTS}::test_each_probe_of_the_way_in_leaves_its_line",),
    ),
    Mutant(
        name="factors-of-log-ins-forgotten",
        bug="a log-in's line does not name its second factor",
        file="chalicelib/domain/access/second_factor.py",
        before="    security_log.note_factors(proof.factor)\n",
        after="",
        tests=(f"{_TESTS}::test_each_probe_of_the_way_in_leaves_its_line",),
    ),
    Mutant(
        name="gates-share-their-function",
        bug="the routes of devices run in the function of everybody",
        file="chalicelib/portals/http/paths.py",
        before="_OF_GATES = (Portal.USHER, Portal.DEVICE)",
        after="_OF_GATES = (Portal.USHER,)",
        tests=(
            "tests/infra/test_shares.py::test_the_routes_of_ushers_and_devices_and_no_others_run_in_the_gates_function",
        ),
    ),
    Mutant(
        name="desk-answers-any-host",
        bug="a site whose name resolves to this machine reads the codes of a local run",
        file="infra/local/front.py",
        before="    return name.lower() in _LOOPBACK and",
        after="    return name.lower().startswith(_LOOPBACK) and",
        tests=("tests/local/test_desk_hosts.py::test_the_desk_refuses_every_other_host",),
    ),
    Mutant(
        name="versions-kept",
        bug="a deleted photo is kept for thirty days",
        file="chalicelib/clients/files.py",
        before='            _ask("delete_object", Key=key, VersionId=version["VersionId"])\n',
        after='            _ask("delete_object", Key=key)\n',
        tests=("tests/clients/test_files.py::test_a_deleted_file_leaves_no_version_and_no_marker",),
    ),
)
