// What the audit log has recorded of a thing, as people read it.
import { dateOf, money, time, type Amount } from "../../ui/format.tsx";
import { known, t } from "../../ui/i18n.ts";

const isAmount = (value: object): value is Amount => "amount" in value && "currency" in value && typeof value.amount === "string";
// Whole numbers under these names are stored in the smallest unit of their currency.
const SUMS = new Set(["price", "amount", "balance", "gross", "refunds", "platform_fee", "net", "taken_back"]);

// ISO 4217, as the platform has it: a browser's own table leaves out the paisa.
const NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND";
const FOUR_DIGITS = "CLF UYW";

/** Return the number of decimal digits of a currency. */
export function digitsOf(currency: string): number {
  if (NO_DIGITS.includes(currency)) return 0;
  return THREE_DIGITS.includes(currency) ? 3 : FOUR_DIGITS.includes(currency) ? 4 : 2;
}

function sum(minor: number, currency: unknown): string {
  if (typeof currency !== "string") return t("staff.smallest_unit", { amount: minor });
  const digits = digitsOf(currency);
  const text = Math.abs(minor).toString().padStart(digits + 1, "0");
  const amount = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
  return money({ amount: minor < 0 ? `-${amount}` : amount, currency });
}

/** Return a recorded value: times, dates and amounts as everywhere else, and what has parts by part. */
export function said(value: unknown, field = "", currency?: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return t(value ? "staff.yes" : "staff.no");
  if (typeof value === "number" && Number.isInteger(value) && SUMS.has(field)) return sum(value, currency);
  if (Array.isArray(value)) return value.map((each) => said(each)).join(", ") || "–";
  if (typeof value === "object") return isAmount(value) ? money(value) : partsOf(value);
  return typeof value === "string" ? textOf(value) : JSON.stringify(value);
}

function textOf(value: string): string {
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return time(value);
  return /^\d{4}-\d\d-\d\d$/.test(value) ? dateOf(value) : value;
}

function partsOf(value: { currency?: unknown }): string {
  const parts = Object.entries(value).filter(([, part]) => part !== null);
  return parts.map(([name, part]) => `${labelOf(name)} ${said(part, name, value.currency)}`).join(", ") || "–";
}

/** Return the category that a field is of, such as that of `ticket_categories.cat_1.price`; null where it is of none. */
export function categoryOf(field: string): string | null {
  const [list, id] = field.split(".");
  return list === "ticket_categories" && id ? id : null;
}

/** Return a field's name in words; `names` has those of categories. */
export function labelOf(field: string, names?: ReadonlyMap<string, string>): string {
  const words = (name: string): string => (known(`staff.field.${name}`) ? t(`staff.field.${name}`) : name.replaceAll("_", " "));
  const id = categoryOf(field);
  if (id === null) return words(field);
  return [words("ticket_categories"), names?.get(id) ?? id, ...field.split(".").slice(2).map(words)].join(" · ");
}
