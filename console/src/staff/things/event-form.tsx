// The form of an event: a new one, or corrections to one that is there. Only what was changed is sent.
import type { JSX } from "preact";

import { Refused, type Schemas } from "../../ui/api/client.ts";
import { Check, Choice, Field, Form, Submit, useForm, type Values } from "../../ui/form.tsx";
import { t } from "../../ui/i18n.ts";
import type { Page } from "../../ui/list.tsx";
import { Pick, type Named } from "../../ui/pick.tsx";
import { go } from "../../ui/router.ts";
import { api, ask, asked, deed, withPresent } from "../parts/api.ts";
import { toTyped, toUtc, zones } from "../parts/moments.ts";
import { Title } from "../parts/shown.tsx";

type Known = Schemas["AdminEventDetailOut"];
type Category = Schemas["OrganizerTicketCategoryOut"];

const MOST_CATEGORIES = 12;
// As many choices as are shown at once.
const PAGE = "50";

function initialOf(event: Known | null): Values {
  if (event === null) return { timezone: "Asia/Karachi", status: "draft", rows: "1" };
  const zone = event.timezone;
  const values: Values = {
    title: event.title,
    description: event.description ?? "",
    category: event.category ?? "",
    organizer_id: event.organizer_id ?? "",
    venue_id: event.venue?.id ?? "",
    timezone: zone,
    starts_at: toTyped(event.starts_at, zone),
    ends_at: toTyped(event.ends_at, zone),
    scanning_opens_at: toTyped(event.scanning_opens_at, zone),
    scanning_closes_at: toTyped(event.scanning_closes_at, zone),
    refund_deadline: toTyped(event.refund_deadline, zone),
    image_url: event.image_url ?? "",
    platform_fee_percent: event.platform_fee_percent === null ? "" : String(event.platform_fee_percent),
    featured: event.featured ? "true" : "",
    children_enabled: event.children_enabled ? "true" : "",
    re_entry_allowed: event.re_entry_allowed ? "true" : "",
    scanning_enabled: event.scanning_enabled ? "true" : "",
    rows: String(Math.max(1, event.ticket_categories.length)),
  };
  for (const [place, each] of event.ticket_categories.entries()) Object.assign(values, categoryValues(each, place));
  return values;
}

const PARTS = ["name", "tier", "price", "capacity", "per_order_limit"] as const;
type Part = (typeof PARTS)[number];

/** The name of a category's control: the API's own name of the field. */
const named = (place: number, part: Part): string => `ticket_categories.${place}.${part}`;

const categoryValues = (each: Category, place: number): Values => ({
  [named(place, "name")]: each.name,
  [named(place, "tier")]: each.tier ?? "",
  [named(place, "price")]: each.price.amount,
  [named(place, "capacity")]: String(each.capacity),
  [named(place, "per_order_limit")]: String(each.per_order_limit),
});

/** The rows of categories that say something: one that is empty as a whole is none. */
const rowsOf = (values: Values): number[] =>
  Array.from({ length: Number(values.rows) }, (_, place) => place).filter((place) => PARTS.some((part) => values[named(place, part)]?.trim()));

/** Return a refusal with the names that the controls have: the API counts the rows that were sent. */
function atRows(error: unknown, rows: readonly number[]): unknown {
  if (!(error instanceof Refused)) return error;
  const details = error.details.map(({ field, message }) => ({ field: field.replace(/(?<=^ticket_categories\.)\d+/, (sent) => String(rows[Number(sent)] ?? sent)), message }));
  return new Refused(error.status, error.code, error.message, details, error.requestId, error.retryAfter, error.body);
}

const whole = (text: string | undefined): number | null => (text?.trim() ? (Number.isNaN(Number(text)) ? (text as never) : Number(text)) : null);

function bodyOf(values: Values): Record<string, unknown> {
  const zone = values.timezone || "Asia/Karachi";
  const moment = (name: string): string | null => toUtc(values[name] ?? "", zone);
  return {
    title: values.title ?? "",
    description: values.description || null,
    category: values.category || null,
    organizer_id: values.organizer_id ?? "",
    venue_id: values.venue_id || null,
    timezone: zone,
    starts_at: moment("starts_at"),
    ends_at: moment("ends_at"),
    scanning_opens_at: moment("scanning_opens_at"),
    scanning_closes_at: moment("scanning_closes_at"),
    refund_deadline: moment("refund_deadline"),
    image_url: values.image_url || null,
    platform_fee_percent: whole(values.platform_fee_percent),
    featured: values.featured === "true",
    children_enabled: values.children_enabled === "true",
    re_entry_allowed: values.re_entry_allowed === "true",
    // A new event has no such control.
    ...(values.scanning_enabled === undefined ? {} : { scanning_enabled: values.scanning_enabled === "true" }),
  };
}

function categoriesOf(values: Values, known: readonly Category[]): Schemas["OrganizerDraftCategoryIn"][] {
  return rowsOf(values).map((place) => {
    const of = (part: Part): string => values[named(place, part)] ?? "";
    const category = { name: of("name"), tier: of("tier") || null, price: of("price"), capacity: whole(of("capacity")) ?? 0, ...(of("per_order_limit") ? { per_order_limit: whole(of("per_order_limit")) } : {}) };
    const id = known[place]?.id;
    return { ...category, ...(id ? { id } : {}) };
  });
}

