"""The mails and SMS that were sent: each one that the embedded cloud's services accepted.

They are recorded when the app's clients get the service's answer, because MiniStack stores no time of an SMS.
"""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from itertools import takewhile
from pathlib import Path
from typing import Any

from infra.local import boundary

# A bound, so that a long run does not grow without end.
_KEPT = 5000
_CONTEXT_KEY = "gatehouse_outbox"


class Outbox:
    """Every message sent by this run, and by earlier ones on the same data."""

    def __init__(self, path: Path | None = None) -> None:
        """`path` is a file of one message a line, where the data outlives the run."""
        self._path = path
        self._lock = threading.Lock()
        self._messages: list[dict[str, Any]] = []
        # The lines of the file, of which those that are forgotten are removed now and then.
        self._written = 0
        if path is not None and path.exists():
            # Not `splitlines`: a text may hold other ends of lines, such as U+2028, which JSON leaves as they are.
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
            self._messages = [message for line in lines if (message := _read(line)) is not None][-_KEPT:]
            # A line that was cut, by a kill or a full disk, would take the next one with it.
            self._written = len(lines) if lines[-1] == "" else 2 * _KEPT

    def attach(self) -> "Outbox":
        """Record what each new client of the mail and SMS services sends."""
        boundary.watch("ses", self._watch_ses)
        boundary.watch("sns", self._watch_sns)
        return self

    def detach(self) -> None:
        """Stop recording for clients that are made from now on."""
        boundary.leave(self._watch_ses)
        boundary.leave(self._watch_sns)

    def messages(self, to: str | None = None, *, since: str | None = None) -> list[dict[str, Any]]:
        """Return what was sent, to one number or address or to all, newest first.

        `since` is a `sent_at` of before: with it, only messages of that moment and later.
        """
        with self._lock:
            found = self._messages[::-1]
        wanted = _plain(to or "")
        if since:
            found = list(takewhile(lambda message: message["sent_at"] >= since, found))
        return [message for message in found if not wanted or _plain(message["to"]) == wanted]

    def _watch_ses(self, client: Any) -> None:
        client.meta.events.register("before-parameter-build.ses.SendEmail", _remember)
        client.meta.events.register("after-call.ses.SendEmail", self._note_mail)
        client.meta.events.register("before-parameter-build.ses.SendRawEmail", _remember)
        client.meta.events.register("after-call.ses.SendRawEmail", self._note_raw_mail)

    def _watch_sns(self, client: Any) -> None:
        client.meta.events.register("before-parameter-build.sns.Publish", _remember)
        client.meta.events.register("after-call.sns.Publish", self._note_text)

    def _note_mail(self, *, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        sent = context.get(_CONTEXT_KEY)
        if sent is None or "Error" in parsed:
            return
        body = sent["Message"]["Body"]
        text = body.get("Text") or body.get("Html") or {}
        for kind in ("ToAddresses", "CcAddresses", "BccAddresses"):
            for address in sent["Destination"].get(kind, []):
                self._note("email", address, text.get("Data", ""), subject=sent["Message"]["Subject"]["Data"])

    def _note_raw_mail(self, *, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        sent = context.get(_CONTEXT_KEY)
        if sent is None or "Error" in parsed:
            return
        mail = message_from_bytes(sent["RawMessage"]["Data"], policy=default)
        text = mail.get_body(("plain",))
        body = text.get_content() if text is not None else ""
        attachments = [part.get_filename() or "" for part in mail.iter_attachments()]
        for address in sent["Destinations"]:
            self._note("email", address, body, subject=mail["Subject"], attachments=attachments)

    def _note_text(self, *, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        sent = context.get(_CONTEXT_KEY)
        # Publishing to a topic is no SMS.
        if sent is not None and "Error" not in parsed and sent.get("PhoneNumber"):
            self._note("sms", sent["PhoneNumber"], sent["Message"])

    def _note(self, channel: str, to: str, body: str, **more: str | list[str]) -> None:
        with self._lock:
            # Taken here, so that the order of the messages is that of their times.
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            message = {"channel": channel, "to": to, "body": body, **more, "sent_at": now}
            self._messages.append(message)
            del self._messages[:-_KEPT]
            if self._path is not None:
                self._keep(self._path, message)

    def _keep(self, path: Path, message: Mapping[str, Any]) -> None:
        if self._written < 2 * _KEPT:
            with path.open("a", encoding="utf-8") as file:
                file.write(_line(message))
            self._written += 1
            return
        fresh = path.with_suffix(".part")
        fresh.write_text("".join(map(_line, self._messages)), encoding="utf-8")
        fresh.replace(path)
        self._written = len(self._messages)


def _remember(*, params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
    context[_CONTEXT_KEY] = dict(params)


def _read(line: str) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and "sent_at" in message else None


def _line(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False) + "\n"


def _plain(address: str) -> str:
    # In a query a plus sign that was not escaped reads as a space.
    return address.strip().lstrip("+").casefold()
