"""The ES module for browsers: how it is served, and its rules, run in Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

from chalicelib.portals import realtime
from tests.support.client import call

MODULE = Path(realtime.__file__).parent / "live.js"
RULES = Path(__file__).parents[1] / "live_module" / "rules.mjs"
NODE = shutil.which("node")


def test_the_module_is_served_as_javascript_that_any_cache_may_keep() -> None:
    answer = call("GET", "/api/live.js", headers={"origin": "http://localhost:5173"})
    assert (answer.status, answer.text) == (200, MODULE.read_text(encoding="utf-8"))
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    again = call("GET", "/api/live.js", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.text) == (304, "")


def test_the_module_loads_nothing_else() -> None:
    lines = MODULE.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.startswith(("import ", "import{")) or "import(" in line]


@pytest.mark.skipif(NODE is None, reason="Node is not available here")
def test_the_module_subscribes_comes_back_and_fires_each_message_once(tmp_path: Path) -> None:
    module = tmp_path / "live.mjs"
    module.write_bytes(MODULE.read_bytes())
    done = subprocess.run(
        [str(NODE), str(RULES), str(module)], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
