"""`python -m infra.audit`: look for known holes in the code (bandit) and in the pinned packages (pip-audit).

A check whose data or tool this machine cannot reach says `not checked`, and why. It does not fail.
"""

import argparse
import subprocess
import sys
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

from infra import stages
from infra.local.console import complain, step

_ROOT = Path(__file__).resolve().parents[1]
_CODE = ("app.py", "gates.py", "chalicelib", "infra", "reader-agent/src")
_PINNED = (
    "requirements.txt",
    "reader-agent/requirements.txt",
    "reader-agent/requirements-gpio.txt",
    "reader-agent/requirements-pcsc.txt",
    "reader-agent/requirements-qr.txt",
)
# Advisories of all ecosystems, by package and version.
_ADVISORIES = "https://api.osv.dev/"
_ANSWER_SECONDS, _AUDIT_SECONDS = 5, 120


def main() -> int:
    """Run both; return 1 if one of them found something."""
    argparse.ArgumentParser(
        prog="make audit", description="Look for insecure code, and for known holes in the pinned packages."
    ).parse_args()
    found = [is_insecure(*_CODE), _packages()]
    return 1 if any(found) else 0


def is_insecure(*places: str, seconds: float = _AUDIT_SECONDS) -> bool:
    """Return whether bandit found something in these files and folders, or did not end in so many seconds."""
    if find_spec("bandit") is None:
        step("code not checked: bandit is not installed; run make setup")
        return False
    try:
        done = _run("bandit", "-q", "-c", "pyproject.toml", "-r", *places, seconds=seconds)
    except subprocess.TimeoutExpired:
        # It needs no network, so that a busy machine is no reason to pass.
        complain(f"code not checked: bandit did not end within {seconds} s")
        return True
    if done.returncode:
        complain(done.stdout + done.stderr)
        return True
    step("bandit: nothing found")
    return False


def _packages() -> bool:
    """Return whether a pinned package has a known hole."""
    if find_spec("pip_audit") is None:
        step("packages not checked: pip-audit is not installed; run make setup")
        return False
    why = unreachable(_ADVISORIES)
    if why:
        step(f"packages not checked: {_ADVISORIES} cannot be reached ({why})")
        return False
    for pinned in _PINNED:
        options = ("-s", "osv", "--disable-pip", "--require-hashes", "--progress-spinner", "off")
        try:
            done = _run("pip_audit", *options, "-r", pinned)
        except subprocess.TimeoutExpired:
            step(f"packages not checked: no answer about {pinned} within {_AUDIT_SECONDS} s")
            return False
        if done.returncode:
            complain(f"{pinned}:\n{done.stdout}{done.stderr}")
            return True
    step(f"pip-audit: nothing known about {', '.join(_PINNED)}")
    return False


def unreachable(url: str) -> str | None:
    """Return why a service cannot be reached; None where it answers, with any status."""
    try:
        urllib.request.urlopen(url, timeout=_ANSWER_SECONDS).close()  # noqa: S310 # nosec B310  # a constant
    except urllib.error.HTTPError as answer:
        # A proxy that refuses the host answers in its name.
        return f"status {answer.code}" if answer.code in (403, 407, 502, 503, 504) else None
    except OSError as error:
        return str(getattr(error, "reason", error))
    return None


def _run(module: str, *arguments: str, seconds: float = _AUDIT_SECONDS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
