"""Our patches of moto change only the cost of its answers."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support import moto_sample


def test_a_sample_of_requests_gets_the_same_answers_with_and_without_our_patches() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.moto_sample"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **moto_sample.ENVIRONMENT},
        capture_output=True,
        timeout=120,
        check=True,
    )
    patched, bare = moto_sample.asked(), json.loads(done.stdout)
    assert len(patched) > 80
    assert len(patched) == len(bare)
    for place, (ours, theirs) in enumerate(zip(patched, bare, strict=True)):
        assert ours == theirs, f"answer {place}"
