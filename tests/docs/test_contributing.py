"""The worked example of CONTRIBUTING.md runs."""

import re
import subprocess
import sys

from tests.docs import pages

# In a process of its own, because declaring a route changes the app.
_PROGRAM = """
import sys
import app
from chalicelib.domain.organizations import ticket_reports
from chalicelib.portals.http.route import ROUTES
from chalicelib.portals.tix import reports as portal
from chalicelib.schemas.examples.tix import reports as examples
from tests.portals.tix import test_reports

verb, view, example, test = sys.argv[1:]
exec(verb, ticket_reports.__dict__)
exec(view, portal.__dict__)
operations = eval("{" + example + "}", examples.__dict__)
exec(test, test_reports.__dict__)
(route,) = [route for route in ROUTES if route.operation_id == "tix_today"]
route.reply.model_validate(operations["tix_today"].answer)
print(route.method, route.path)
"""


def test_the_worked_example_declares_its_route() -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```", (pages.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(blocks) == 4
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *blocks], cwd=pages.ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "GET /api/tix/reports/today\n", done.stderr
