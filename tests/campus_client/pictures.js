// Pictures as a phone takes and draws them, as PNG.
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";

function chunk(type, content) {
  const body = Buffer.concat([Buffer.from(type), content]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(content.length);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

/** A PNG whose pixels are what `colour(x, y)` says: red, green and blue. */
export function png(width, height, colour) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows.set(colour(x, y), y * (width * 3 + 1) + 1 + x * 3);
  }
  const magic = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const chunks = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([magic, ...chunks]);
}

/** A photo that no other one is like. */
export function photo(seed) {
  const wave = (value, step) => Math.round(127 + 120 * Math.sin((value + seed) / step));
  return new Blob([png(320, 240, (x, y) => [wave(x, 9 + (seed % 7)), wave(y, 11), wave(x + y, 17)])], { type: "image/png" });
}

/** A signature as a canvas gives it: a data URL. */
export function signature() {
  const isInk = (x, y) => Math.abs(y - 50 - 30 * Math.sin(x / 12)) < 2 && x > 20 && x < 280;
  return `data:image/png;base64,${png(300, 100, (x, y) => (isInk(x, y) ? [0, 0, 0] : [255, 255, 255])).toString("base64")}`;
}
