// QR codes of short texts, drawn as SVG: ISO/IEC 18004, byte mode, error correction M, versions 1 to 13.
import type { JSX } from "preact";

// Per version: code words in all, words of error correction a block, and blocks (ISO/IEC 18004, table 9, level M).
const TOTAL = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346, 404, 466, 532];
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9];
// Level M in the format's two bits.
const LEVEL = 0;

const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}
const at = (list: ArrayLike<number>, place: number): number => list[place] ?? 0;
const times = (a: number, b: number): number => (a && b ? at(EXP, at(LOG, a) + at(LOG, b)) : 0);

function correctionOf(data: Uint8Array, degree: number): Uint8Array {
  let generator = new Uint8Array([1]);
  for (let power = 0; power < degree; power += 1) {
    const next = new Uint8Array(generator.length + 1);
    generator.forEach((value, place) => {
      next[place] = at(next, place) ^ value;
      next[place + 1] = at(next, place + 1) ^ times(value, at(EXP, power));
    });
    generator = next;
  }
  const rest = new Uint8Array(data.length + degree);
  rest.set(data);
  for (let place = 0; place < data.length; place += 1) {
    const factor = at(rest, place);
    if (factor) generator.forEach((value, offset) => (rest[place + offset] = at(rest, place + offset) ^ times(value, factor)));
  }
  return rest.slice(data.length);
}

function words(text: Uint8Array, version: number): Uint8Array | null {
  const total = at(TOTAL, version - 1);
  const correction = at(CORRECTION, version - 1);
  const blocks = at(BLOCKS, version - 1);
  const room = total - correction * blocks;
  const lengthBits = version < 10 ? 8 : 16;
  if (4 + lengthBits + text.length * 8 > room * 8) return null;
  const bits: number[] = [];
  const push = (value: number, size: number): void => {
    for (let bit = size - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1);
  };
  push(4, 4);
  push(text.length, lengthBits);
  text.forEach((byte) => push(byte, 8));
  push(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  for (let pad = 0xec; bits.length < room * 8; pad ^= 0xec ^ 0x11) push(pad, 8);
  const data = new Uint8Array(room);
  bits.forEach((bit, place) => (data[place >> 3] = at(data, place >> 3) | (bit << (7 - (place & 7)))));
  const short = Math.floor(room / blocks);
  const longer = room % blocks;
  const parts: Uint8Array[] = [];
  for (let block = 0, begin = 0; block < blocks; block += 1) {
    const size = short + (block >= blocks - longer ? 1 : 0);
    parts.push(data.slice(begin, begin + size));
    begin += size;
  }
  const checks = parts.map((part) => correctionOf(part, correction));
  const out: number[] = [];
  for (let place = 0; place <= short; place += 1) for (const part of parts) if (place < part.length) out.push(at(part, place));
  for (let place = 0; place < correction; place += 1) for (const check of checks) out.push(at(check, place));
  return Uint8Array.from(out);
}

type Grid = (boolean | null)[][];
const put = (grid: Grid, row: number, column: number, dark: boolean): void => {
  const line = grid[row];
  if (line && column >= 0 && column < line.length) line[column] = dark;
};

function frame(version: number): Grid {
  const size = version * 4 + 17;
  const grid: Grid = Array.from({ length: size }, () => Array<boolean | null>(size).fill(null));
  const finder = (top: number, left: number): void => {
    for (let row = -1; row < 8; row += 1)
      for (let column = -1; column < 8; column += 1) {
        const ring = Math.max(Math.abs(row - 3), Math.abs(column - 3));
        put(grid, top + row, left + column, ring !== 2 && ring <= 3);
      }
  };
  const spots = alignments(version, size);
  for (const row of spots)
    for (const column of spots) {
      const corner = (row === 6 && (column === 6 || column === size - 7)) || (row === size - 7 && column === 6);
      if (corner) continue;
      for (let down = -2; down <= 2; down += 1) for (let over = -2; over <= 2; over += 1) put(grid, row + down, column + over, Math.max(Math.abs(down), Math.abs(over)) !== 1);
    }
  for (let place = 8; place < size - 8; place += 1) {
    put(grid, 6, place, place % 2 === 0);
    put(grid, place, 6, place % 2 === 0);
  }
  finder(0, 0);
  finder(0, size - 7);
  finder(size - 7, 0);
  format(grid, 0); // reserves their places
  if (version >= 7) versionBits(grid, version);
  return grid;
}

function alignments(version: number, size: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((size - 13) / (2 * count - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, place) => size - 7 - (count - 2 - place) * step)];
}

