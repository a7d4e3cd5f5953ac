// The fields of the steps of a draft.
import type { JSX } from "preact";

import { Check, Choice, Field, useForm } from "../ui/form.tsx";
import { Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Unread, useWhole } from "../ui/list.tsx";

import { knownVenues, type EventDetail } from "./data.ts";
import { named, withoutCategory } from "./steps.ts";
import { ownZone, zones } from "./zones.ts";

const MOST_CATEGORIES = 20;

export function WhatFields(): JSX.Element {
  return (
    <>
      <Field name="title" label={t("organizer.field.title")} required />
      <Field name="description" label={t("organizer.field.description")} lines={6} />
      <Field name="category" label={t("organizer.field.category")} hint={t("organizer.field.category.hint")} />
      <Field name="image_url" label={t("organizer.field.image_url")} type="url" inputmode="text" hint={t("organizer.field.image_url.hint")} />
    </>
  );
}

export function WhenFields({ event }: { event: EventDetail | null }): JSX.Element {
  const { values } = useForm();
  const venues = useWhole(knownVenues);
  const own = event?.venue;
  const known = (venues.value ?? []).filter(({ id }) => id !== own?.id);
  const listed: [string, string][] = known.map(({ id, label }) => [id, label]);
  const present: [string, string][] = own?.id ? [[own.id, [own.name, own.city].filter(Boolean).join(", ")]] : [];
  // What was chosen before a reload is there before the list has come.
  const chosen = values.venue_id ?? "";
  const unlisted: [string, string][] = chosen && chosen !== own?.id && !known.some(({ id }) => id === chosen) ? [[chosen, chosen]] : [];
  const zone = values.timezone || ownZone();
  return (
    <>
      <Choice name="timezone" label={t("organizer.field.timezone")} options={zones(zone).map((each) => [each, each] as const)} hint={t("organizer.field.timezone.hint")} />
      <div class="pair">
        <Field name="starts_at" label={t("organizer.field.starts_at")} type="datetime-local" required />
        <Field name="ends_at" label={t("organizer.field.ends_at")} type="datetime-local" required />
      </div>
      <Choice name="venue_id" label={t("organizer.field.venue_id")} options={[["", t("organizer.venue.later")], ...present, ...listed, ...unlisted]} hint={t("organizer.field.venue_id.hint")} />
      <Unread read={venues} />
      <Field name="other_venue" label={t("organizer.field.other_venue")} hint={t("organizer.field.other_venue.hint")} />
    </>
  );
}

export function CategoriesFields(): JSX.Element {
  const form = useForm();
  const rows = Number(form.values.rows ?? 1);
  return (
    <>
      {Array.from({ length: rows }, (_, place) => (
        <fieldset key={place} class="category">
          <legend>{t("organizer.category.number", { number: place + 1 })}</legend>
          <div class="pair">
            <Field name={named(place, "name")} label={t("organizer.field.name")} required />
            <Field name={named(place, "tier")} label={t("organizer.field.tier")} />
          </div>
          <div class="pair">
            <Field name={named(place, "price")} label={t("organizer.field.price")} inputmode="decimal" required />
            <Field name={named(place, "capacity")} label={t("organizer.field.capacity")} inputmode="numeric" required />
            <Field name={named(place, "per_order_limit")} label={t("organizer.field.per_order_limit")} inputmode="numeric" />
          </div>
          {rows > 1 ? (
            <button type="button" class="plain" onClick={() => form.replace(withoutCategory(form.values, place))}>
              {t("organizer.category.remove", { number: place + 1 })}
            </button>
          ) : null}
        </fieldset>
      ))}
      {rows < MOST_CATEGORIES ? (
        <div>
          <button type="button" onClick={() => form.set("rows", String(rows + 1))}>
            {t("organizer.category.add")}
          </button>
        </div>
      ) : null}
    </>
  );
}

export function RulesFields({ event }: { event: EventDetail }): JSX.Element {
  return (
    <>
      <p class="hint">
        {t("organizer.times_in")} <Num>{event.timezone}</Num>
      </p>
      {event.ticket_categories.map((each, place) => (
        <fieldset key={each.id} class="category">
          <legend>
            {t("organizer.sale_of")} <bdi>{each.name}</bdi>
          </legend>
          <div class="pair">
            <Field name={named(place, "sales_start")} label={t("organizer.field.sales_start")} type="datetime-local" hint={t("organizer.field.sales_start.hint")} />
            <Field name={named(place, "sales_end")} label={t("organizer.field.sales_end")} type="datetime-local" hint={t("organizer.field.sales_end.hint")} />
          </div>
        </fieldset>
      ))}
      <fieldset class="category">
        <legend>{t("organizer.gates")}</legend>
        <div class="pair">
          <Field name="scanning_opens_at" label={t("organizer.field.scanning_opens_at")} type="datetime-local" />
          <Field name="scanning_closes_at" label={t("organizer.field.scanning_closes_at")} type="datetime-local" />
        </div>
        <Check name="re_entry_allowed" label={t("organizer.field.re_entry_allowed")} />
        <Check name="children_enabled" label={t("organizer.field.children_enabled")} />
      </fieldset>
      <Field name="refund_deadline" label={t("organizer.field.refund_deadline")} type="datetime-local" hint={t("organizer.field.refund_deadline.hint")} />
    </>
  );
}
