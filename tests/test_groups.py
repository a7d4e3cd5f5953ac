"""Tests of one group run on one worker, so that what they share is made once (`pytest.mark.xdist_group`)."""

import pytest


@pytest.mark.xdist_group("one worker")
def test_a_group_is_part_of_the_name_by_which_tests_are_given_to_workers(request: pytest.FixtureRequest) -> None:
    if not hasattr(request.config, "workerinput") or not request.config.option.loadgroup:
        pytest.skip("this run has one worker, or gives tests to workers one by one")
    assert request.node.nodeid.endswith("@one worker")
