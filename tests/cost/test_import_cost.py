"""What `import app` may load: each cold start pays for it."""

import json
import subprocess
import sys

from infra.local.toolchain import ROOT

# Every request needs these. Others are imported where they are used.
AT_IMPORT = {
    "annotated_types", "aws_lambda_powertools", "botocore", "certifi", "chalice", "cryptography", "dateutil",
    "jmespath", "jwt", "msgspec", "pydantic", "pydantic_core", "pynamodb", "six", "typing_extensions",
    "typing_inspection", "ulid", "urllib3",
}  # fmt: skip
# PynamoDB uses it where it is installed. The server of moto brings it here; it is not among what is deployed.
NOT_DEPLOYED = {"blinker"}
_REPORT = """
import gc, json, sys
import app
loaded = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
loaded = [name for name in loaded if not name.startswith("_")]
print(json.dumps({"loaded": loaded, "collects": gc.isenabled(), "frozen": gc.get_freeze_count()}))
"""


def test_importing_the_app_loads_no_library_that_only_some_requests_need() -> None:
    # -S leaves out the site packages' start-up files, which Lambda does not have.
    paths = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
    code = f"import sys; sys.path[:0] = {paths!r}\n{_REPORT}"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert set(report["loaded"]) - AT_IMPORT <= {"app", "chalicelib"} | NOT_DEPLOYED
    deployed = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert not [name for name in NOT_DEPLOYED if f"\n{name}==" in deployed]
    assert report["collects"] is True
    assert report["frozen"] > 100_000
