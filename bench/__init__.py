"""`make bench`: what a scan costs in time, on this machine, and the same beside the incumbent's figures."""
