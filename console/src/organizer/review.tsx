// The last step: the whole draft as customers and gates will have it, and its way to the staff.
import type { JSX } from "preact";

import { Deed } from "../ui/form.tsx";
import { count, money, Num, time } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { go } from "../ui/router.ts";

import { submitDraft, type EventDetail } from "./data.ts";
import { addressOf, leadTo } from "./lead.ts";
import type { Step } from "./steps.ts";

export function Review({ event, reload }: { event: EventDetail; reload(): void }): JSX.Element {
  const submit = async (): Promise<void> => {
    try {
      await submitDraft(event.id);
      reload();
      go(`/organizer/e/${event.id}`);
    } catch (error) {
      leadTo(event.id, "review", error);
    }
  };
  const at = (value: string | null): string => (value ? time(value, event.timezone) : "–");
  return (
    <section class="card">
      <h2>{t("organizer.step.review")}</h2>
      <Part event={event} step="what">
        <Line label={t("organizer.field.title")} value={event.title} />
        <Line label={t("organizer.field.category")} value={event.category} />
        <Line label={t("organizer.field.description")} value={event.description} />
      </Part>
      <Part event={event} step="when">
        <Line label={t("organizer.field.starts_at")} value={at(event.starts_at)} />
        <Line label={t("organizer.field.ends_at")} value={at(event.ends_at)} />
        <Line label={t("organizer.field.timezone")} value={event.timezone} />
        <Line label={t("organizer.field.venue_id")} value={event.venue ? [event.venue.name, event.venue.city].filter(Boolean).join(", ") : null} missing />
      </Part>
      <Part event={event} step="categories">
        {event.ticket_categories.map((each) => (
          <Line key={each.id} label={each.name} value={`${money(each.price)} × ${count(each.capacity)}`} />
        ))}
        {event.ticket_categories.length ? null : <Line label={t("organizer.step.categories")} value={null} missing />}
      </Part>
      <Part event={event} step="rules">
        <Line label={t("organizer.field.scanning_opens_at")} value={at(event.scanning_opens_at)} />
        <Line label={t("organizer.field.scanning_closes_at")} value={at(event.scanning_closes_at)} />
        <Line label={t("organizer.field.refund_deadline")} value={at(event.refund_deadline)} />
        <Line label={t("organizer.field.re_entry_allowed")} value={t(event.re_entry_allowed ? "organizer.yes" : "organizer.no")} />
        <Line label={t("organizer.field.children_enabled")} value={t(event.children_enabled ? "organizer.yes" : "organizer.no")} />
      </Part>
      <p class="quiet">{t("organizer.submit.about")}</p>
      {event.review === "submitted" ? (
        <p>
          <a class="button" href={`/organizer/e/${event.id}`}>
            {t("organizer.open_event")}
          </a>
        </p>
      ) : (
        <Deed class="primary" act={submit}>
          {t("organizer.submit")}
        </Deed>
      )}
    </section>
  );
}

function Part({ event, step, children }: { event: EventDetail; step: Step; children: JSX.Element | (JSX.Element | JSX.Element[] | null)[] }): JSX.Element {
  const name = t(`organizer.step.${step}`);
  return (
    <div class="part">
      <div class="row">
        <h3 class="grow">{name}</h3>
        <a href={addressOf(event.id, step)} aria-label={t("organizer.change_of", { what: name })}>
          {t("organizer.change")}
        </a>
      </div>
      <dl class="facts">{children}</dl>
    </div>
  );
}

function Line({ label, value, missing = false }: { label: string; value: string | null; missing?: boolean }): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value ? <Num>{value}</Num> : missing ? <span class="badge warn">{t("organizer.missing")}</span> : "–"}</dd>
    </div>
  );
}
