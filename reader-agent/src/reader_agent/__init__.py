"""The reader agent of Gatehouse: reads cards at a gate, stores each tap, sends it, and shows the decision."""

__version__ = "0.1.0"
