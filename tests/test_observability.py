"""The log: one whole line for each entry, whichever threads write."""

import json
import os
import subprocess
import sys

# In a process of its own: there the log is a pipe, as in a function.
_WRITERS = """
import sys
from concurrent.futures import ThreadPoolExecutor

from chalicelib.observability import count, logger

sys.setswitchinterval(1e-6)


def write(number):
    logger.info("line", extra={"number": number})
    count("Lines", {"valid": number}, by="result")


with ThreadPoolExecutor(8) as writers:
    list(writers.map(write, range(400)))
"""


def test_lines_and_metrics_of_many_threads_are_never_mixed() -> None:
    environment = {**os.environ, "POWERTOOLS_LOG_LEVEL": "INFO"}
    environment.pop("POWERTOOLS_METRICS_DISABLED", None)
    done = subprocess.run([sys.executable, "-c", _WRITERS], env=environment, capture_output=True, text=True, check=True)
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(entry["number"] for entry in entries if "number" in entry) == list(range(400))
    assert sorted(entry["Lines"][0] for entry in entries if "_aws" in entry) == list(range(400))
