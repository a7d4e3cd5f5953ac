// What somebody typed into the one field: an id, a ticket's number, a card's UID, a phone number, an address, a name.

export type Kind = "id" | "number" | "uid" | "phone" | "email" | "name";

export interface Typed {
  kinds: readonly Kind[];
  /** The text with Latin digits and single spaces. */
  text: string;
  /** A UID without its separators. */
  uid: string;
  /** Spellings of a phone number that are tried, the likeliest first. */
  phones: readonly string[];
}

const ID = /^[a-z]{3}_[0-9A-Za-z_]{3,60}$/;
const EMAIL = /^[^\s@]+@[^\s@]*$/;
// Chips have 4, 7 or 10 bytes; the beginning of a UID is recognized by its separators, or by three bytes with a letter.
const SEPARATED = /^[0-9A-F]{2}([:\-. ][0-9A-F]{2})+[:\-. ]?$/i;
const BARE = /^(?:[0-9A-F]{2}){3,10}$/i;
const PHONE = /^[+(]?[\d\s().\-/]+$/;
const NUMBER = /^(?=.*\d)[0-9A-Z]+(-[0-9A-Z]+)*-?$/i;

function latin(text: string): string {
  const digits = text.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String((digit.codePointAt(0) ?? 0) & 0xf));
  // Marks of direction come along when a number is copied from a right-to-left text.
  return digits.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "").replace(/\s+/g, " ").trim();
}

function phonesOf(text: string): string[] {
  const digits = text.replace(/\(0\)/g, "").replace(/\D/g, "");
  if (digits.length < 5 || digits.length > 15) return [];
  if (text.startsWith("+")) return [`+${digits}`];
  if (digits.startsWith("00")) return [`+${digits.slice(2)}`];
  if (digits.startsWith("0")) return [digits];
  return [`0${digits}`, `+${digits}`]; // a national number without its zero, or an international one without its plus
}

/** Return what a text can be; several forms are asked for at once where it can be several. */
export function recognize(typed: string): Typed {
  const text = latin(typed);
  const uid = text.replace(/[^0-9A-Fa-f]/g, "").toUpperCase();
  const kinds: Kind[] = [];
  if (ID.test(text)) return { kinds: ["id"], text, uid: "", phones: [] };
  if (EMAIL.test(text)) return { kinds: ["email"], text, uid: "", phones: [] };
  const phones = PHONE.test(text) ? phonesOf(text) : [];
  const bareUid = BARE.test(text) && (/[A-F]/i.test(text) || [8, 14, 20].includes(text.length));
  if (SEPARATED.test(text) || bareUid) kinds.push("uid");
  if (phones.length) kinds.push("phone");
  if (NUMBER.test(text)) kinds.push("number");
  if (/\p{L}/u.test(text) && !SEPARATED.test(text)) kinds.push("name");
  if (kinds.length === 0 && text) kinds.push("number");
  return { kinds, text, uid, phones };
}
