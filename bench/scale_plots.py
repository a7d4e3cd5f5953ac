"""The report's plots."""

from pathlib import Path

import pygal
from pygal.style import Style

from tests.support.scale.scenarios import MOST_HEAT, Finding

_STYLE = Style(
    background="#ffffff", plot_background="#ffffff", colors=("#0f5132", "#b3541e", "#4a5560"), font_family="sans-serif"
)


def draw(findings: list[Finding], folder: Path) -> None:
    """Write the plots of the findings as SVG files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    heat = pygal.HorizontalBar(
        style=_STYLE, js=[], show_legend=False, title="The hottest key of each scenario, in % of a partition",
        range=(0, 100), value_formatter=lambda value: f"{value:.0f} %", print_values=True, height=320,
    )  # fmt: skip
    heat.x_labels = [found.scenario.name for found in findings]
    heat.add("hottest key", [100 * found.hottest[0].share for found in findings])
    heat.y_labels = [0, 25, 100 * MOST_HEAT, 75, 100]
    heat.render_to_file(str(folder / "scale-hottest-keys.svg"))
    keys = pygal.HorizontalBar(
        style=_STYLE, js=[], show_legend=False, title="The three hottest kinds of keys of each scenario, in %",
        range=(0, 100), value_formatter=lambda value: f"{value:.1f} %", print_values=True, height=620,
    )  # fmt: skip
    labels, values = [], []
    for found in findings:
        for each in found.hottest[:3]:
            labels.append(f"{found.scenario.name}: {each.kind} ({each.place})")
            values.append(100 * each.share)
    keys.x_labels = labels
    keys.add("share", values)
    keys.render_to_file(str(folder / "scale-keys.svg"))
