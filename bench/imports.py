"""The CPU time of `import app`: the cost of a cold start before its first request."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_ROOT = Path(__file__).parents[1]
# Imports once and prints the CPU time, without the interpreter's own start. Other load does not change it much.
_TIMED = "import time; t = time.process_time(); import app; print(time.process_time() - t)"


@dataclass(frozen=True, slots=True)
class Imports:
    """CPU seconds of `import app`, and the packages that cost most, each without its own imports."""

    compiled: float
    own_not_compiled: float
    not_compiled: float
    heaviest: list[tuple[str, float]]


def _python(code: str, *flags: str, cache: Path, write: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter that looks for compiled files in `cache` and nowhere else."""
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache), "AWS_DEFAULT_REGION": "us-east-1"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not write:
        environ["PYTHONDONTWRITEBYTECODE"] = "1"
    arguments = [sys.executable, *flags, "-c", code]
    return subprocess.run(arguments, cwd=_ROOT, env=environ, capture_output=True, text=True, check=True)


def _seconds(cache: Path, *, repeats: int) -> float:
    _python(_TIMED, cache=cache)  # the first run only warms the disk's cache
    return median(float(_python(_TIMED, cache=cache).stdout) for _ in range(repeats))


def _heaviest(cache: Path, count: int) -> list[tuple[str, float]]:
    totals: dict[str, float] = {}
    for line in _python("import app", "-X", "importtime", cache=cache).stderr.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        module = rest.rpartition("|")[2].strip()
        if not own.strip().isdigit() or not module:
            continue
        parts = module.split(".")
        name = ".".join(parts[:2]) if parts[0] == "chalicelib" else parts[0]
        totals[name] = totals.get(name, 0.0) + int(own) / 1e6
    return sorted(totals.items(), key=lambda entry: -entry[1])[:count]


def measure(*, repeats: int) -> Imports:
    """Import the app in fresh processes: all compiled, our own code not compiled, no package compiled."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-imports-") as name:
        cache = Path(name)
        _python("import app", cache=cache, write=True)
        compiled = _seconds(cache, repeats=repeats)
        heaviest = _heaviest(cache, 10)
        # The cache mirrors the file system.
        packages = cache / Path(sysconfig.get_path("purelib")).relative_to("/")
        own = cache / _ROOT.relative_to("/")
        for ours in own.glob("*"):
            if ours not in packages.parents:
                shutil.rmtree(ours) if ours.is_dir() else ours.unlink()
        own_not_compiled = _seconds(cache, repeats=repeats)
        shutil.rmtree(packages)
        not_compiled = _seconds(cache, repeats=max(2, repeats // 2))
    return Imports(compiled, own_not_compiled, not_compiled, heaviest)
