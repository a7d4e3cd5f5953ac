"""The local runner: its engines, its front, its pumps, its meter."""
