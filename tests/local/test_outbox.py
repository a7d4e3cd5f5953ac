"""What was sent, as the mail and SMS services of MiniStack took it."""

import json
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra.local.outbox import Outbox
from infra.local.resources import Cloud, allow_mail

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]
SENDER = "gatehouse@example.com"


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "outbox.jsonl").attach()
    yield made
    made.detach()


def test_mails_and_texts_are_noted_newest_first_and_kept(
    ministack_cloud: Cloud, outbox: Outbox, tmp_path: Path
) -> None:
    allow_mail(ministack_cloud, SENDER)
    mail, text = ministack_cloud.client("ses"), ministack_cloud.client("sns")
    mail.send_email(
        Source=SENDER,
        Destination={"ToAddresses": ["someone@example.com"]},
        Message={"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Grüße"}}},
    )
    text.publish(PhoneNumber="+923001000003", Message="123456")

    newest, oldest = outbox.messages()
    assert (newest["channel"], newest["to"], newest["body"]) == ("sms", "+923001000003", "123456")
    assert (oldest["channel"], oldest["to"], oldest["subject"], oldest["body"]) == (
        "email",
        "someone@example.com",
        "Hello",
        "Grüße",
    )
    assert outbox.messages(" 923001000003") == [newest], "a plus sign reads as a space in a query"
    assert outbox.messages("SOMEONE@example.com") == [oldest]
    assert outbox.messages("nobody@example.com") == []
    assert Outbox(tmp_path / "outbox.jsonl").messages() == [newest, oldest]


def test_a_mail_with_files_shows_its_text_and_their_names(ministack_cloud: Cloud, outbox: Outbox) -> None:
    allow_mail(ministack_cloud, SENDER)
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = SENDER, "someone@example.com", "Grüße"
    mail.set_content("Your tickets: شکریہ\n")
    for name in ("tickets.pdf", "event.ics"):
        mail.add_attachment(b"content", maintype="application", subtype="octet-stream", filename=name)
    ministack_cloud.client("ses").send_raw_email(
        Source=SENDER, Destinations=["someone@example.com"], RawMessage={"Data": mail.as_bytes()}
    )
    (noted,) = outbox.messages("someone@example.com")
    assert (noted["channel"], noted["subject"], noted["body"].strip()) == ("email", "Grüße", "Your tickets: شکریہ")
    assert noted["attachments"] == ["tickets.pdf", "event.ics"]


def test_what_the_service_refused_was_not_sent(ministack_cloud: Cloud, outbox: Outbox) -> None:
    with pytest.raises(ClientError, match="MessageRejected"):
        ministack_cloud.client("ses").send_email(
            Source="stranger@example.com",
            Destination={"ToAddresses": ["someone@example.com"]},
            Message={"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "no"}}},
        )
    assert outbox.messages() == []


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x1c", "\r", "}\u2028{"])
def test_a_text_with_any_end_of_line_is_read_again_by_the_next_run(
    ministack_cloud: Cloud, outbox: Outbox, tmp_path: Path, end: str
) -> None:
    ministack_cloud.client("sns").publish(PhoneNumber="+923001000003", Message=f"one{end}two")
    assert [each["body"] for each in Outbox(tmp_path / "outbox.jsonl").messages()] == [
        each["body"] for each in outbox.messages()
    ]
    assert len(outbox.messages()) == 1


def test_the_file_keeps_no_more_than_twice_what_is_shown_and_no_line_that_was_cut(
    ministack_cloud: Cloud, outbox: Outbox, tmp_path: Path
) -> None:
    kept = tmp_path / "outbox.jsonl"
    line = '{"channel": "sms", "to": "+923001000003", "body": "%d", "sent_at": "2026-11-29T00:00:00.000Z"}\n'
    kept.write_text("".join(line % number for number in range(12_000)) + '{"channel": "sms", "bo')
    outbox.detach()
    again = Outbox(kept).attach()
    text = ministack_cloud.client("sns")
    try:
        for number in (12_000, 12_001):
            text.publish(PhoneNumber="+923001000003", Message=str(number))
    finally:
        again.detach()
    lines = kept.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5001
    assert [json.loads(each)["body"] for each in (lines[0], *lines[-2:])] == ["7001", "12000", "12001"]
    assert [message["body"] for message in Outbox(kept).messages()[:3]] == ["12001", "12000", "11999"]
