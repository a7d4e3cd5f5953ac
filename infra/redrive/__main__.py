"""`python -m infra.redrive --stage prod`: replay the dead letters of a stage."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from infra import stages
from infra.redrive import places, queue_letters, stream_letters
from infra.redrive.places import StreamFunction
from infra.redrive.queue_letters import DeadLetterQueue
from infra.redrive.stream_letters import Call, NotReplayed

_HELP = """
sources: stream and live (records of the table's stream), alerts, messages, payments, jobs (queues).

Mend the cause first, and deploy it. A letter that fails again is kept, and the command ends with 1. Letters are
replayed at least once; every worker is idempotent. The command may be killed and run again.
Docs: docs/operations.md, "Redrive dead letters".
"""
# A stream function has 30 s for a batch.
_CALL_SECONDS = 60
# What Lambda says of one call (AWS, "Invoke"): the letters behind it can be replayed all the same.
_OF_ONE_LETTER = ("RequestTooLargeException", "TooManyRequestsException")


class Redrive:
    """One run of the command."""

    def __init__(self, *, stack: str, is_local: bool, limit: int) -> None:
        """`stack` names the stage's stack; `limit` bounds the letters of each source."""
        session: Any = get_session()
        waiting = Config(read_timeout=_CALL_SECONDS, retries={"total_max_attempts": 3, "mode": "standard"})
        self._client: Callable[[str], Any] = lambda service: session.create_client(service, config=waiting)
        self._is_local = is_local
        self._limit = limit
        self.places = places.find(self._client, stack)

    def show(self, wanted: Sequence[str]) -> None:
        """Print how many letters wait; change nothing."""
        for stream, letters in self._letters(wanted):
            oldest = min((letter.written_at for letter in letters), default=None)
            since = f", the oldest of {oldest:%Y-%m-%d %H:%M} UTC" if oldest else ""
            print(f"{stream.name.lower()}: {len(letters)} waiting{since}")
        for queue in self._queues(wanted):
            print(f"{queue.name.lower()}: about {queue_letters.count(self._client('sqs'), queue)} waiting")

    def replay(self, wanted: Sequence[str]) -> bool:
        """Replay the letters; print a line for each source, and return whether none failed."""
        failed = 0
        for stream, letters in self._letters(wanted):
            failed += self._replay_stream(stream, letters[: self._limit])
        for queue in self._queues(wanted):
            moved = queue_letters.move(self._client("sqs"), queue, limit=self._limit)
            print(f"{queue.name.lower()}: {moved} moved back to the queue")
        return not failed

    def _replay_stream(self, stream: StreamFunction, letters: Sequence[stream_letters.StreamLetter]) -> int:
        s3, call = self._client("s3"), self._call(stream)
        done = records = failed = 0
        for letter in letters:
            try:
                records += stream_letters.replay(letter, s3, stream.bucket, call=call)
                done += 1
            except NotReplayed as why:
                failed += 1
                print(f"  kept {letter.key}: {why}", file=sys.stderr)
        print(f"{stream.name.lower()}: {done} letters with {records} records replayed, {failed} kept")
        if not failed and not any(stream_letters.waiting(s3, stream.bucket)):
            self._end_alarm(stream)
        return failed

    def _end_alarm(self, stream: StreamFunction) -> None:
        """Remove the notices of letters that are gone, so that the alarm ends.

        A letter that comes meanwhile is there before its notice, which stays: else nobody would hear of it.
        """
        sqs = self._client("sqs")
        # Without a wait, SQS asks some of its servers only, and a queue with few messages may seem empty (AWS, "Amazon
        # SQS short and long polling").
        asked = {"QueueUrl": stream.notices_url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
        while found := sqs.receive_message(**asked).get("Messages"):
            here = {letter.key for letter in stream_letters.waiting(self._client("s3"), stream.bucket)}
            for notice in (each for each in found if stream_letters.noticed(each["Body"]) not in here):
                sqs.delete_message(QueueUrl=stream.notices_url, ReceiptHandle=notice["ReceiptHandle"])

    def _call(self, stream: StreamFunction) -> Call:
        if self._is_local:
            return _here(stream.name.lower())
        client = self._client("lambda")

        def call(event: dict[str, Any]) -> Any:
            # As few bytes as Lambda sent: letters of other scripts would grow to thrice their size as escapes.
            payload = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
            try:
                answer = client.invoke(FunctionName=stream.function_name, Payload=payload)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _OF_ONE_LETTER:
                    raise
                raise NotReplayed(str(error)) from error
            content = answer["Payload"].read()
            if answer.get("FunctionError"):
                raise NotReplayed(f"{stream.function_name} raised or timed out; its log says why")
            return json.loads(content) if content else None

        return call

    def _letters(self, wanted: Sequence[str]) -> list[tuple[StreamFunction, list[stream_letters.StreamLetter]]]:
        return [
            (stream, list(stream_letters.waiting(self._client("s3"), stream.bucket)))
            for stream in self.places.streams
            if stream.name.lower() in wanted
        ]

    def _queues(self, wanted: Sequence[str]) -> list[DeadLetterQueue]:
        return [queue for queue in self.places.queues if queue.name.lower() in wanted]


def _here(function: str) -> Call:
    """Return a stream function of this checkout: a local run has no Lambda service."""
    import app
    from infra.local.invocation import FunctionContext

    def call(event: dict[str, Any]) -> Any:
        try:
            return getattr(app, function)(event, FunctionContext(function, _CALL_SECONDS))
        except Exception as error:
            raise NotReplayed(f"{function} raised {type(error).__name__}") from error

    return call


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 1 with a message if a letter is kept or the stage cannot be read."""
    parser = argparse.ArgumentParser(
        prog="make redrive STAGE= ARGS=",
        description="Replay dead letters of the stream and of the queues.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stages.add_arguments(parser)
    parser.add_argument("--stack", help="the stack, by default gatehouse-<stage>")
    parser.add_argument("--only", action="append", metavar="SOURCE", help="one source; may be repeated")
    parser.add_argument(
        "--limit", type=stages.positive, default=10_000, help="the most letters of a source (default 10,000)"
    )
    parser.add_argument("--dry-run", action="store_true", help="list what waits, and change nothing")
    given = parser.parse_args(argv)
    stages.check(parser, given)
    stages.aim_at(given)
    is_local = given.stage == stages.LOCAL
    try:
        stack = given.stack or ("gatehouse" if is_local else f"gatehouse-{given.stage}")
        run = Redrive(stack=stack, is_local=is_local, limit=given.limit)
        known = run.places.names
        if unknown := set(given.only or ()) - set(known):
            parser.error(f"unknown source: {', '.join(sorted(unknown))}. There are {', '.join(known)}")
        wanted = given.only or known
        if given.dry_run:
            run.show(wanted)
            return 0
        return 0 if run.replay(wanted) else 1
    except (BotoCoreError, ClientError) as error:
        print(f"The dead letters of stage {given.stage} cannot be read or replayed: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
