"""Our patches of moto change only the cost of its answers."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from botocore.session import get_session
from moto import mock_aws

from chalicelib.table import keys, operations
from chalicelib.table.items import SandboxFunds
from tests.support import moto_sample

WRITERS = 6
WRITES = 40


def test_a_sample_of_requests_gets_the_same_answers_with_and_without_our_patches() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.moto_sample"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **moto_sample.ENVIRONMENT},
        capture_output=True,
        timeout=600,
        check=True,
    )
    patched, bare = moto_sample.asked(), json.loads(done.stdout)
    assert len(patched) > 80
    assert len(patched) == len(bare)
    for place, (ours, theirs) in enumerate(zip(patched, bare, strict=True)):
        assert ours == theirs, f"answer {place}"


def test_clients_of_a_session_that_several_clouds_shared_can_be_made() -> None:
    for _ in range(2):
        with mock_aws():
            for make in (boto3.client, get_session().create_client):
                assert hasattr(make("s3", region_name="us-east-1"), "upload_file")


@pytest.mark.usefixtures("moto_cloud")
def test_a_failed_transaction_undoes_nothing_that_another_thread_wrote() -> None:
    written, refused = keys.money.sandbox_funds("PKR"), keys.money.sandbox_funds("EUR")
    ended = threading.Event()
    one_more = [SandboxFunds.amount.add(1)]

    def write(_: int) -> None:
        for _ in range(WRITES):
            operations.commit(operations.change(written, one_more))

    def fail() -> int:
        failed = 0
        while not ended.is_set():
            with pytest.raises(operations.ConditionFailed):
                operations.commit(
                    operations.change(written, one_more),
                    operations.change(refused, one_more, SandboxFunds.amount.exists()),
                )
            failed += 1
        return failed

    with ThreadPoolExecutor(WRITERS + 2) as threads:
        failing = [threads.submit(fail) for _ in range(2)]
        try:
            list(threads.map(write, range(WRITERS)))
        finally:
            ended.set()
    assert min(each.result() for each in failing) > 0
    funds = operations.get(written)
    assert funds is not None
    assert funds.amount == WRITERS * WRITES
