"""What is deployed has no account and no password in it: the first administrator comes by a link."""

from pathlib import Path

import app
from infra.local.demo import demo_passwords
from infra.package import application

ROOT = Path(app.__file__).parent


def deployed() -> list[Path]:
    """Return the files of the archive that are the platform's own."""
    parts = [ROOT / part for part in application.PARTS]
    found = [path for part in parts for path in ([part] if part.is_file() else part.rglob("*"))]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def test_no_demo_password_is_deployed() -> None:
    files = deployed()
    assert len(files) > 300
    known = [password.encode() for password in demo_passwords.OF_PORTALS.values()]
    assert len(known) == 7
    assert [path for path in files if any(password in path.read_bytes() for password in known)] == []
