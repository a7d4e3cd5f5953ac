"""`make run`: the whole platform on this machine, on embedded stand-ins for the cloud services."""
