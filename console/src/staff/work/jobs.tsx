// Long works that this account began here, with their progress, errors and files; and bulk work on cards.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";

import type { Schemas } from "../../ui/api/client.ts";
import { Choice, Field, Form, Submit } from "../../ui/form.tsx";
import { t, word } from "../../ui/i18n.ts";
import { JobProgress } from "../../ui/job.tsx";
import { useSaid } from "../../ui/said.ts";
import { api, deed, may } from "../parts/api.ts";
import { forgetJob, keepJob, keptJobs } from "../parts/jobs.ts";
import { Title, When } from "../parts/shown.tsx";

const ACTIONS = ["create", "assign_merchant", "activate", "block"] as const;

export function Jobs(): JSX.Element {
  const turn = useSignal(0);
  void turn.value;
  const jobs = keptJobs();
  return (
    <>
      <Title>{t("staff.jobs")}</Title>
      <p class="quiet">{t("staff.jobs_about")}</p>
      <div class="two">
        <section aria-label={t("staff.jobs")}>
          {jobs.length ? (
            <ul class="rows">
              {jobs.map((job) => (
                <li key={job.id}>
                  <div class="row">
                    <b class="grow">{job.what}</b>
                    <When at={job.at} />
                    <button
                      type="button"
                      class="plain"
                      aria-label={t("staff.forget_job", { what: job.what })}
                      onClick={() => {
                        forgetJob(job.id);
                        turn.value += 1;
                      }}
                    >
                      {t("staff.forget")}
                    </button>
                  </div>
                  <JobProgress portal="admin" id={job.id} />
                </li>
              ))}
            </ul>
          ) : (
            <p class="empty">{t("staff.none.jobs")}</p>
          )}
        </section>
        {may("manage") ? <Bulk begun={() => (turn.value += 1)} /> : null}
      </div>
    </>
  );
}

function Bulk({ begun }: { begun(): void }): JSX.Element {
  const file = useRef<HTMLInputElement>(null);
  const said = useSaid();
  return (
    <section class="panel" aria-label={t("staff.bulk.title")}>
      <h2>{t("staff.bulk.title")}</h2>
      <p class="hint">{t("staff.bulk.about")}</p>
      <Form
        label={t("staff.bulk.title")}
        draft="staff.bulk"
        onSubmit={async ({ action: chosen = "create", csv: typed = "", merchant_id: shop = "", reason = "" }) => {
          const chosenFile = file.current?.files?.[0];
          const csv = chosenFile ? await chosenFile.text() : typed;
          const body: Schemas["AdminBulkIn"] = {
            action: chosen as "create",
            csv,
            ...(shop.trim() ? { merchant_id: shop.trim() } : {}),
            ...(reason.trim() ? { reason: reason.trim() } : {}),
          };
          const job = await deed("bulk", body, (headers) => api.POST("/api/nfc-cards/bulk/", { body, headers }));
          keepJob(job.job_id, `${t("staff.bulk.title")}: ${word("staff.bulk", chosen)}`);
          said.value = () => t("staff.bulk.accepted", { count: job.accepted });
          if (file.current) file.current.value = "";
          begun();
        }}
      >
        <Choice name="action" label={t("staff.action")} options={ACTIONS.map((each) => [each, t(`staff.bulk.${each}`)])} />
        <div class="field">
          <label for="bulk-file">{t("staff.bulk.file")}</label>
          <input id="bulk-file" ref={file} type="file" accept=".csv,text/csv,text/plain" />
        </div>
        <Field name="csv" label={t("staff.bulk.cards")} lines={4} hint={t("staff.bulk.cards_hint")} />
        <div class="pair">
          <Field name="merchant_id" label={t("staff.merchant_id")} hint={t("staff.bulk.shop_hint")} />
          <Field name="reason" label={t("staff.reason")} />
        </div>
        <Submit>{t("staff.bulk.start")}</Submit>
      </Form>
      <p role="status">{said.value}</p>
    </section>
  );
}
