// The one canonical spelling of a code, an id or a card's name that a scanner reads or a hand types. Scanners add line
// ends, GS and AIM identifiers, keyboards have other layouts, people add spaces: each is undone here as the platform
// does it; tests/vectors/scanned.json holds both to the same result.

const AIM = /^\][A-Za-z][0-9A-Za-z]/; // ISO/IEC 15424, such as `]Q1` of a QR code
const AROUND = " \"'`´“”„‟‘’‚‛«»‹›「」『』<>";
const HYPHENS = /[‐‑‒–—―−﹘﹣]/g;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Mn}\p{Me}\p{Zl}\p{Zp}]/u;
const MOST_READINGS = 16;
const LONGEST = 2048;
// The parameter of a URL that has the code, where it is not the last part of the path.
const NAMED = ["code", "qr", "ticket", "ticket_id", "id", "number", "uid", "card", "card_id", "invite", "invite_code"];
// What the same keys type in the US, the German and the French layout.
const US = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?";
const GERMAN = "^1234567890ß´qwertzuiopü+#asdfghjklöäyxcvbnm,.-°!\"§$%&/()=?`QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_";
const FRENCH = "²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!~1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§";
// A scanner that types as a US keyboard on a computer with another layout, and then the other way round.
const LAYOUTS = [[GERMAN, US], [FRENCH, US], [US, GERMAN], [US, FRENCH]].map(([shown = "", meant = ""]) => new Map([...shown].map((each, place) => [each, meant[place] ?? each])));
const UID_LENGTHS = [4, 7, 8, 10];
const CODE = "GH1:";
const CODE_LENGTH = 147;

const strip = (text: string): string => {
  let from = 0;
  let to = text.length;
  while (from < to && AROUND.includes(text.charAt(from))) from += 1;
  while (to > from && AROUND.includes(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
};

/** Return the value of a decimal digit of any script. */
function digit(character: string): string {
  // Digits of a script are ten in a row: the distance from its zero is the value.
  let code = character.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) {
    code -= 1;
    value += 1;
  }
  return String(value);
}

/** Return a text without what no display shows, in NFKC, with ASCII's digits, hyphens and spaces. */
export function visible(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  let shown = "";
  for (const character of text.normalize("NFKC").replace(HYPHENS, "-")) {
    if (/\p{Zs}/u.test(character)) shown += " ";
    else if (/\p{Nd}/u.test(character)) shown += character >= "0" && character <= "9" ? character : digit(character);
    else if (!UNSEEN.test(character)) shown += character;
  }
  return shown;
}

/** ASCII's letters in capitals, and the dotted and dotless letters of Turkish keyboards. */
const capitals = (text: string): string => text.replace(/[a-z]/g, (each) => each.toUpperCase()).replace(/[İı]/g, "I");

/** Decode percent signs as Python does: what is no UTF-8 becomes a replacement character, what is no escape stays. */
function unquoted(text: string, plus: boolean): string {
  const spaced = plus ? text.replace(/\+/g, " ") : text;
  return spaced.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    const bytes = Uint8Array.from(run.match(/[0-9A-Fa-f]{2}/g) ?? [], (each) => parseInt(each, 16));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  });
}

function ofUrl(text: string): string {
  const [, rest = ""] = strip(text).split(/:\/\/(.*)/s);
  const [whole = ""] = rest.split("#");
  const [address = "", query = ""] = whole.split(/\?(.*)/s);
  const named = new Map<string, string>();
  for (const pair of query.split("&")) {
    const [name = "", value = ""] = pair.split(/=(.*)/s).map((part) => unquoted(part, true));
    if (value) named.set(name, value);
  }
  for (const name of NAMED) {
    const value = named.get(name);
    if (value) return value;
  }
  const place = address.indexOf("/");
  const path = place < 0 ? "" : address.slice(place).replace(/\/+$/, "");
  return path.slice(path.lastIndexOf("/") + 1);
}

function* opened(text: string): Generator<string> {
  yield strip(text).replace(AIM, "");
  if (text.includes("%") || text.includes("+")) {
    yield visible(unquoted(text, true));
    yield visible(unquoted(text, false));
  }
  if (text.includes("://")) yield ofUrl(text);
}

function* unwrapped(text: string): Generator<string> {
  const queue = [text];
  for (const reading of queue) {
    yield reading;
    for (const inner of opened(reading)) if (!queue.includes(inner) && queue.length < MOST_READINGS) queue.push(inner);
  }
}

