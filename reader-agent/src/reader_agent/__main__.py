"""`python -m reader_agent` is `gatehouse-reader`."""

from reader_agent.cli import main

main()
