// An event is made or changed: what, where, when, what is asked for, and who is expected.
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, deed, Refused } from "../../ui/api/client.ts";
import { Check, Field, figureOf, Form, keepDraft, Submit, useForm, type Values } from "../../ui/form.tsx";
import { count } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { now } from "../../ui/now.ts";
import { go, match } from "../../ui/router.ts";
import { useSaid } from "../../ui/said.ts";
import { api, type CampusEvent } from "../api.ts";
import { locate } from "../attend/position.tsx";
import { Title } from "../parts.tsx";
import { toLocal, toMoment } from "./moments.ts";

// The version that somebody else made while the form was open.
const isMoved = signal(0);
const KINDS = ["photos", "signature", "position", "device"] as const;

export default function EventForm(): JSX.Element {
  const id = match("/campus/events/:id/edit")?.id;
  if (id === undefined) return <Fields event={null} />;
  return <Existing id={id} />;
}

function Existing({ id }: { id: string }): JSX.Element {
  const event = useRead(() => answerOf(api.GET("/api/campus/events/{event_id}/", { params: { path: { event_id: id } } })));
  // Another version is another form.
  return <Shown read={event}>{(found) => <Fields key={found.version} event={found} moved={event.reload} />}</Shown>;
}

function initialOf(event: CampusEvent | null): Values {
  if (event === null) {
    const next = new Date(now());
    next.setMinutes(0, 0, 0);
    const at = (hours: number): string => toLocal(new Date(next.getTime() + hours * 3_600_000).toISOString());
    return { start_datetime: at(1), end_datetime: at(2), location_radius: "100", require_location: "true", is_active: "true" };
  }
  const flag = (value: boolean): string => (value ? "true" : "");
  return {
    title: event.title,
    description: event.description ?? "",
    location: event.location,
    latitude: String(event.latitude),
    longitude: String(event.longitude),
    location_radius: String(event.location_radius),
    start_datetime: toLocal(event.start_datetime),
    end_datetime: toLocal(event.end_datetime),
    late_until: toLocal(event.late_until),
    closes_at: toLocal(event.closes_at),
    has_second: flag(event.second_window !== null),
    "second_window.start": toLocal(event.second_window?.start),
    "second_window.end": toLocal(event.second_window?.end),
    require_photos: flag(event.require_photos),
    require_signature: flag(event.require_signature),
    require_location: flag(event.require_location),
    is_active: flag(event.is_active),
    campus: event.campus,
    "expected.department": event.expected?.department ?? "",
    "expected.year_level": event.expected?.year_level ?? "",
    "expected.campus": event.expected?.campus ?? "",
    ...Object.fromEntries(KINDS.map((kind) => [`retention.${kind}_days`, String(event.retention[`${kind}_days`])])),
  };
}

function bodyOf(values: Values, event: CampusEvent | null) {
  const text = (name: string): string | null => values[name]?.trim() || null;
  const stored: Partial<CampusEvent> = event ?? {};
  const moment = (name: string, at: string | null | undefined): string | null => (values[name] ? toMoment(values[name], at) : null);
  const figure = (name: string): number | null => (text(name) === null ? null : figureOf(values[name]));
  const expected = { department: text("expected.department"), year_level: text("expected.year_level"), campus: text("expected.campus") };
  const days = KINDS.map((kind) => [`${kind}_days`, figure(`retention.${kind}_days`)] as const).filter(([, value]) => value !== null);
  return {
    title: values.title ?? "",
    description: text("description"),
    location: values.location ?? "",
    // Left out where nothing was typed, so that the platform names the field.
    latitude: figure("latitude") as number,
    longitude: figure("longitude") as number,
    location_radius: figure("location_radius") ?? undefined,
    start_datetime: moment("start_datetime", stored.start_datetime) ?? "",
    end_datetime: moment("end_datetime", stored.end_datetime) ?? "",
    late_until: moment("late_until", stored.late_until),
    closes_at: moment("closes_at", stored.closes_at),
    second_window: values.has_second
      ? { start: moment("second_window.start", stored.second_window?.start) ?? "", end: moment("second_window.end", stored.second_window?.end) ?? "" }
      : null,
    require_photos: values.require_photos === "true",
    require_signature: values.require_signature === "true",
    require_location: values.require_location === "true",
    is_active: values.is_active === "true",
    campus: text("campus") ?? undefined,
    expected: Object.values(expected).some(Boolean) ? expected : null,
    retention: days.length ? Object.fromEntries(days) : undefined,
  };
}

const draftOf = (event: CampusEvent | null): string => `campus.event.${event ? `${event.id}.${event.version}` : "new"}`;

/** Put what was typed for one version of an event into the form of another; all else is as the other version has it. */
function carryOver(values: Values, from: CampusEvent, to: CampusEvent): void {
  const before = initialOf(from);
  const typed = Object.entries(values).filter(([name, value]) => value !== (before[name] ?? ""));
  keepDraft(draftOf(to), { ...initialOf(to), ...Object.fromEntries(typed) });
  keepDraft(draftOf(from), null);
}

