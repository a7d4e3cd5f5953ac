// The cancellation of an event: a preview, then the code from the mail and the sum, then its progress, live.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { readUntil } from "../../ui/again.ts";
import { Refused, type Schemas } from "../../ui/api/client.ts";
import { Check, Choice, Field, Form, Submit } from "../../ui/form.tsx";
import { count, money, Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Failure, Shown, useRead } from "../../ui/list.tsx";
import { LocalCode } from "../../ui/local.tsx";
import { match } from "../../ui/router.ts";
import { api, ask, deed, may, me, myself } from "../parts/api.ts";
import { Facts, Note, State, Sum, Thing, Title, When } from "../parts/shown.tsx";

type Known = Schemas["AdminCancellationOut"];
type Preview = Schemas["AdminPreviewOut"];

const EVERY = 1500;

/** Return the cancellation of an event; null where none was asked for. */
export async function cancellationOf(id: string): Promise<Known | null> {
  try {
    return await ask(() => api.GET("/api/events/{event_id}/cancellation/", { params: { path: { event_id: id } } }));
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

export function Cancellation(): JSX.Element {
  const id = match("/staff/events/:id/cancellation")?.id ?? "";
  const known = useSignal<Known | null | undefined>(undefined);
  const error = useSignal<unknown>(null);
  const turn = useSignal(0);
  const event = useRead(() => ask(() => api.GET("/api/events/{event_id}/", { params: { path: { event_id: id } } })));
  useEffect(
    () =>
      readUntil({
        read: () => cancellationOf(id),
        isOver: (found) => found?.status !== "running" && found?.status !== "awaiting_second",
        take(found) {
          known.value = found;
          error.value = null;
        },
        fail: (problem) => (error.value = problem),
        every: EVERY,
      }),
    [id, turn.value],
  );
  const found = known.value;
  const mine = found?.status === "awaiting_second" && found.asked_by === myself();
  const asks = found === null || (found?.status === "awaiting_second" && !mine);
  return (
    <Shown read={event}>
      {(one) => (
        <>
          <Title>
            {t("staff.cancellation.title")}: <Num>{one.title}</Num>
          </Title>
          <p>
            <Thing id={one.id} name={t("staff.back_event")} />
          </p>
          {error.value ? <Failure error={error.value} /> : null}
          {found ? <Progress known={found} mine={mine} /> : null}
          {asks && may("manage") ? <Steps id={id} waiting={found ?? null} begun={(next) => ((known.value = next), (turn.value += 1))} /> : null}
          {asks && !may("manage") ? <p class="empty">{t("staff.not_yours")}</p> : null}
        </>
      )}
    </Shown>
  );
}

/** What a cancellation would give back, and how. */
function Shows({ preview }: { preview: Preview }): JSX.Element {
  return (
    <>
      <div class="numbers">
        <div>
          <b>
            <Num>{count(preview.tickets)}</Num>
          </b>
          <span>{t("staff.cancellation.tickets")}</span>
        </div>
        <div>
          <b>
            <Sum of={preview.total} />
          </b>
          <span>{t("staff.cancellation.total")}</span>
        </div>
        <div>
          <b>
            <Num>{count(preview.issued)}</Num>
          </b>
          <span>{t("staff.cancellation.issued")}</span>
        </div>
      </div>
      <ul class="rows">
        {preview.ways.map((way) => (
          <li key={way.provider} class="row">
            <b class="grow">{word("staff.way", way.provider)}</b>
            <span>{t("staff.cancellation.way", { tickets: count(way.tickets), amount: money(way.amount) })}</span>
            {way.lacks ? (
              <span class="badge bad">
                {t("staff.cancellation.lacks")} <Sum of={way.lacks} />
              </span>
            ) : null}
          </li>
        ))}
      </ul>
    </>
  );
}

function previewOf(error: unknown): Preview | null {
  if (!(error instanceof Refused) || error.status !== 409 || typeof error.body !== "object" || error.body === null) return null;
  const inner = (error.body as { error?: { preview?: Preview } }).error;
  return inner?.preview ?? null;
}

function Steps({ id, waiting, begun }: { id: string; waiting: Known | null; begun(next: Known): void }): JSX.Element {
  const preview = useSignal<Preview | null>(null);
  const offered = useSignal("");
  const path = { params: { path: { event_id: id } } };
  const step = preview.value === null ? 0 : 1;
  return (
    <section class="panel">
      <ol class="steps">
        {["preview", "confirm", "progress"].map((each, place) => (
          <li key={each} aria-current={place === step ? "step" : undefined}>
            {place + 1}. {t(`staff.cancellation.step.${each}`)}
          </li>
        ))}
      </ol>
      {preview.value === null ? (
        <Form
          label={t("staff.cancellation.step.preview")}
          onSubmit={async () => {
            const body = { dry_run: true };
            const found = await ask(() => api.POST("/api/events/{event_id}/cancellation/", { ...path, body }));
            preview.value = found.preview;
          }}
        >
          <p>{t("staff.cancellation.preview_why")}</p>
          <Submit>{t("staff.cancellation.show")}</Submit>
        </Form>
      ) : (
        <>
          <Shows preview={preview.value} />
          <Form
            key={offered.value}
            label={t("staff.cancellation.step.confirm")}
            draft={`staff.cancel.${id}`}
            secret={["confirm_code"]}
            initial={{ refund: waiting?.refund ?? "all", notify: waiting?.notify === false ? "" : "true", reason: waiting?.reason ?? "", confirm_code: offered.value }}
            onSubmit={async ({ reason = "", refund = "all", notify = "", confirm_code: code = "", expected_total: total = "" }) => {
              const body = {
                dry_run: false,
                reason,
                refund: refund as "all",
                notify: notify === "true",
                confirm_code: code.trim(),
                expected_total: total.trim().replaceAll(",", ""),
              };
              try {
                begun(await deed(`cancel.${id}`, body, (headers) => api.POST("/api/events/{event_id}/cancellation/", { ...path, body, headers })));
              } catch (error) {
                preview.value = previewOf(error) ?? preview.value;
                throw error;
              }
            }}
          >
            <Field name="reason" label={t("staff.reason")} lines={2} required />
            <div class="pair">
              <Choice name="refund" label={t("staff.cancellation.refund")} options={[["all", t("staff.cancellation.refund.all")], ["none", t("staff.cancellation.refund.none")]]} />
              <Field name="expected_total" label={`${t("staff.cancellation.expected")} (${preview.value.total.currency})`} inputmode="decimal" hint={t("staff.cancellation.expected_hint", { total: preview.value.total.amount })} required />
            </div>
            <Check name="notify" label={t("staff.cancellation.notify")} />
            <Field name="confirm_code" label={t("ui.code")} inputmode="numeric" autocomplete="one-time-code" hint={t("staff.cancellation.code_hint")} required />
            <LocalCode to={(me.value?.who.email as string | undefined) ?? ""} use={(code) => (offered.value = code)} />
            <Submit class="danger">{t("staff.cancellation.do")}</Submit>
          </Form>
        </>
      )}
    </section>
  );
}

function Progress({ known, mine }: { known: Known; mine: boolean }): JSX.Element {
  const progress = known.progress;
  return (
    <section class="panel" aria-label={t("staff.cancellation.progress")}>
      <h2>
        {t("staff.cancellation.progress")} <State value={known.status} />
      </h2>
      {known.status === "awaiting_second" ? <Note tone="warn">{mine ? t("staff.second.own") : t("staff.cancellation.waits")}</Note> : null}
      <Facts
        of={[
          [t("staff.reason"), known.reason],
          [t("staff.cancellation.refund"), known.refund ? t(`staff.cancellation.refund.${known.refund}`) : null],
          [t("staff.asked_by"), known.asked_by ? <Thing id={known.asked_by} /> : null],
          [t("staff.confirmed_by"), known.confirmed_by ? <Thing id={known.confirmed_by} /> : null],
          [t("staff.when"), known.cancelled_at ? <When at={known.cancelled_at} /> : null],
        ]}
      />
      {progress ? (
        <div aria-live="polite">
          <p>
            <progress max={progress.total || 1} value={progress.total ? progress.done : 1} aria-label={t("staff.cancellation.progress")} />
          </p>
          <p>{t("ui.job.progress", { done: count(progress.done), total: count(progress.total) })}</p>
          <Facts
            of={[
              [t("staff.cancellation.paid"), <Sum of={progress.paid} />],
              [t("staff.refunded"), <Sum of={progress.refunded} />],
              [t("staff.cancellation.pending"), <Sum of={progress.pending} />],
              [t("staff.cancellation.kept"), <Sum of={progress.kept} />],
              [t("staff.cancellation.waiting"), progress.waiting ? <Num>{count(progress.waiting)}</Num> : null],
              [t("staff.cancellation.failed"), progress.failed ? <Num>{count(progress.failed)}</Num> : null],
            ]}
          />
          {progress.problems.length ? (
            <ul class="rows">
              {progress.problems.map((each) => (
                <li key={each.ticket_id}>
                  <Thing id={each.ticket_id} /> {each.reason.replaceAll("_", " ")}
                </li>
              ))}
            </ul>
          ) : null}
        </div>
      ) : null}
    </section>
  );
}
