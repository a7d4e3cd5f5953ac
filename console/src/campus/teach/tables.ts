// Tables as teachers paste them: events by rows.
import type { Schemas } from "../../ui/api/client.ts";

type Event = Schemas["CampusEventIn"];
export interface Row {
  /** The line of the table; the names of the columns are line 1. */
  line: number;
  event: Event;
}
const NAMES = { start: "start_datetime", end: "end_datetime", radius: "location_radius" } as const;
const FIGURES = new Set(["latitude", "longitude", "location_radius"]);
const TIMES = new Set(["start_datetime", "end_datetime", "late_until", "closes_at"]);
// A day as ISO 8601 spells it: 11/01 is of January here and of November there. With a time, and perhaps an offset.
const TIME = /^(\d{4}-\d{2}-(\d{2}))[ T](\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:\d{2})?$/i;

/** Return the cells of a line: commas or tabs between them, quotes around those that have commas. */
function cellsOf(line: string): string[] {
  if (line.includes("\t")) return line.split("\t").map((each) => each.trim());
  return [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => (quoted?.replaceAll('""', '"') ?? plain ?? "").trim());
}

/** Return what a cell says; what is no figure or time goes as it is, and the platform names it. */
function valueOf(name: string, text: string): string | number | null {
  if (text === "") return null;
  if (FIGURES.has(name)) return Number.isNaN(Number(text)) ? text : Number(text);
  if (!TIMES.has(name)) return text;
  const [, day, date, hours, offset] = TIME.exec(text) ?? [];
  if (day === undefined || date === undefined || hours === undefined) return text;
  const at = `${day}T${hours.replace(/^\d:/, "0$&")}`;
  // There is no 30 February, which a browser takes for 2 March.
  const isDay = new Date(`${day}T00:00:00Z`).getUTCDate() === Number(date);
  if (!isDay || Number.isNaN(Date.parse(`${at}Z`))) return text;
  return offset === undefined ? new Date(at).toISOString() : new Date(`${at}${offset.toUpperCase()}`).toISOString();
}

export function rowsOf(text: string): Row[] {
  const [head = "", ...lines] = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const names = cellsOf(head).map((name) => NAMES[name.toLowerCase() as keyof typeof NAMES] ?? name.toLowerCase());
  return lines.flatMap((line, place) => {
    if (line.trim() === "") return [];
    const cells = cellsOf(line);
    const found = names.map((name, column) => [name, valueOf(name, cells[column] ?? "")] as const).filter(([, value]) => value !== null);
    return [{ line: place + 2, event: Object.fromEntries(found) as unknown as Event }];
  });
}
