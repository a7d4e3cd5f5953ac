"""The archive that is deployed: code, dependencies and compiled files. The same sources give the same bytes."""

import gzip
import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from infra.local.console import CannotStart
from infra.package.quotas import UNZIPPED_BYTES
from infra.package.targets import ROOT, Target, uv

# The services whose models the functions load. botocore has 400 others, which would be half of the package.
BOTOCORE_SERVICES = frozenset(
    {"apigatewaymanagementapi", "dynamodb", "events", "kms", "s3", "secretsmanager", "ses", "sns", "sqs", "sts"}
)
# Their names in botocore's list of endpoints, where they differ.
_ENDPOINTS = {"apigatewaymanagementapi": "execute-api", "ses": "email"}
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SEEN_AT = "/var/task"


def install(target: Target, folder: Path) -> None:
    """Install the pinned dependencies into a folder, as wheels for the target, each verified by its hash."""
    done = subprocess.run(
        [
            *(uv(), "pip", "install", "-q", "--target", str(folder), *target.uv_options),
            *("--only-binary", ":all:", "--require-hashes", "--no-deps", "--link-mode", "copy"),
            *("-r", str(ROOT / "requirements.txt")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotStart(
            f"The dependencies could not be installed for {target.runtime} on {target.architecture}:\n"
            f"{done.stderr.strip()[-1500:]}\n"
            "Check the network. If a package has no wheel for that machine, pin a version that has one (make lock)."
        )
    for leftover in ("bin", ".lock"):
        path = folder / leftover
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def drop_unused_services(folder: Path) -> None:
    """Remove what botocore's data says of services that no function calls, and its documentation of all others.

    Each cold start reads the models of its clients and the list of endpoints: 27 ms of JSON before, 4 ms after.
    """
    data = folder / "botocore" / "data"
    for service in data.iterdir():
        if service.is_dir() and service.name not in BOTOCORE_SERVICES:
            shutil.rmtree(service)
    for model in data.rglob("service-2.json.gz"):
        described = _without_documentation(json.loads(gzip.decompress(model.read_bytes())))
        # Without a time, so that the same sources give the same bytes.
        model.write_bytes(gzip.compress(json.dumps(described, separators=(",", ":")).encode(), mtime=0))
    kept = {_ENDPOINTS.get(service, service) for service in BOTOCORE_SERVICES} | {"streams.dynamodb"}
    endpoints = json.loads((data / "endpoints.json").read_text(encoding="utf-8"))
    for partition in endpoints["partitions"]:
        partition["services"] = {name: part for name, part in partition["services"].items() if name in kept}
    (data / "endpoints.json").write_text(json.dumps(endpoints, separators=(",", ":")), encoding="utf-8")


def _without_documentation(part: Any) -> Any:
    match part:
        case dict():
            # botocore requires the field of some parameters, so it is emptied and not removed. A member of a shape may
            # have this name; its value is no text.
            return {
                name: "" if name == "documentation" and isinstance(value, str) else _without_documentation(value)
                for name, value in part.items()
            }
        case list():
            return [_without_documentation(each) for each in part]
    return part


def compile_all(python: Path, folder: Path) -> int:
    """Compile every module for the interpreter that will run it; return the number of compiled files.

    Lambda's disk is read-only, so a module that is not compiled here is compiled at every cold start. The compiled
    files never check their sources.
    """
    done = subprocess.run(
        [
            *(str(python), "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"),
            *("-s", str(folder), "-p", _SEEN_AT, str(folder)),
        ],
        # With a fixed seed, constant sets have the same order in every build.
        env={"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"These modules do not compile:\n{(done.stdout + done.stderr).strip()[-1500:]}")
    return sum(1 for _ in folder.rglob("*.pyc"))


def pack(folder: Path, archive: Path) -> str:
    """Zip a folder with fixed order, times and permissions; return the archive's SHA-256."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in files)
    if size > UNZIPPED_BYTES:
        raise CannotStart(
            f"The package is {size // 1024**2} MB unzipped. Lambda's limit is {UNZIPPED_BYTES // 1024**2} MB."
        )
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes())
    return hashlib.sha256(archive.read_bytes()).hexdigest()
