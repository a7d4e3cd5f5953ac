"""A test bed without hardware: cards that answer nfcpy's `udp` driver datagram for datagram, as chips would."""

from reader_agent.simulator.air import Air, SimulatedCard
from reader_agent.simulator.felica import FelicaCard
from reader_agent.simulator.ntag213 import Ntag213
from reader_agent.simulator.ntag424 import Ntag424

__all__ = ["Air", "FelicaCard", "Ntag213", "Ntag424", "SimulatedCard"]
