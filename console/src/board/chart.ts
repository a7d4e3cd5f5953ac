// The drawing of scans a minute, with uPlot. A module of its own, so that the Board can be read before it is loaded.
import uPlot from "uplot";

interface Series {
  at: number[];
  admitted: number[];
  refused: number[];
}
export interface Chart {
  show(series: Series): void;
  /** Draw again with the colours of the scheme that is shown now. */
  recolour(): void;
  end(): void;
}

const LEAST_HEIGHT = 120;
// The legend stands below the drawing, within the same place.
const LEGEND = 36;

// A canvas does not know `light-dark()`: the colour is read from an element that has it.
function colourOf(place: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.className = `ink ${name}`;
  place.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const dataOf = ({ at, admitted, refused }: Series): uPlot.AlignedData => [at, admitted, refused];

/** Draw into an element, and follow its width and the system's colour scheme. */
export function draw(place: HTMLElement, zone: string, [admitted, refused]: readonly [string, string], first: Series): Chart {
  let colours: Record<string, string> = {};
  const read = (): void => {
    colours = Object.fromEntries(["faint", "line", "good", "bad"].map((name) => [name, colourOf(place, name)]));
  };
  read();
  const colour = (name: string) => (): string => colours[name] ?? "gray";
  const size = (): { width: number; height: number } => ({
    width: Math.max(200, place.clientWidth),
    height: Math.max(LEAST_HEIGHT, place.clientHeight - LEGEND),
  });
  const axis: uPlot.Axis = { stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 }, font: "14px system-ui" };
  const plot = new uPlot(
    {
      ...size(),
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
      cursor: { show: false },
      legend: { show: true, live: false },
      scales: { y: { range: (_, __, most) => [0, Math.max(5, Math.ceil(most * 1.1))] } },
      axes: [{ ...axis, values: [[60, "{HH}:{mm}", null, null, null, null, null, null, 1]] }, { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] }],
      series: [
        {},
        { label: admitted, stroke: colour("good"), width: 2, paths: uPlot.paths.stepped?.({ align: 1 }), points: { show: false } },
        { label: refused, stroke: colour("bad"), width: 2, dash: [6, 4], paths: uPlot.paths.stepped?.({ align: 1 }), points: { show: false } },
      ],
    },
    dataOf(first),
    place,
  );
  const recolour = (): void => {
    read();
    plot.redraw(false, true);
  };
  const watcher = new ResizeObserver(() => {
    const { width, height } = size();
    if (width !== plot.width || height !== plot.height) plot.setSize({ width, height });
  });
  watcher.observe(place);
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", recolour);
  return {
    show: (series) => plot.setData(dataOf(series)),
    recolour,
    end() {
      watcher.disconnect();
      system.removeEventListener("change", recolour);
      plot.destroy();
    },
  };
}
