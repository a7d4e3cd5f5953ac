"""Forms: a file together with fields (multipart/form-data, RFC 7578)."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from chalicelib.errors import UnsupportedMediaType, ValidationFailed

MEDIA_TYPE = "multipart/form-data"
CSV = "text/csv"
# More parts than any form of the platform has.
_MOST_PARTS = 40
_TEXT_LIMIT = 64 * 1024


class Form(Struct):
    """A parsed form: its texts and its files by field."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def boundary(headers: Mapping[str, str]) -> bytes | None:
    """Return the boundary of a form, or None if the body is no form.

    Raises UnsupportedMediaType for a form without a boundary.
    """
    content_type = headers.get("content-type") or ""
    if not content_type.lower().startswith(MEDIA_TYPE):
        return None
    # Imported here: few requests are forms.
    from python_multipart.multipart import MAX_BOUNDARY_LENGTH, parse_options_header

    found = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not 0 < len(found) <= MAX_BOUNDARY_LENGTH:
        raise UnsupportedMediaType("Send application/json, or multipart/form-data with its boundary.")
    return found


def is_csv(headers: Mapping[str, str]) -> bool:
    """Whether a body is a CSV (RFC 4180)."""
    return (headers.get("content-type") or "").partition(";")[0].strip().lower() == CSV


def of_file(name: str, content: bytes) -> Form:
    """Return the form that has one file and nothing else."""
    return Form(files={name: content})


def canonical(form: Form) -> bytes:
    """Return the same bytes for each sending of a form: a client draws a new boundary each time."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in form.files.items()}
    return json.dumps({"texts": form.texts, "files": digests}).encode()


def parse(raw: bytes, between: bytes) -> Form:
    """Return a form, parsed in memory. Raises ValidationFailed."""
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import FormParser

    form, ended = Form(), []

    def on_field(part: Any) -> None:
        _put(form, form.texts, part.field_name, _text(part.value or b""))

    def on_file(part: Any) -> None:
        part.file_object.seek(0)
        content = part.file_object.read()
        if content or part.file_name:  # else an empty file field
            _put(form, form.files, part.field_name, content)

    limits = {"MAX_FIELD_SIZE": _TEXT_LIMIT, "MAX_MEMORY_FILE_SIZE": len(raw) + 1}
    parser = FormParser(MEDIA_TYPE, on_field, on_file, lambda: ended.append(True), boundary=between, config=limits)
    try:
        parser.write(raw)
        parser.finalize()
    except FormParserError as error:
        raise _wrong("must be a form as RFC 7578 describes it") from error
    if not ended:
        raise _wrong("must end with the form's last boundary")
    return form


def _put(form: Form, among: dict[str, Any], raw_name: bytes | None, value: Any) -> None:
    name = _text(raw_name or b"")
    if name in form.texts or name in form.files:
        raise _wrong(f"must not have the field {name[:40]!r} twice")
    if len(form.texts) + len(form.files) >= _MOST_PARTS:
        raise _wrong(f"must have at most {_MOST_PARTS} parts")
    among[name] = value


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _wrong("must be UTF-8, except for its files") from error


def _wrong(problem: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": "body", "message": problem}])
