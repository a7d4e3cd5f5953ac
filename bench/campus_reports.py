"""What the official PDF of a campus event costs: time, memory and size, with photos and signatures, by itself.

`python -m bench.campus_reports --people 500` measures it alone. Each person has two photos and a signature of their own
in the bucket. The job runs in a process of its own, as in the worker, and also writes the redacted version.
"""

import argparse
import io
import json
import random
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.markdown import table_of
from tests.support import ground

_ROOT = Path(__file__).parents[1]
PEOPLE = 500
KINDS = ("official", "photos")
# Pixels, as the bucket keeps photos and signatures.
_PHOTO, _DRAWING = (1280, 960), (600, 200)
_PATCH = 16


@dataclass(frozen=True, slots=True)
class ReportCost:
    """One report. `peak_mb` is of the whole process, `file_mb` of the full version."""

    people: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    file_mb: float


def measure(people: int) -> dict[str, ReportCost]:
    """Fill an event with people and write its documents."""
    with ground.cloud(needs_dynamodb_local=True):
        event_id = _fill(people)
        return {kind: _in_a_process(event_id, kind) for kind in KINDS}


def render(costs: dict[str, ReportCost]) -> str:
    """Return the costs as a table in Markdown."""
    head = ["document", "people", "seconds (aim 60)", "CPU s", "peak MB (aim 512)", "file MB (aim 15)"]
    figures = (
        [
            kind,
            f"{cost.people:,}",
            f"{cost.seconds:.1f}",
            f"{cost.cpu_seconds:.1f}",
            f"{cost.peak_mb:.0f}",
            f"{cost.file_mb:.1f}",
        ]
        for kind, cost in costs.items()
    )
    return table_of(head, figures)


def _in_a_process(event_id: str, kind: str) -> ReportCost:
    command = [sys.executable, "-m", "bench.campus_reports", "--event", event_id, "--kind", kind]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return ReportCost(**json.loads(done.stdout.splitlines()[-1]))


def _fill(people: int) -> str:
    """Store an event with so many people, records, photos and signatures; return its id."""
    from chalicelib.clients import files
    from chalicelib.domain.lists import follower
    from chalicelib.vocabulary.campus import CampusRole, PhotoSide
    from tests.support import campus
    from tests.support.attendance import make_record

    place = campus.make_campus()
    event = campus.make_campus_event(place, campus.make_campus_user(place, role=CampusRole.ORGANIZER))
    records = []
    for number in range(people):
        names: dict[str, Any] = {"first_name": ("Sana", "عائشہ", "小明")[number % 3], "last_name": f"Khan {number}"}
        record = make_record(event, campus.make_campus_user(place, **names))
        records.append(record)
        for side in PhotoSide:
            key = f"campus/bench/{record.attendance_id}-{side}.jpg"
            files.write(key, _photo(number * 2 + (side is PhotoSide.BACK)), content_type="image/jpeg")
            _note_photo(record, side, key)
        key = f"campus/bench/{record.attendance_id}.png"
        files.write(key, _drawing(number), content_type="image/png")
        _note_signature(record, key)
    follower.write(records)
    return event.event_id


def _note_photo(record: Any, side: Any, key: str) -> None:
    from chalicelib import clock
    from chalicelib.table import keys, operations
    from chalicelib.table.items import AttendancePhoto

    photo = AttendancePhoto(
        *keys.attendance.photo(record.attendance_id, side),
        attendance_id=record.attendance_id,
        event_id=record.event_id,
        user_id=record.user_id,
        side=side,
        nonce="bench",
        key=key,
        uploaded_at=clock.now(),
    )
    operations.record(operations.put(photo))


def _note_signature(record: Any, key: str) -> None:
    from chalicelib import clock
    from chalicelib.table import keys, operations
    from chalicelib.table.items import AttendanceSignature

    signature = AttendanceSignature(
        *keys.attendance.signature(record.attendance_id),
        attendance_id=record.attendance_id,
        event_id=record.event_id,
        user_id=record.user_id,
        nonce="bench",
        key=key,
        captured_at=clock.now(),
    )
    operations.record(operations.put(signature))


def _photo(seed: int) -> bytes:
    """Return a photo of coloured patches, which compresses no better than a real one."""
    from PIL import Image

    width, height = (side // _PATCH for side in _PHOTO)
    dice = random.Random(seed)  # noqa: S311  # repeatable, no secret
    patches = Image.frombytes("RGB", (width, height), dice.randbytes(3 * width * height))
    file = io.BytesIO()
    patches.resize(_PHOTO, Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
    return file.getvalue()


def _drawing(seed: int) -> bytes:
    from PIL import Image, ImageDraw

    dice = random.Random(seed)  # noqa: S311  # repeatable, no secret
    image = Image.new("RGBA", _DRAWING, (0, 0, 0, 0))
    points = [(dice.randrange(_DRAWING[0]), dice.randrange(_DRAWING[1])) for _ in range(14)]
    ImageDraw.Draw(image).line(points, fill=(0, 0, 80, 255), width=6)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _write(event_id: str, kind: str) -> ReportCost:
    """Write a document in this process, as the jobs worker does."""
    from chalicelib.clients import files
    from chalicelib.domain.campus.reports import report_runs
    from chalicelib.domain.campus.reports.report_requests import ReportFilters, ReportRequest
    from chalicelib.table import keys, operations
    from chalicelib.vocabulary.campus import ReportFormat, ReportKind

    filters = ReportFilters(event=event_id)
    started = report_runs.begin(ReportRequest(ReportKind(kind), ReportFormat.PDF, "usr_bench", filters))
    begun, cpu = time.monotonic(), time.process_time()
    while report_runs.run_step(started.job_id):
        pass
    seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
    run = operations.get(keys.campus_reports.run(started.job_id))
    if run is None or run.file is None:
        raise RuntimeError("the report has no file")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    content = files.read(run.file, limit=1 << 30) or b""
    return ReportCost(run.done, seconds, cpu, peak, len(content) / 1e6)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.campus_reports", description="Measure the official PDF.")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--event", help="write the document of this event in this process")
    parser.add_argument("--kind", choices=KINDS, default="official")
    chosen = parser.parse_args()
    if chosen.event:
        print(json.dumps(asdict(_write(chosen.event, chosen.kind))))
        return
    print(render(measure(chosen.people)))


if __name__ == "__main__":
    main()