function versionBits(grid: Grid, version: number): void {
  let rest = version;
  for (let step = 0; step < 12; step += 1) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
  const bits = (version << 12) | rest;
  for (let place = 0; place < 18; place += 1) {
    const dark = ((bits >> place) & 1) === 1;
    const far = grid.length - 11 + (place % 3);
    put(grid, Math.floor(place / 3), far, dark);
    put(grid, far, Math.floor(place / 3), dark);
  }
}

function format(grid: Grid, mask: number): void {
  const data = (LEVEL << 3) | mask;
  let rest = data;
  for (let step = 0; step < 10; step += 1) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = ((data << 10) | rest) ^ 0x5412;
  const size = grid.length;
  for (let place = 0; place < 15; place += 1) {
    const dark = ((bits >> place) & 1) === 1;
    put(grid, place < 6 ? place : place < 8 ? place + 1 : size - 15 + place, 8, dark);
    put(grid, 8, place < 8 ? size - 1 - place : place === 8 ? 7 : 14 - place, dark);
  }
  put(grid, size - 8, 8, true);
}

const MASKS: readonly ((row: number, column: number) => boolean)[] = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

// What the standard's rules 1 and 4 weigh: runs of one colour, and the share of dark.
function penalty(grid: Grid): number {
  let sum = 0;
  let dark = 0;
  const size = grid.length;
  for (let line = 0; line < size; line += 1)
    for (const read of [(place: number) => grid[line]?.[place], (place: number) => grid[place]?.[line]]) {
      let run = 0;
      for (let place = 0; place < size; place += 1) {
        run = place && read(place) === read(place - 1) ? run + 1 : 1;
        if (run === 5) sum += 3;
        else if (run > 5) sum += 1;
      }
    }
  for (const line of grid) for (const each of line) if (each) dark += 1;
  return sum + Math.floor(Math.abs((dark * 20) / (size * size) - 10)) * 10;
}

function filled(version: number, data: Uint8Array, mask: number): Grid {
  const fixed = frame(version);
  const grid = fixed.map((line) => [...line]);
  const size = grid.length;
  let bit = 0;
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const row = up ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (fixed[row]?.[column] !== null) continue;
        const dark = bit < data.length * 8 && ((at(data, bit >> 3) >> (7 - (bit & 7))) & 1) === 1;
        bit += 1;
        put(grid, row, column, dark !== (MASKS[mask]?.(row, column) ?? false));
      }
    }
  }
  format(grid, mask);
  return grid;
}

/** Return the modules of a QR code, row by row. Raises RangeError for a text that is too long. */
export function qrOf(text: string): readonly (readonly (boolean | null)[])[] {
  const bytes = new TextEncoder().encode(text);
  for (let version = 1; version <= TOTAL.length; version += 1) {
    const data = words(bytes, version);
    if (data === null) continue;
    const grids = MASKS.map((_, mask) => filled(version, data, mask));
    return grids.reduce((best, each) => (penalty(each) < penalty(best) ? each : best));
  }
  throw new RangeError("The text is too long for a QR code.");
}

/** A text as a QR code with its quiet zone, dark on white in every colour scheme. */
export function Qr({ text, label }: { text: string; label: string }): JSX.Element {
  const grid = qrOf(text);
  const size = grid.length + 8;
  const path = grid.flatMap((line, row) => line.flatMap((dark, column) => (dark ? [`M${column + 4} ${row + 4}h1v1h-1z`] : []))).join("");
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
