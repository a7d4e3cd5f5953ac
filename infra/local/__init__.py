"""`make run`: the whole platform on this machine, on embedded emulators of the cloud services."""
