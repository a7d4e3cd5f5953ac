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
      const [ui, page] = await Promise.all([sharedUrdu(), catalogue.ur()]);
      next = { ...next, ...ui.default, ...page.default };
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

/** Return whether there is a message of this key: for words of the API that a later release may add. */
export function known(key: string): boolean {
  return key in words.value;
}

/** Return the words for a value of the API such as `already_scanned`; the value itself where there are none. */
export function word(kind: string, value: string): string {
  const key = `${kind}.${value}`;
  return known(key) ? t(key) : value.replaceAll("_", " ");
}
