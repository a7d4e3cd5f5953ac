"""Forms: how a browser sends a file together with its fields (multipart/form-data, RFC 7578)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import UnsupportedMediaType, ValidationFailed

MEDIA_TYPE = "multipart/form-data"
# More than any of the platform's forms has.
_MOST_PARTS = 40
_TEXT_LIMIT = 64 * 1024


@dataclass(slots=True)
class Form:
    """What came in a form: its texts and its files, by the names of their fields."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def boundary(headers: Mapping[str, str]) -> bytes | None:
    """Return what stands between the parts of a form; None where the body is something else.

    Raises UnsupportedMediaType for a form that does not say.
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


def parse(raw: bytes, between: bytes) -> Form:
    """Return what stands in a form, all of it in memory. Raises ValidationFailed."""
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import FormParser

    form, ended = Form(), []

    def on_field(part: Any) -> None:
        _put(form, form.texts, part.field_name, _text(part.value or b""))

    def on_file(part: Any) -> None:
        part.file_object.seek(0)
        content = part.file_object.read()
        if content or part.file_name:  # else a field for a file, left empty
            _put(form, form.files, part.field_name, content)

    limits = {"MAX_FIELD_SIZE": _TEXT_LIMIT, "MAX_MEMORY_FILE_SIZE": len(raw) + 1}
    parser = FormParser(MEDIA_TYPE, on_field, on_file, lambda: ended.append(True), boundary=between, config=limits)
    try:
        parser.write(raw)
        parser.finalize()
    except FormParserError as error:
        raise _wrong("is not a form as RFC 7578 describes it") from error
    if not ended:
        raise _wrong("is cut short: the form's last boundary is missing")
    return form


def _put(form: Form, among: dict[str, Any], raw_name: bytes | None, value: Any) -> None:
    name = _text(raw_name or b"")
    if name in form.texts or name in form.files:
        raise _wrong(f"has {name[:40]!r} twice")
    if len(form.texts) + len(form.files) >= _MOST_PARTS:
        raise _wrong(f"has more than {_MOST_PARTS} parts")
    among[name] = value


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _wrong("must be in UTF-8, but for its files") from error


def _wrong(problem: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": "body", "message": problem}])
