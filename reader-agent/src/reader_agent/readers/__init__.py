"""The readers of a gate: a module for each kind, behind one class (`base.Reader`)."""

from reader_agent.readers.base import Reader
from reader_agent.readers.group import Readers
from reader_agent.readers.paths import make_reader, split
from reader_agent.readers.reading import Card, Code, Reading

__all__ = ["Card", "Code", "Reader", "Readers", "Reading", "make_reader", "split"]
