// Requests to change a published event: the staff decide, and what has been asked from here is shown with its state.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { Refused, type Schemas } from "../ui/api/client.ts";
import { Choice, Field, figureOf, Form, Submit, type Values } from "../ui/form.tsx";
import { money, Num, time, type Amount } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Unread, useWhole } from "../ui/list.tsx";
import { now } from "../ui/now.ts";

import { knownVenues, requestEdit, TONES, type EventDetail } from "./data.ts";
import { instantOf, wallClock } from "./zones.ts";

type EditRequest = Schemas["OrganizerEditRequestOut"];
type Changes = Schemas["OrganizerChangesIn"];

interface Asked extends EditRequest {
  reason: string;
  asked_at: string;
}

const keyOf = (id: string): string => `gatehouse.organizer.edits.${id}`;

// The API answers a request once, so the page keeps what it was answered.
function kept(id: string): readonly Asked[] {
  try {
    return JSON.parse(localStorage.getItem(keyOf(id)) ?? "[]") as Asked[];
  } catch {
    return [];
  }
}

/** A request's state now: a pending one whose every change the event has was approved. */
function stateOf(request: Asked, event: EventDetail): string {
  const has = (field: string, to: unknown): boolean => {
    const [list, id, part] = field.split(".");
    const value = (of: object | undefined, name: string): unknown => (of as Record<string, unknown> | undefined)?.[name];
    const present =
      list === "ticket_categories" && id
        ? part
          ? value(event.ticket_categories.find((each) => each.id === id), part)
          : event.ticket_categories.find((each) => each.id === id)
        : field === "venue_id"
          ? event.venue?.id
          : value(event, field);
    if (list === "ticket_categories" && !part) return present !== undefined;
    return JSON.stringify(present) === JSON.stringify(to);
  };
  return request.status === "pending" && request.diff.every(({ field, to }) => has(field, to)) ? "approved" : request.status;
}

function changesOf(values: Values, event: EventDetail): Changes {
  const zone = event.timezone;
  const changes: Changes = {};
  if (values.title !== event.title) changes.title = values.title;
  if (values.description !== (event.description ?? "")) changes.description = values.description;
  if (values.starts_at !== wallClock(event.starts_at, zone)) changes.starts_at = instantOf(values.starts_at, zone) ?? "";
  if (values.ends_at !== wallClock(event.ends_at, zone)) changes.ends_at = instantOf(values.ends_at, zone) ?? "";
  if (values.venue_id && values.venue_id !== event.venue?.id) changes.venue_id = values.venue_id;
  if (values.image_url !== (event.image_url ?? "")) changes.image_url = values.image_url;
  const categories = event.ticket_categories.flatMap((each) => {
    const price = values[`price.${each.id}`];
    const capacity = values[`capacity.${each.id}`];
    const changed = {
      ...(price !== each.price.amount ? { price } : {}),
      ...(capacity !== String(each.capacity) ? { capacity: figureOf(capacity) } : {}),
    };
    return Object.keys(changed).length ? [{ id: each.id, ...changed }] : [];
  });
  if (categories.length) changes.ticket_categories = categories;
  return changes;
}

/** Return a refusal with the names that the controls have: a category's are by its id, the API's by its place. */
function atControls(error: unknown, changes: Changes): unknown {
  if (!(error instanceof Refused)) return error;
  const details = error.details.map(({ field, message }) => {
    const [list, place, part] = field.replace(/^changes\./, "").split(".");
    const id = list === "ticket_categories" ? changes.ticket_categories?.[Number(place)]?.id : undefined;
    return { field: id ? `${part ?? "price"}.${id}` : field.replace(/^changes\./, ""), message };
  });
  return new Refused(error.status, error.code, error.message, details, error.requestId, error.retryAfter, error.body);
}

