"""Folders of a moment: what a process left that was killed goes, what a living one works on stays."""

import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib import scratch

ROOT = Path(__file__).parents[1]
# It writes a file in a folder of its own, says so, and waits to be killed.
_HELD = """
import sys
from chalicelib import scratch

with scratch.folder() as folder:
    (folder / "export.zip").write_bytes(b"of a person")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)  # it was read before
    return tmp_path


def _holding() -> tuple["subprocess.Popen[str]", Path]:
    held = subprocess.Popen(
        [sys.executable, "-c", _HELD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert held.stdout is not None
    return held, Path(held.stdout.readline().strip())


def test_the_folder_of_a_killed_process_goes_and_that_of_a_living_one_stays(place: Path) -> None:
    killed, left = _holding()
    living, kept = _holding()
    try:
        killed.send_signal(signal.SIGKILL)
        killed.communicate(timeout=60)
        assert (left / "export.zip").exists()
        with scratch.folder() as mine:
            assert not left.exists()
            assert (kept / "export.zip").read_bytes() == b"of a person"
            # Another document of this process, made meanwhile.
            other = scratch.Folder()
            assert mine.exists()
            assert other.path != mine
            other.remove()
        assert list(place.iterdir()) == [kept]
    finally:
        living.communicate("", timeout=60)
    assert list(place.iterdir()) == []


def test_what_is_not_a_folder_of_ours_stays(place: Path) -> None:
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    with scratch.folder() as mine:
        name = mine.name
    pretender = place / f"{name}-link"
    pretender.symlink_to(elsewhere)
    (place / f"{name}-file").write_text("kept")
    with scratch.folder():
        pass
    assert (elsewhere / "kept").read_text() == "kept"
    assert pretender.is_symlink()


def test_many_at_once_take_no_folder_from_each_other(place: Path) -> None:
    def work(number: int) -> bool:
        with scratch.folder() as mine:
            (mine / "rows").write_text(str(number))
            return (mine / "rows").read_text() == str(number)

    with ThreadPoolExecutor(16) as workers:
        assert all(workers.map(work, range(200)))
    assert list(place.iterdir()) == []


def test_no_other_code_of_a_function_writes_to_a_folder_of_its_own() -> None:
    sources = [path for path in (ROOT / "chalicelib").rglob("*.py") if path.name != "scratch.py"]
    assert [path.name for path in sources if re.search(r"\btempfile\b", path.read_text(encoding="utf-8"))] == []
