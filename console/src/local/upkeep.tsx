// Small deeds of a local run: clear the limits of tries, dispute a payment, run what else runs by the clock.
import type { JSX } from "preact";

import { Deed, Field, Form, Submit } from "../ui/form.tsx";
import { clock, count, Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Listing, useList } from "../ui/list.tsx";
import { useSaid } from "../ui/said.ts";

import { read, write, type Schedule } from "./desk.ts";

/** Limits and schedules. */
export function Upkeep(): JSX.Element {
  const news = useSaid();
  const list = useList(async () => ({ results: (await read<{ schedules: Schedule[] }>("schedules/")).schedules }));
  return (
    <>
      <p class="band" role="status" hidden={!news.value}>
        {news.value}
      </p>
      <section class="card" aria-labelledby="limits">
        <h2 id="limits">{t("local.limits")}</h2>
        <p class="quiet">{t("local.limits.hint")}</p>
        <Deed
          act={async () => {
            await write("DELETE", "limits/");
            news.value = () => t("local.limits.cleared");
          }}
        >
          {t("local.limits.clear")}
        </Deed>
      </section>
      <section class="card" aria-labelledby="dispute">
        <h2 id="dispute">{t("local.dispute")}</h2>
        <p class="quiet">{t("local.dispute.hint")}</p>
        <Form
          label={t("local.dispute")}
          onSubmit={async ({ booking_id: booking = "" }) => {
            const { payment_id: payment } = await write<{ payment_id: string }>("POST", "disputes/", { booking_id: booking.trim() });
            news.value = () => t("local.dispute.done", { payment });
          }}
        >
          <Field name="booking_id" label={t("local.dispute.booking")} hint={t("local.dispute.booking_hint")} required />
          <Submit>{t("local.dispute.begin")}</Submit>
        </Form>
      </section>
      <div class="card">
        <h2>{t("local.schedules")}</h2>
        <p class="quiet">{t("local.schedules.hint")}</p>
        <Listing
          list={list}
          label={t("local.schedules")}
          empty={t("local.schedules.empty")}
          row={({ name, period_s: period, ran_at: at }) => (
            <li key={name} class="row">
              <span class="grow">
                <strong>
                  <Num>{name}</Num>
                </strong>{" "}
                <span class="quiet">
                  {period === null ? t("local.schedules.by_hand") : t("local.schedules.every", { seconds: count(period) })}
                  {at ? ` · ${t("local.schedules.ran", { time: clock(at) })}` : ""}
                </span>
              </span>
              <Deed
                act={async () => {
                  await write("POST", `schedule/${encodeURIComponent(name)}/`);
                  news.value = () => t("local.schedules.done", { name });
                  list.reload();
                }}
              >
                {t("local.schedules.run")}
                <span class="unseen"> {name}</span>
              </Deed>
            </li>
          )}
        />
      </div>
    </>
  );
}