export function EditRequests({ event, reload }: { event: EventDetail; reload(): void }): JSX.Element {
  const asked = useSignal<readonly Asked[]>(kept(event.id));
  const turn = useSignal(0);
  const venues = useWhole(knownVenues);
  const zone = event.timezone;
  const initial: Values = {
    title: event.title,
    description: event.description ?? "",
    starts_at: wallClock(event.starts_at, zone),
    ends_at: wallClock(event.ends_at, zone),
    venue_id: event.venue?.id ?? "",
    image_url: event.image_url ?? "",
  };
  for (const each of event.ticket_categories) {
    initial[`price.${each.id}`] = each.price.amount;
    initial[`capacity.${each.id}`] = String(each.capacity);
  }
  const send = async (values: Values): Promise<void> => {
    const changes = changesOf(values, event);
    try {
      const reason = values.reason ?? "";
      const made = await requestEdit(event.id, { changes, reason });
      asked.value = [{ ...made, reason, asked_at: new Date(now()).toISOString() }, ...asked.value];
      try {
        localStorage.setItem(keyOf(event.id), JSON.stringify(asked.value));
      } catch {
        // shown until this page is closed
      }
      turn.value += 1;
      reload();
    } catch (error) {
      throw atControls(error, changes);
    }
  };
  const options = (venues.value ?? []).map(({ id, label }) => [id, label] as const);
  const present = event.venue?.id ? [[event.venue.id, event.venue.name] as const] : [["", "–"] as const];
  return (
    <section class="card" aria-label={t("organizer.edit")}>
      <h2>{t("organizer.edit")}</h2>
      <p class="quiet">{t("organizer.edit.about")}</p>
      {asked.value.length ? (
        <ul class="rows" aria-label={t("organizer.edit.asked")}>
          {asked.value.map((each) => (
            <Request key={each.id} request={each} event={event} venues={new Map(options)} />
          ))}
        </ul>
      ) : null}
      <details open={turn.value === 0 ? undefined : false} key={turn.value}>
        <summary>{t("organizer.edit.new")}</summary>
        <Form label={t("organizer.edit.new")} draft={`organizer.edit.${event.id}`} initial={initial} onSubmit={send}>
          <Field name="title" label={t("organizer.field.title")} required />
          <Field name="description" label={t("organizer.field.description")} lines={4} />
          <p class="hint">
            {t("organizer.times_in")} <Num>{zone}</Num>
          </p>
          <div class="pair">
            <Field name="starts_at" label={t("organizer.field.starts_at")} type="datetime-local" required />
            <Field name="ends_at" label={t("organizer.field.ends_at")} type="datetime-local" required />
          </div>
          <Choice key={venues.loading ? "loading" : "ready"} name="venue_id" label={t("organizer.field.venue_id")} options={[...present, ...options.filter(([id]) => id !== event.venue?.id)]} />
          <Unread read={venues} />
          <Field name="image_url" label={t("organizer.field.image_url")} type="url" />
          {event.ticket_categories.map((each) => (
            <fieldset key={each.id} class="category">
              <legend>
                <bdi>{each.name}</bdi>
              </legend>
              <div class="pair">
                <Field name={`price.${each.id}`} label={t("organizer.field.price")} inputmode="decimal" required />
                <Field name={`capacity.${each.id}`} label={t("organizer.field.capacity")} inputmode="numeric" required />
              </div>
            </fieldset>
          ))}
          <Field name="reason" label={t("organizer.edit.reason")} lines={2} required />
          <Submit>{t("organizer.edit.send")}</Submit>
        </Form>
      </details>
    </section>
  );
}

function Request({ request, event, venues }: { request: Asked; event: EventDetail; venues: ReadonlyMap<string, string> }): JSX.Element {
  const state = stateOf(request, event);
  const shown = (value: unknown): string => (typeof value === "string" && venues.get(value)) || said(value, event.timezone);
  return (
    <li>
      <p class="row">
        <span class={`badge ${TONES[state] ?? ""}`}>{word("organizer.edit.state", state)}</span>
        <Num>{time(request.asked_at, event.timezone)}</Num>
        <bdi>{request.reason}</bdi>
      </p>
      <dl class="facts">
        {request.diff.map(({ field, from, to }) => (
          <div key={field}>
            <dt>{nameOf(field, event)}</dt>
            <dd>
              <Num>{shown(from)}</Num> → <Num>{shown(to)}</Num>
            </dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

function nameOf(field: string, event: EventDetail): string {
  const [list, id, part = "name"] = field.split(".");
  if (list !== "ticket_categories" || !id) return t(`organizer.field.${field}`);
  const category = event.ticket_categories.find((each) => each.id === id)?.name ?? id;
  return `${category}: ${t(`organizer.field.${part}`)}`;
}

function said(value: unknown, zone: string): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "object") return "amount" in value ? money(value as Amount) : JSON.stringify(value);
  if (typeof value !== "string") return JSON.stringify(value);
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? time(value, zone) : value;
}
