"""Incidents that ushers report and staff close, and conflicts of the check-in log that staff settle."""

import io
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from chalicelib.clients import files
from chalicelib.table.items import Event, Item, Scan
from chalicelib.vocabulary.access import AdminRole
from tests.support import marked, payers
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_event, make_ticket, scan_id, usher_token
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def test_what_an_usher_reports_is_listed_answered_and_stays_closed() -> None:
    stream, event, other = StreamReader(), make_event(), make_event()
    usher, manager = usher_token(event), admin_token(AdminRole.USHER_MANAGER)
    ticket, foreign = make_ticket(event), make_ticket(other)
    filed = {"type": "medical", "note": "Somebody fell.", "ticket_id": ticket.ticket_id}
    sent = [
        call("POST", "/api/usher/scan/report/", filed, token=usher, headers={"idempotency-key": "one-report"})
        for _ in range(2)
    ]
    assert [answer.status for answer in sent] == [201, 201]
    assert sent[0].json["id"] == sent[1].json["id"]
    refused = call("POST", "/api/usher/scan/report/", {**filed, "ticket_id": foreign.ticket_id}, token=usher)
    assert refused.status == 404
    while stream.drain():
        pass
    listed = call("GET", f"/api/incidents/?event_id={event.event_id}&status=open", token=manager).json["results"]
    assert [(one["type"], one["note"]) for one in listed] == [("medical", "Somebody fell.")]
    path = f"/api/incidents/{listed[0]['id']}/"
    # The last one again: its first answer may have been lost.
    for status in ("in_progress", "closed", "closed"):
        assert call("PUT", path, {"status": status, "note": "A doctor came."}, token=manager).json["status"] == status
    other_note = call("PUT", path, {"status": "closed", "note": "Another one."}, token=manager)
    assert (other_note.status, other_note.code) == (409, "INVALID_STATE")
    again = call("PUT", path, {"status": "open", "note": "Again."}, token=manager)
    assert (again.status, again.code) == (409, "INVALID_STATE")
    assert "closed" in again.text


def pending_conflicts() -> int:
    """Return how many conflicts the dashboard says are open."""
    stats = call("GET", "/api/dashboard/stats/", token=admin_token()).json
    return int(stats["pending"]["conflicts"])


def pending_at(event: Event) -> int:
    """Return how many conflicts the apps of an event's ushers show."""
    return int(call("GET", "/api/usher/sync/status/", token=usher_token(event)).json["pending_conflicts"])


def test_a_conflict_is_closed_once_and_counts_on_the_dashboard_until_then() -> None:
    event, manager = make_event(), admin_token(AdminRole.USHER_MANAGER)
    body = {"scan_id": scan_id(), "card_id": "04B1B2C3D4E5F6"}
    log_id = call("POST", "/api/usher/scan/result/", body, token=usher_token(event)).json["log_id"]
    path, let_in = f"/api/logs/checkin/{log_id}/", {"resolution": "let_in", "note": "The twin came in."}
    assert call("PUT", path, let_in, token=manager).status == 404
    (scan,) = [Item.from_raw_data(raw) for raw in payers.all_raws("scan")]
    assert isinstance(scan, Scan)
    reader = StreamReader()
    for _ in range(2):
        marked.mark_conflict(scan, "double_admission")
        reader.drain()
    assert (pending_conflicts(), pending_at(event), pending_at(make_event())) == (1, 1, 0)
    for _ in range(2):
        assert call("PUT", path, let_in, token=manager).json["resolution"] == "let_in"
        reader.drain()
    assert (pending_conflicts(), pending_at(event)) == (0, 0)
    refused = call("PUT", path, {**let_in, "resolution": "fraud"}, token=manager)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert "let_in" in refused.text


def form(*, boundary: str, photo: bytes, **texts: str) -> bytes:
    """Return a form with these fields and a photo, as an app writes it."""
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in texts.items()]
    disposition = 'Content-Disposition: form-data; name="photo"; filename="p.png"\r\nContent-Type: image/png'
    head = "".join(parts) + f"--{boundary}\r\n{disposition}\r\n\r\n"
    return head.encode() + photo + f"\r\n--{boundary}--\r\n".encode()


def send_form(token: str, *, boundary: str = "one-boundary", key: str = "a-report-of-a-fall", **fields: Any) -> Answer:
    headers = {"content-type": f"multipart/form-data; boundary={boundary}", "idempotency-key": key}
    filed = {"type": "medical", "note": "Somebody fell.", **fields}
    return call("POST", "/api/usher/scan/report/", token=token, headers=headers, raw=form(boundary=boundary, **filed))


def picture(colour: str, size: tuple[int, int] = (1200, 800)) -> bytes:
    drawn = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "a camera that says whose it is"
    Image.new("RGB", size, colour).save(drawn, "PNG", exif=exif)
    return drawn.getvalue()


def test_staff_see_the_photo_of_a_report_without_its_metadata_and_a_retry_reports_once() -> None:
    stream, event = StreamReader(), make_event()
    usher, manager = usher_token(event), admin_token(AdminRole.USHER_MANAGER)
    first = send_form(usher, photo=picture("red"))
    again = send_form(usher, photo=picture("red"), boundary="another-boundary")
    other = send_form(usher, photo=picture("blue"))
    while stream.drain():
        pass
    (listed,) = call("GET", f"/api/incidents/?event_id={event.event_id}", token=manager).json["results"]

    key = urlsplit(listed["photo_url"]).path.partition("/photos/")[2]
    stored = files.read(f"photos/{key}", limit=10**7)
    assert stored is not None
    shown = Image.open(io.BytesIO(stored))
    assert (first.status, again.status, again.json["id"]) == (201, 201, first.json["id"])
    assert (other.status, other.code) == (422, "IDEMPOTENCY_MISMATCH")
    assert (shown.format, max(shown.size), dict(shown.getexif())) == ("JPEG", 512, {})
    assert shown.convert("RGB").tobytes()[0] > 200  # red
    assert listed["id"] == first.json["id"]


def test_a_report_with_something_else_than_a_photo_is_refused_and_nothing_is_kept() -> None:
    event, manager = make_event(), admin_token(AdminRole.USHER_MANAGER)
    usher, stream = usher_token(event), StreamReader()
    filed = {"type": "medical", "note": "Somebody fell."}
    as_json = call("POST", "/api/usher/scan/report/", {**filed, "photo": "aGVsbG8="}, token=usher)
    no_photo = send_form(usher, photo=b"<svg onload=alert(1)>")
    too_large = send_form(usher, photo=bytes(5 * 1024 * 1024 + 70 * 1024), key="too-large-a-photo")
    while stream.drain():
        pass

    assert [(answer.status, answer.code) for answer in (as_json, no_photo)] == [(400, "VALIDATION_ERROR")] * 2
    assert [problem["field"] for problem in no_photo.json["error"]["details"]] == ["photo"]
    assert too_large.status == 413
    assert call("GET", f"/api/incidents/?event_id={event.event_id}", token=manager).json["results"] == []