/** Yield a text as it is, then without its envelopes one by one; then the same in each other layout of keyboards. */
function* readings(text: string): Generator<string> {
  const given = text.slice(0, LONGEST);
  yield* unwrapped(visible(given));
  for (const layout of LAYOUTS) {
    // Every key of a scanner goes through the layout, so a text with any other character was not typed in it.
    const typed = [...given].filter((each) => !/\s/u.test(each) && !/[\p{C}\p{Z}]/u.test(each));
    if (typed.every((each) => layout.has(each))) {
      yield* unwrapped(visible([...given].map((each) => layout.get(each) ?? each).join("")));
    }
  }
}

function first(text: string, read: (reading: string) => string | null): string {
  for (const reading of readings(text)) {
    const found = read(reading);
    if (found !== null) return found;
  }
  return strip(visible(text));
}

/** Yield each part of a text that may be a ticket's code, likeliest first: only its signature tells which is right. */
export function* codes(text: string): Generator<string> {
  const seen = new Set<string>();
  for (const reading of readings(text)) {
    const given = capitals(reading).replaceAll("GH1;", CODE); // the capitals lock makes `;` of `:`
    for (let place = given.indexOf(CODE); place >= 0; place = given.indexOf(CODE, place + 1)) {
      const found = given.slice(place, place + CODE_LENGTH);
      if (found.length !== CODE_LENGTH || seen.has(found)) continue;
      seen.add(found);
      yield found;
    }
  }
}

function platformId(reading: string): string | null {
  const packed = capitals(reading).replaceAll(" ", "");
  // Crockford's Base32: the letters that a ULID lacks are read as the digits that they resemble.
  const tail = packed.slice(-26).replaceAll("O", "0").replace(/[IL]/g, "1");
  const found = /^([A-Z]{2,4})[_ -]?([0-7][0-9A-HJKMNP-TV-Z]{25})$/.exec(packed.slice(0, -26) + tail);
  return found?.[1] === undefined || found[2] === undefined ? null : `${found[1].toLowerCase()}_${found[2]}`;
}

/** Return an id such as `tkt_01JDEM…`; ids without a ULID keep their case. */
export const identifier = (text: string): string => first(text, platformId);

const isUid = (text: string): boolean => /^[0-9A-F]+$/.test(text) && text.length % 2 === 0 && UID_LENGTHS.includes(text.length / 2);

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Return the 16 bytes of a ULID. */
export function bytesOfUlid(text: string): Uint8Array {
  let value = 0n;
  for (const each of text) value = value * 32n + BigInt(CROCKFORD.indexOf(each));
  return Uint8Array.from({ length: 16 }, (_, place) => Number((value >> BigInt(8 * (15 - place))) & 255n));
}

/** Return the ULID of 16 bytes. */
export function ulidOf(bytes: Uint8Array): string {
  let value = 0n;
  for (const each of bytes) value = value * 256n + BigInt(each);
  return Array.from({ length: 26 }, (_, place) => CROCKFORD.charAt(Number((value >> BigInt(5 * (25 - place))) & 31n))).join("");
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("").toUpperCase();

/** Return the UID in a card's id, or null where the text is no card's id. The last ten bytes hold it, padded. */
export function uidOfCardId(text: string): string | null {
  if (!/^crd_[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)) return null;
  const bytes = bytesOfUlid(text.slice(4));
  return hex(bytes.slice(6, 6 + (UID_LENGTHS[(bytes[5] ?? 0) & 3] ?? 0)));
}

function card(reading: string): string | null {
  const named = platformId(reading);
  if (named !== null && uidOfCardId(named) !== null) return named;
  const plain = capitals(strip(visible(reading)))
    .replace(/0X(?=[0-9A-F]{2})/g, "")
    .replace(/[ :\-._,]/g, "");
  return isUid(plain) ? plain : null;
}

/** Return a card's id, or its UID in hex. */
export const cardName = (text: string): string => first(text, card);

/** What was shown at a gate, as the platform's routes name it. */
export type Shown = { qr: string } | { card_id: string } | { ticket_id: string };

/** Return what a scanned text is: a ticket's code, a card, a ticket's id; a text that is none of them is sent as a code. */
export function shownOf(text: string): Shown {
  if (!codes(text).next().done) return { qr: text };
  const id = identifier(text);
  if (/^tkt_\S+$/.test(id)) return { ticket_id: id };
  const name = cardName(text);
  if (isUid(name) || uidOfCardId(name) !== null) return { card_id: name };
  return { qr: text.slice(0, LONGEST) };
}