async function organizers(search: string): Promise<Page<Named>> {
  const page = await ask(() => api.GET("/api/organizers/", { params: { query: asked({ search, page_size: PAGE }) } }));
  return { ...page, results: page.results.map(({ id, name }) => [id, name] as const) };
}

async function venues(search: string): Promise<Page<Named>> {
  const page = await ask(() => api.GET("/api/venues/", { params: { query: asked({ search, page_size: PAGE }) } }));
  return { ...page, results: page.results.map(({ id, name, city }) => [id, city ? `${name}, ${city}` : name] as const) };
}

/** The form; `event` is null for a new one. */
export function EventForm({ event, saved, refused }: { event: Known | null; saved(next: Known): void; refused?(): void }): JSX.Element {
  const initial = initialOf(event);
  const save = async (values: Values): Promise<void> => {
    const wanted = bodyOf(values);
    const categories = categoriesOf(values, event?.ticket_categories ?? []);
    try {
      if (event === null) {
        const body = { ...wanted, status: values.status || "draft", ticket_categories: categories } as unknown as Schemas["AdminEventIn"];
        saved(await deed("event.new", body, (headers) => api.POST("/api/events/", { body, headers })));
        return;
      }
      const before = bodyOf(initial);
      const changes = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== before[name]));
      const same = JSON.stringify(categories) === JSON.stringify(categoriesOf(initial, event.ticket_categories));
      const body = { ...changes, ...(same ? {} : { ticket_categories: categories }), version: event.version } as Schemas["AdminEventChangeIn"];
      saved(await deed(`event.${event.id}`, body, (headers) => api.PUT("/api/events/{event_id}/", { params: { path: { event_id: event.id } }, body, headers })));
    } catch (error) {
      refused?.();
      throw withPresent(atRows(error, rowsOf(values)));
    }
  };
  return (
    <Form label={event ? t("staff.correct") : t("staff.new_event")} draft={`staff.event.${event?.id ?? "new"}`} initial={initial} onSubmit={save}>
      <Field name="title" label={t("staff.event_title")} required />
      <div class="pair">
        <Pick name="organizer_id" label={t("staff.organizer")} none={t("staff.choose")} find={organizers} present={event?.organizer_id ? [event.organizer_id, event.organizer_name ?? event.organizer_id] : null} />
        <Pick name="venue_id" label={t("staff.venue")} none={t("staff.no_venue")} find={venues} present={event?.venue?.id ? [event.venue.id, event.venue.name] : null} />
        <Field name="category" label={t("staff.category")} />
      </div>
      <div class="pair">
        <Field name="starts_at" label={t("staff.begins")} type="datetime-local" required />
        <Field name="ends_at" label={t("staff.ends")} type="datetime-local" required />
        <Choice name="timezone" label={t("staff.timezone")} options={zones().map((each) => [each, each])} />
      </div>
      <Field name="description" label={t("staff.description")} lines={3} />
      <Categories />
      <details>
        <summary>{t("staff.more_settings")}</summary>
        <div class="pair">
          <Field name="scanning_opens_at" label={t("staff.scanning_opens")} type="datetime-local" />
          <Field name="scanning_closes_at" label={t("staff.scanning_closes")} type="datetime-local" />
          <Field name="refund_deadline" label={t("staff.refund_until")} type="datetime-local" />
        </div>
        <div class="pair">
          <Field name="platform_fee_percent" label={t("staff.fee_percent")} inputmode="decimal" />
          <Field name="image_url" label={t("staff.image")} type="url" />
        </div>
        <Check name="featured" label={t("staff.featured")} />
        <Check name="children_enabled" label={t("staff.children")} />
        <Check name="re_entry_allowed" label={t("staff.re_entry")} />
        {event === null ? null : <Check name="scanning_enabled" label={t("staff.scanning")} />}
      </details>
      {event === null ? <Choice name="status" label={t("staff.status")} options={[["draft", t("staff.state.draft")], ["published", t("staff.state.published")]]} /> : null}
      <Submit>{t("ui.save")}</Submit>
    </Form>
  );
}

function Categories(): JSX.Element {
  const form = useForm();
  const rows = Number(form.values.rows);
  return (
    <fieldset>
      <legend>{t("staff.categories")}</legend>
      {Array.from({ length: rows }, (_, place) => (
        <div class="pair" key={place}>
          <Field name={named(place, "name")} label={t("staff.name")} required />
          <Field name={named(place, "tier")} label={t("staff.tier")} />
          <Field name={named(place, "price")} label={t("staff.price")} inputmode="decimal" required />
          <Field name={named(place, "capacity")} label={t("staff.capacity")} inputmode="numeric" required />
          <Field name={named(place, "per_order_limit")} label={t("staff.per_order")} inputmode="numeric" />
        </div>
      ))}
      {rows < MOST_CATEGORIES ? (
        <button type="button" onClick={() => form.set("rows", String(rows + 1))}>
          {t("staff.add_category")}
        </button>
      ) : null}
    </fieldset>
  );
}

export function NewEvent(): JSX.Element {
  return (
    <>
      <Title>{t("staff.new_event")}</Title>
      <section class="panel">
        <EventForm event={null} saved={(event) => go(`/staff/events/${event.id}`)} />
      </section>
    </>
  );
}
