"""The agent's state in Prometheus' text format (version 0.0.4)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]
# A value with its labels; None where it is not known, and then the line is left out.
Sample = tuple[dict[str, str], float | None]
_MILLISECONDS = 1000


@dataclass(frozen=True)
class Metric:
    """A metric's name after `gatehouse_reader_`, what it means, and its samples."""

    name: str
    help: str
    samples: Callable[[State], list[Sample]]

    @property
    def kind(self) -> str:
        """Return the type that Prometheus knows."""
        return "counter" if self.name.endswith("_total") else "gauge"

    def lines(self, state: State) -> Iterator[str]:
        """Yield the metric's lines; none where nothing is known of it."""
        samples = [(labels, value) for labels, value in self.samples(state) if value is not None]
        if not samples and self.kind == "gauge":
            return
        name = f"gatehouse_reader_{self.name}"
        yield f"# HELP {name} {self.help}"
        yield f"# TYPE {name} {self.kind}"
        for labels, value in samples:
            shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            yield f"{name}{f'{{{shown}}}' if shown else ''} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _one(value: Callable[[State], float | None]) -> Callable[[State], list[Sample]]:
    return lambda state: [({}, value(state))]


def _number(state: State, name: str) -> float | None:
    value = state.get(name)
    return None if value is None else float(value)


def _offset(state: State) -> float | None:
    offset = _number(state, "clock_offset_ms")
    return None if offset is None else offset / _MILLISECONDS


def _snapshot_age(state: State) -> float | None:
    return _number(state.get("snapshot") or {}, "age_s")


def _of_hub(fact: str) -> Callable[[State], float | None]:
    """Return what reads a fact about the hub; it is not known where there is no hub."""

    def read(state: State) -> float | None:
        hub = state.get("hub") or {}
        return _number(hub, fact) if hub.get("address") or hub.get("role") == "hub" else None

    return read


def _of_readers(fact: str) -> Callable[[State], list[Sample]]:
    return lambda state: [
        ({"path": reader["path"], "kind": reader["kind"]}, float(reader[fact])) for reader in state.get("readers", ())
    ]


METRICS = (
    Metric("queue_depth", "Taps that wait to be sent.", _one(lambda state: _number(state, "queue_depth"))),
    Metric(
        "dead_letters",
        "Taps that failed alone and are retried slowly.",
        _one(lambda state: _number(state, "dead_letters")),
    ),
    Metric("open", "Whether all readers answer.", _one(lambda state: _number(state, "reader_open"))),
    Metric("locked_out", "Whether the server refuses the device.", _one(lambda state: float(bool(state["alarm"])))),
    Metric(
        "ready",
        "Whether the gate reads, records and sends.",
        _one(lambda state: float(not state["why_not_ready"])),
    ),
    Metric(
        "card_errors_total",
        "Cards and codes that could not be read.",
        _one(lambda state: _number(state, "card_errors")),
    ),
    Metric(
        "failed_attempts_total",
        "Attempts to send that found no server.",
        _one(lambda state: _number(state, "failed_attempts")),
    ),
    Metric(
        "taps_total",
        "Taps by what was shown for them.",
        lambda state: [({"shown": word}, float(count)) for word, count in sorted(state["shown"].items())],
    ),
    Metric("clock_offset_seconds", "The server's clock minus this device's.", _one(_offset)),
    Metric("snapshot_age_seconds", "How old the snapshot for decisions offline is.", _one(_snapshot_age)),
    Metric(
        "signal_errors",
        "Relays, lamps and sounds that do not work.",
        _one(lambda state: float(len(state.get("signal_errors", ())))),
    ),
    Metric("hub_up", "Whether the hub answers; at the hub itself, whether it serves and records.", _one(_of_hub("up"))),
    Metric("hub_passages", "The number of the last passage that the hub recorded.", _one(_of_hub("sequence"))),
    Metric("hub_decisions", "Taps that this hub decided for others.", _one(_of_hub("decisions"))),
    Metric("reader_open", "Whether this reader answers.", _of_readers("open")),
    Metric("reader_reconnects_total", "How often this reader was opened again.", _of_readers("reconnects")),
    Metric("reader_errors_total", "Cards and codes that this reader could not read.", _of_readers("errors")),
    Metric("reader_hostile_total", "Input of this reader that no card or ticket makes.", _of_readers("hostile")),
    Metric(
        "reader_together_total",
        "Cards that were new while another one was in this reader's field.",
        _of_readers("together"),
    ),
    Metric(
        "reader_flickers_total",
        "Readings of a card or code that had not left.",
        _of_readers("flickers"),
    ),
)


def metrics_text(state: State) -> str:
    """Return the state as Prometheus reads it."""
    return "\n".join(line for metric in METRICS for line in metric.lines(state)) + "\n"