function Fields({ event, moved }: { event: CampusEvent | null; moved?: () => void }): JSX.Element {
  const title = t(event ? "campus.event.edit" : "campus.events.new");
  const save = async (values: Values): Promise<void> => {
    const body = bodyOf(values, event);
    if (event) {
      const params = { path: { event_id: event.id } };
      try {
        await answerOf(api.PUT("/api/campus/events/{event_id}/update/", { params, body: { ...body, version: event.version } }));
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 409) throw error;
        const now = await answerOf(api.GET("/api/campus/events/{event_id}/", { params }));
        if (now.version === event.version) throw error;
        carryOver(values, event, now);
        isMoved.value = now.version;
        moved?.();
        return;
      }
      go(`/campus/events/${event.id}`);
      return;
    }
    const made = await deed(`campus.event:${JSON.stringify(body)}`, (header) => answerOf(api.POST("/api/campus/events/", { params: { header }, body })));
    go(`/campus/events/${made.id}`);
  };
  return (
    <>
      <Title>{title}</Title>
      <div role="alert">{event && isMoved.value === event.version ? <p class="band">{t("campus.event.moved")}</p> : null}</div>
      <Form label={title} draft={draftOf(event)} initial={initialOf(event)} onSubmit={save} class="event-form">
        <fieldset class="card">
          <legend>{t("campus.event.what")}</legend>
          <Field name="title" label={t("campus.event.title")} required />
          <Field name="description" label={t("campus.event.description")} lines={2} />
          <Field name="campus" label={t("campus.campus")} hint={t("campus.event.campus_hint")} />
        </fieldset>
        <fieldset class="card">
          <legend>{t("campus.event.where")}</legend>
          <Field name="location" label={t("campus.event.location")} required />
          <Here />
          <div class="pair">
            <Field name="latitude" label={t("campus.event.latitude")} inputmode="decimal" required />
            <Field name="longitude" label={t("campus.event.longitude")} inputmode="decimal" required />
          </div>
          <Field name="location_radius" label={t("campus.event.radius")} hint={t("campus.event.radius_hint")} type="number" more={{ min: 5, max: 5000 }} required />
        </fieldset>
        <fieldset class="card">
          <legend>{t("campus.event.when")}</legend>
          <p class="hint">{t("campus.event.zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}</p>
          <div class="pair">
            <Field name="start_datetime" label={t("campus.event.start")} type="datetime-local" required />
            <Field name="end_datetime" label={t("campus.event.end")} type="datetime-local" required />
            <Field name="late_until" label={t("campus.event.late")} hint={t("campus.event.late_hint")} type="datetime-local" />
            <Field name="closes_at" label={t("campus.event.closes")} hint={t("campus.event.closes_hint")} type="datetime-local" />
          </div>
          <Check name="has_second" label={t("campus.event.second")} hint={t("campus.event.second_hint")} />
          <Second />
        </fieldset>
        <fieldset class="card">
          <legend>{t("campus.event.asks")}</legend>
          <Check name="require_location" label={t("campus.event.location_asked")} />
          <Check name="require_photos" label={t("campus.event.photos_asked")} />
          <Check name="require_signature" label={t("campus.event.signature_asked")} />
          <Check name="is_active" label={t("campus.event.active")} hint={t("campus.event.active_hint")} />
        </fieldset>
        <fieldset class="card">
          <legend>{t("campus.event.expected")}</legend>
          <p class="hint">{t("campus.event.expected_hint")}</p>
          <div class="pair">
            <Field name="expected.department" label={t("campus.department")} />
            <Field name="expected.year_level" label={t("campus.year_level")} />
            <Field name="expected.campus" label={t("campus.campus")} />
          </div>
        </fieldset>
        <fieldset class="card">
          <legend>{t("campus.event.retention")}</legend>
          <p class="hint">{t("campus.event.retention_hint")}</p>
          <div class="pair">
            {KINDS.map((kind) => (
              <Field key={kind} name={`retention.${kind}_days`} label={t(`campus.event.days_${kind}`)} type="number" more={{ min: 0, max: 3650 }} />
            ))}
          </div>
        </fieldset>
        <div class="row">
          <Submit>{t(event ? "ui.save" : "campus.event.create")}</Submit>
          <a href={event ? `/campus/events/${event.id}` : "/campus/events"}>{t("ui.back")}</a>
        </div>
      </Form>
    </>
  );
}

/** Fill the position in from where the teacher is. */
function Here(): JSX.Element {
  const form = useForm();
  const busy = useSignal(false);
  const said = useSaid();
  const find = async (): Promise<void> => {
    busy.value = true;
    said.value = "";
    try {
      const { latitude, longitude, accuracy } = await locate();
      form.fill({ latitude: latitude.toFixed(6), longitude: longitude.toFixed(6) });
      said.value = () => t("campus.event.here_found", { accuracy: count(Math.round(accuracy)) });
    } catch (error) {
      said.value = () => t(`campus.event.here_${(error as Error).message === "denied" ? "denied" : "failed"}`);
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="row">
      <button type="button" aria-busy={busy.value} onClick={() => void find()}>
        {t(busy.value ? "campus.position.looking" : "campus.event.here")}
      </button>
      <p class="hint" role="status">
        {said.value}
      </p>
    </div>
  );
}

function Second(): JSX.Element | null {
  const { values } = useForm();
  if (!values.has_second) return null;
  return (
    <div class="pair">
      <Field name="second_window.start" label={t("campus.event.second_start")} type="datetime-local" required />
      <Field name="second_window.end" label={t("campus.event.second_end")} type="datetime-local" required />
    </div>
  );
}
