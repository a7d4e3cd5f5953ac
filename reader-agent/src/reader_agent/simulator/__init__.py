"""Simulated cards, for tests without hardware: they answer nfcpy's `udp` driver datagram by datagram."""

from reader_agent.simulator.air import Air, SimulatedCard
from reader_agent.simulator.felica import FelicaCard
from reader_agent.simulator.ntag213 import Ntag213
from reader_agent.simulator.ntag424 import Ntag424

__all__ = ["Air", "FelicaCard", "Ntag213", "Ntag424", "SimulatedCard"]
