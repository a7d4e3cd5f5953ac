// The five steps of a draft: which fields each has, and how typed values become what the API takes.
import { figureOf, type Values } from "../ui/form.tsx";

import type { DraftChange, EventDetail } from "./data.ts";
import { instantFrom, ownZone, wallClock } from "./zones.ts";

export const STEPS = ["what", "when", "categories", "rules", "review"] as const;
export type Step = (typeof STEPS)[number];

const FIELDS: Readonly<Record<string, Step>> = {
  title: "what",
  description: "what",
  category: "what",
  image_url: "what",
  starts_at: "when",
  ends_at: "when",
  timezone: "when",
  venue_id: "when",
  ticket_categories: "categories",
  scanning_opens_at: "rules",
  scanning_closes_at: "rules",
  refund_deadline: "rules",
  re_entry_allowed: "rules",
  children_enabled: "rules",
};

/** Return the step that has a field of a refusal. */
export function stepOf(field: string): Step | null {
  const [first = "", , part] = field.split(".");
  if (part === "sales_start" || part === "sales_end") return "rules";
  return FIELDS[first] ?? null;
}

type Category = NonNullable<DraftChange["ticket_categories"]>[number];

/** Return the name of a category's control: the API's own name of the field. */
export const named = (place: number, field: string): string => `ticket_categories.${place}.${field}`;

/** Return what a draft has, as its controls show it. */
export function valuesOf(event: EventDetail | null): Values {
  if (event === null) return { timezone: ownZone(), rows: "1" };
  const zone = event.timezone;
  const values: Values = {
    title: event.title,
    description: event.description ?? "",
    category: event.category ?? "",
    image_url: event.image_url ?? "",
    starts_at: wallClock(event.starts_at, zone),
    ends_at: wallClock(event.ends_at, zone),
    timezone: zone,
    venue_id: event.venue?.id ?? "",
    scanning_opens_at: wallClock(event.scanning_opens_at, zone),
    scanning_closes_at: wallClock(event.scanning_closes_at, zone),
    refund_deadline: wallClock(event.refund_deadline, zone),
    re_entry_allowed: event.re_entry_allowed ? "true" : "",
    children_enabled: event.children_enabled ? "true" : "",
    rows: String(Math.max(1, event.ticket_categories.length)),
  };
  event.ticket_categories.forEach((each, place) => {
    values[named(place, "id")] = each.id;
    values[named(place, "name")] = each.name;
    values[named(place, "tier")] = each.tier ?? "";
    values[named(place, "price")] = each.price.amount;
    values[named(place, "capacity")] = String(each.capacity);
    values[named(place, "per_order_limit")] = String(each.per_order_limit);
    values[named(place, "sales_start")] = wallClock(each.sales_start, zone);
    values[named(place, "sales_end")] = wallClock(each.sales_end, zone);
  });
  return values;
}

// A change sends the whole list. Each of its two steps types a part of it; the other part is as it is stored.
function typedCategories(values: Values, event: EventDetail | null): Category[] {
  const stored = new Map(event?.ticket_categories.map((each) => [each.id, each]));
  return Array.from({ length: Number(values.rows ?? 1) }, (_, place) => {
    const typed = (field: string): string => values[named(place, field)] ?? "";
    const before = stored.get(typed("id"));
    return {
      ...(before ? { id: before.id } : {}),
      name: typed("name"),
      tier: typed("tier") || null,
      price: typed("price"),
      capacity: figureOf(typed("capacity")),
      per_order_limit: typed("per_order_limit") ? figureOf(typed("per_order_limit")) : null,
      sales_start: before?.sales_start ?? null,
      sales_end: before?.sales_end ?? null,
    };
  });
}

function categoriesOnSale(values: Values, event: EventDetail, zone: string): Category[] {
  return event.ticket_categories.map((each, place) => ({
    id: each.id,
    name: each.name,
    tier: each.tier,
    price: each.price.amount,
    capacity: each.capacity,
    per_order_limit: each.per_order_limit,
    sales_start: instantFrom(values[named(place, "sales_start")], zone, { at: each.sales_start, zone: event.timezone }),
    sales_end: instantFrom(values[named(place, "sales_end")], zone, { at: each.sales_end, zone: event.timezone }),
  }));
}

/** Return what a step stores. Nothing is judged here: the API has the rules, and names the field. */
export function changesOf(step: Step, values: Values, event: EventDetail | null): DraftChange {
  const zone = values.timezone || "UTC";
  const text = (field: string): string | null => values[field]?.trim() || null;
  type Timed = "starts_at" | "ends_at" | "scanning_opens_at" | "scanning_closes_at" | "refund_deadline";
  const moment = (field: Timed): string | null => instantFrom(values[field], zone, event && { at: event[field], zone: event.timezone });
  switch (step) {
    case "what":
      return { title: values.title ?? "", description: text("description"), category: text("category"), image_url: text("image_url") };
    case "when":
      return { starts_at: moment("starts_at") ?? "", ends_at: moment("ends_at") ?? "", timezone: zone, venue_id: text("other_venue") ?? text("venue_id") };
    case "categories":
      return { ticket_categories: typedCategories(values, event) };
    case "rules":
      return {
        ...(event?.ticket_categories.length ? { ticket_categories: categoriesOnSale(values, event, zone) } : {}),
        scanning_opens_at: moment("scanning_opens_at"),
        scanning_closes_at: moment("scanning_closes_at"),
        refund_deadline: moment("refund_deadline"),
        re_entry_allowed: values.re_entry_allowed === "true",
        children_enabled: values.children_enabled === "true",
      };
    case "review":
      return {};
  }
}

/** Return the values without one category; those after it move up. */
export function withoutCategory(values: Values, gone: number): Values {
  const kept: Values = {};
  for (const [name, value] of Object.entries(values)) {
    const [list, place = "", field = ""] = name.split(".");
    if (list !== "ticket_categories") kept[name] = value;
    else if (Number(place) < gone) kept[name] = value;
    else if (Number(place) > gone) kept[named(Number(place) - 1, field)] = value;
  }
  kept.rows = String(Math.max(1, Number(values.rows ?? 1) - 1));
  return kept;
}
