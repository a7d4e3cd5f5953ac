"""The report's plots."""

from pathlib import Path
from typing import Any

import pygal
from pygal.style import Style

from tests.support.scale.scenarios import MOST_HEAT, Finding

_COLORS = ("#b3541e", "#0f5132")
_STYLE = Style(background="#ffffff", plot_background="#ffffff", colors=_COLORS[1:], font_family="sans-serif")
# Without scripts, and with ids that do not change from run to run.
_LOOK: dict[str, Any] = {
    "style": _STYLE, "js": [], "show_legend": False, "print_values": True, "width": 900, "truncate_label": 70,
    "no_prefix": True,
}  # fmt: skip


def draw(findings: list[Finding], folder: Path) -> None:
    """Write the plots of the findings as SVG files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(_hottest(findings), folder / "scale-hottest-keys.svg")
    _write(_growth(findings), folder / "scale-growth.svg")


def _hottest(findings: list[Finding]) -> Any:
    found = [
        (finding.scenario.name, heat) for finding in findings for heat in finding.hottest[:3] if heat.share >= 0.02
    ]
    chart = pygal.HorizontalBar(
        **_LOOK, title=f"Hottest keys, in % of what a partition serves (limit {MOST_HEAT:.0%})",
        height=40 + 34 * len(found), value_formatter=lambda value: f"{value:.0f} %",
    )  # fmt: skip
    chart.x_labels = [f"{name}: {heat.kind} ({heat.place})" for name, heat in found]
    over, within = _COLORS
    shares = [100 * heat.share for _, heat in found]
    chart.add("share", [{"value": each, "color": over if each > 100 * MOST_HEAT else within} for each in shares])
    return chart


def _growth(findings: list[Finding]) -> Any:
    """The load at which the first key gives way, as a multiple of the scenario's; a logarithmic scale."""
    chart = pygal.HorizontalBar(
        **_LOOK, title="The first key gives way at so many times the load", height=40 + 40 * len(findings),
        logarithmic=True, value_formatter=lambda value: f"{value:.1f}",
    )  # fmt: skip
    chart.x_labels = [finding.scenario.name for finding in findings]
    over, within = _COLORS
    growths = [finding.growth for finding in findings]
    chart.add("times", [{"value": each, "color": within if each >= 1 / MOST_HEAT else over} for each in growths])
    return chart


def _write(chart: Any, file: Path) -> None:
    file.write_bytes(chart.render(pretty_print=False))
