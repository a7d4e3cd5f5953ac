// CSV files of the platform (RFC 4180) as records by the names of their columns.

function rowsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let place = text.startsWith("\ufeff") ? 1 : 0; place < text.length; place += 1) {
    const letter = text.charAt(place);
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text.charAt(place + 1) === '"') {
        cell += letter;
        place += 1;
      } else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === "," || letter === "\n") {
      row.push(cell.replace(/\r$/, ""));
      cell = "";
      if (letter === "\n") {
        rows.push(row);
        row = [];
      }
    } else cell += letter;
  }
  if (cell || row.length) rows.push([...row, cell]);
  return rows;
}

/** Return the records of a file with a heading. */
export function recordsOf(text: string): Record<string, string>[] {
  const [heading = [], ...rows] = rowsOf(text);
  return rows.map((cells) => Object.fromEntries(heading.map((name, place) => [name, cells[place] ?? ""])));
}
