"""The reader agent of Gatehouse: taps of cards at a gate, kept, sent and answered."""

__version__ = "0.1.0"
