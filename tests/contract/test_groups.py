"""The tests of a file here run on one worker, whether everything, this folder or the file alone is run."""

import pytest


def test_a_file_here_is_a_group_of_its_own(request: pytest.FixtureRequest) -> None:
    if not hasattr(request.config, "workerinput") or not request.config.option.loadgroup:
        pytest.skip("this run has one worker, or gives tests to workers one by one")
    assert request.node.nodeid.endswith("@contract test_groups")
