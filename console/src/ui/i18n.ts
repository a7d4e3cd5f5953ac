// Messages by key, in English and Urdu; a page brings its own beside those of ui/.
import { computed, signal } from "@preact/signals";

import shared from "./messages.en.json";

export type Language = "en" | "ur";
export type Messages = Readonly<Record<string, string>>;
/** The messages of a page: English with the page, Urdu when it is asked for. */
export interface Catalogue {
  en: Messages;
  ur: () => Promise<{ default: Messages }>;
}

const KEPT = "gatehouse.language";
// What the platform says is English: the first of these has its sentences, the second the same in Urdu.
const saidByPlatform = (): [Promise<{ default: Messages }>, Promise<{ default: Messages }>] => [import("./said.en.json"), import("./said.ur.json")];
const sharedUrdu = (): Promise<{ default: Messages }> => import("./messages.ur.json");
let catalogue: Catalogue = { en: {}, ur: () => Promise.resolve({ default: {} }) };
const words = signal<Messages>(shared);

export const language = signal<Language>("en");
export const direction = computed<"ltr" | "rtl">(() => (language.value === "ur" ? "rtl" : "ltr"));
/** The locale of numbers and times: Latin digits in both languages, as tickets and cards print them. */
export const locale = computed(() => (language.value === "ur" ? "ur-PK-u-nu-latn" : "en-GB"));

function chosen(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEPT);
  if (asked === "en" || asked === "ur") return asked;
  return navigator.language.toLowerCase().startsWith("ur") ? "ur" : "en";
}

/** Load the messages of a page in the language that was chosen before, or that the browser asks for. */
export async function loadMessages(own: Catalogue): Promise<void> {
  catalogue = own;
  let wanted: Language = "en";
  try {
    wanted = chosen();
  } catch {
    // no storage
  }
  await speak(wanted);
}

/** Change the language, at once and for later visits. English where the other's messages cannot be loaded. */
export async function speak(wanted: Language): Promise<void> {
  let next: Messages = { ...shared, ...catalogue.en };
  if (wanted === "ur") {
    try {
      const [ui, page, english, urdu] = await Promise.all([sharedUrdu(), catalogue.ur(), ...saidByPlatform()]);
      next = { ...next, ...ui.default, ...page.default, ...urdu.default };
      said ??= templatesOf(english.default);
    } catch {
      wanted = "en";
    }
  }
  words.value = next;
  language.value = wanted;
  document.documentElement.lang = wanted;
  document.documentElement.dir = direction.value;
  try {
    localStorage.setItem(KEPT, wanted);
  } catch {
    // kept for this page alone
  }
}

const OTHERS = { ltr: /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/, rtl: /[A-Za-z0-9]/ };

/** Isolate a value of the other direction: a name in Urdu must not move the English words around it, nor the reverse. */
function apart(value: string | number): string {
  const text = String(value);
  return OTHERS[direction.value].test(text) ? `\u2068${text}\u2069` : text;
}

/** Return the message of a key with `{name}` replaced by its value. A missing key shows itself, which a test refuses. */
export function t(key: string, values: Readonly<Record<string, string | number>> = {}): string {
  const text = words.value[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : apart(value);
  });
}

interface Template {
  key: string;
  pattern: RegExp;
  /** How many letters are the sentence's own: of two that fit, the one with more says more. */
  own: number;
}
let said: readonly Template[] | null = null;

function templatesOf(english: Messages): readonly Template[] {
  const found = Object.entries(english).map(([key, text]) => {
    const parts = text.split(/\{(\w+)\}/);
    const pattern = parts.map((part, place) => (place % 2 ? `(?<${part}>.+?)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))).join("");
    return { key, pattern: new RegExp(`^${pattern}$`, "s"), own: parts.filter((_, place) => place % 2 === 0).join("").length };
  });
  return found.sort((one, other) => other.own - one.own);
}

/** Return a sentence of the platform in the language of the page; null where it is not known in that language. */
function ofPlatform(sentence: string): string | null {
  for (const { key, pattern } of said ?? []) {
    const match = pattern.exec(sentence);
    if (match) return t(key, match.groups);
  }
  return null;
}

/** Return a sentence of the platform in another language than its own, where that is the page's and the sentence is known. */
export const saidBy = (sentence: string): string | null => (language.value === "en" ? null : ofPlatform(sentence));

/** Return what the platform says of a field; a field of several types has several sentences. */
export function saidOfField(message: string): string {
  if (language.value === "en") return message;
  const parts = message.split(", or: ").map(ofPlatform);
  return parts.includes(null) ? (ofPlatform(message) ?? message) : parts.join(` ${t("ui.or")} `);
}

// Says no more than the words of its code.
const NO_SUCH = /^(There is|You have) no such [\w -]+\.$/;

/**
 * Return a refusal's message in the language of the page: the same sentence, else the words of its code with the
 * platform's own behind them. `isNamed` says that its fields say the rest.
 */
export function saidOfRefusal(code: string, message: string, isNamed: boolean): string {
  // A page's own words are in its language already.
  if (language.value === "en" || OTHERS.ltr.test(message)) return message;
  const same = ofPlatform(message);
  if (same !== null) return same;
  const key = `refusal.${code}`;
  if (!known(key)) return message;
  return isNamed || NO_SUCH.test(message) ? t(key) : `${t(key)} (\u2066${message}\u2069)`;
}

/** Return whether there is a message of this key: for words of the API that a later release may add. */
export function known(key: string): boolean {
  return key in words.value;
}

/** Return the words for a value of the API such as `already_scanned`; the value itself where there are none. */
export function word(kind: string, value: string): string {
  const key = `${kind}.${value}`;
  return known(key) ? t(key) : value.replaceAll("_", " ");
}
