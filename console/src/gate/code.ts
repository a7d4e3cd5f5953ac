// The code on a ticket, checked without the platform. `GH1:` and Base45 (RFC 9285) of a version (1 byte), the key's id
// (4), the ticket's ULID (16), the credential's number (2), the event's tag (8), and an Ed25519 signature (64).
import { codes, ulidOf } from "./scanned.ts";

const LABEL = new TextEncoder().encode("gatehouse ticket code\0");
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const BODY = 31;
const WHOLE = 95;

export interface TicketCode {
  ticket_id: string;
  credential: number;
  /** The beginning of the digest of the event's id, in hex. */
  event_tag: string;
}
/** The platform's keys, by the id under which it names each. */
export type Keys = ReadonlyMap<string, CryptoKey>;

const hex = (bytes: Uint8Array): string => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
const digest = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** Return the bytes of a text in base64url. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
}

/** Return the platform's keys from texts in base64url. Empty where the browser has no Ed25519. */
export async function readKeys(texts: readonly string[]): Promise<Keys> {
  const keys = new Map<string, CryptoKey>();
  for (const text of texts) {
    try {
      const raw = fromBase64(text);
      const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
      keys.set(hex((await digest(raw)).subarray(0, 4)), key);
    } catch {
      // no key, or a browser that cannot check signatures: codes are then not decided here
    }
  }
  return keys;
}

/** Return the tag by which a code names its event. */
export async function eventTag(eventId: string): Promise<string> {
  return hex((await digest(new TextEncoder().encode(eventId))).subarray(0, 8));
}

function fromBase45(text: string): Uint8Array<ArrayBuffer> | null {
  const bytes: number[] = [];
  for (let place = 0; place < text.length; place += 3) {
    const digits = [...text.slice(place, place + 3)].map((each) => ALPHABET.indexOf(each));
    if (digits.includes(-1) || digits.length === 1) return null;
    const value = digits.reduce((sum, each, power) => sum + each * 45 ** power, 0);
    if (value >= 256 ** (digits.length - 1)) return null;
    if (digits.length === 3) bytes.push(value >> 8);
    bytes.push(value & 255);
  }
  return Uint8Array.from(bytes);
}

async function verified(code: string, keys: Keys): Promise<TicketCode | null> {
  const raw = fromBase45(code.slice(4));
  if (raw?.length !== WHOLE || raw[0] !== 1) return null;
  const key = keys.get(hex(raw.subarray(1, 5)));
  if (key === undefined) return null;
  const body = raw.subarray(0, BODY);
  const signed = new Uint8Array([...LABEL, ...body]);
  if (!(await crypto.subtle.verify("Ed25519", key, raw.subarray(BODY), signed))) return null;
  const credential = ((body[21] ?? 0) << 8) | (body[22] ?? 0);
  return { ticket_id: `tkt_${ulidOf(body.subarray(5, 21))}`, credential, event_tag: hex(body.subarray(23, 31)) };
}

/** Return what the code in a scanned text says; null where there is none, two, or one that no key has signed. */
export async function readCode(text: string, keys: Keys): Promise<TicketCode | null> {
  const genuine = new Map<string, TicketCode>();
  for (const found of codes(text)) {
    const code = await verified(found, keys);
    if (code !== null) genuine.set(`${code.ticket_id} ${code.credential} ${code.event_tag}`, code);
  }
  const [only] = genuine.values();
  return genuine.size === 1 && only !== undefined ? only : null;
}

/** Return the fingerprint by which a phone knows a card: it keeps no UIDs. */
export async function fingerprint(key: CryptoKey, uid: string): Promise<string> {
  const bytes = Uint8Array.from(uid.match(/../g) ?? [], (each) => parseInt(each, 16));
  const mac = await crypto.subtle.sign("HMAC", key, new Uint8Array([...new TextEncoder().encode("card\0"), ...bytes]));
  return hex(new Uint8Array(mac).subarray(0, 6));
}

/** Return the event's key of fingerprints; it does not leave the browser's key store again. */
export function fingerprintKey(text: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", fromBase64(text), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}
