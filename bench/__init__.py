"""`make bench`: cost and speed on this machine, beside the incumbent's figures."""
