// Payouts: their list, and one with its lines, its invoice and the file that recomputes it.
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf } from "../ui/api/client.ts";
import { Deed } from "../ui/form.tsx";
import { fileOf, save } from "../ui/file.ts";
import { Filters } from "../ui/filters.tsx";
import { count, dateOf, money, Num, time } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { JobProgress } from "../ui/job.tsx";
import { Listing, Shown, useList, useRead } from "../ui/list.tsx";

import { api, PAYOUT_STATUSES, PORTAL, readPayout, TONES, type Payout, type PayoutStatus } from "./data.ts";
import { Figure } from "./events.tsx";

const filter = signal<{ status: PayoutStatus | ""; scheduled_from: string; scheduled_to: string }>({ status: "", scheduled_from: "", scheduled_to: "" });

function PayoutState({ status }: { status: string }): JSX.Element {
  return <span class={`badge ${TONES[status] ?? ""}`}>{word("organizer.payout", status)}</span>;
}

export function Payouts(): JSX.Element {
  const list = useList(
    (cursor) => {
      const { status, ...days } = filter.value;
      return answerOf(api.GET("/api/organizer/payouts/", { params: { query: { ...days, ...(status ? { status } : {}), cursor } } }));
    },
    () => JSON.stringify(filter.value),
  );
  return (
    <>
      <h1>{t("organizer.payouts")}</h1>
      <Filters
        of={filter}
        fields={[
          { name: "status", label: t("organizer.state"), kind: "choice", options: [["", t("organizer.all")], ...PAYOUT_STATUSES.map((each) => [each, word("organizer.payout", each)] as const)] },
          { name: "scheduled_from", label: t("organizer.from"), kind: "date" },
          { name: "scheduled_to", label: t("organizer.to"), kind: "date" },
        ]}
      />
      <Listing
        list={list}
        label={t("organizer.payouts")}
        empty={t("organizer.payouts.none")}
        row={(payout) => (
          <li key={payout.id} class="event">
            <div class="event-name">
              <a href={`/organizer/payouts/${payout.id}`}>
                <bdi>{payout.event.title}</bdi>
              </a>{" "}
              <PayoutState status={payout.status} />
              <br />
              <small>
                <When payout={payout} />
              </small>
            </div>
            <strong class="amount">
              <Num>{money(payout.net)}</Num>
            </strong>
          </li>
        )}
      />
    </>
  );
}

function When({ payout }: { payout: Payout }): JSX.Element {
  return (
    <>
      {t(payout.paid_at ? "organizer.paid_at" : "organizer.scheduled_for")} <Num>{payout.paid_at ? time(payout.paid_at) : dateOf(payout.scheduled_for)}</Num>
    </>
  );
}

export function PayoutView({ id }: { id: string }): JSX.Element {
  const read = useRead(() => readPayout(id));
  const job = useSignal<string | null>(null);
  const path = `/api/organizer/payouts/${encodeURIComponent(id)}/`;
  const download = async (of: string): Promise<void> => {
    const found = await fileOf(PORTAL, of);
    if ("jobId" in found) job.value = found.jobId;
    else save(found.file, found.name);
  };
  return (
    <Shown read={read}>
      {(payout) => (
        <>
          <p class="quiet">
            <a href="/organizer/payouts">{t("organizer.payouts")}</a>
          </p>
          <div class="row title">
            <h1 class="grow">
              <bdi>{payout.event.title}</bdi>
            </h1>
            <PayoutState status={payout.status} />
          </div>
          <p>
            <When payout={payout} />
            {payout.reference ? (
              <>
                {" · "}
                {t("organizer.reference")} <Num>{payout.reference}</Num>
              </>
            ) : null}
            {" · "}
            <a href={`/organizer/e/${payout.event.id}`}>{t("organizer.open_event")}</a>
          </p>
          <section class="card figures" aria-label={t("organizer.figures")}>
            <Figure label={t("organizer.gross")} value={money(payout.gross)} />
            <Figure label={t("organizer.refunds")} value={money(payout.refunds)} />
            <Figure label={t("organizer.platform_fee")} value={money(payout.platform_fee)} />
            {Number(payout.taken_back.amount) ? <Figure label={t("organizer.taken_back")} value={money(payout.taken_back)} /> : null}
            <Figure label={t("organizer.net")} value={money(payout.net)} />
          </section>
          <Lines payout={payout} />
          {payout.adjustments ? (
            <p class="band">
              {t("organizer.adjustments")} <Num>{money(payout.adjustments.net)}</Num>
            </p>
          ) : null}
          <section class="card" aria-label={t("organizer.files")}>
            <h2>{t("organizer.files")}</h2>
            <div class="row">
              <Deed act={() => download(`${path}invoice/`)}>
                {t("organizer.invoice")} <Num>{payout.invoice_number}</Num>
              </Deed>
              <Deed act={() => download(`${path}?format=csv`)}>{t("organizer.movements")}</Deed>
            </div>
            <p class="hint">{t("organizer.movements.about")}</p>
            {job.value ? <JobProgress portal={PORTAL} id={job.value} /> : null}
          </section>
        </>
      )}
    </Shown>
  );
}

function Lines({ payout }: { payout: Payout }): JSX.Element {
  const amounts = ["gross", "refunds", "platform_fee", "net"] as const;
  return (
    <div class="scroller" role="region" aria-label={t("organizer.lines")} tabIndex={0}>
      <table>
        <caption class="unseen">{t("organizer.lines")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("organizer.column.category")}</th>
            <th scope="col">{t("organizer.column.sold")}</th>
            <th scope="col">{t("organizer.column.given_back")}</th>
            {amounts.map((each) => (
              <th key={each} scope="col" class="amount">
                {t(`organizer.${each}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {payout.lines.map((line) => (
            <tr key={line.category_id}>
              <th scope="row">
                <bdi>{line.description}</bdi>
              </th>
              <td>
                <Num>{count(line.quantity)}</Num>
              </td>
              <td>
                <Num>{count(line.refunded_quantity)}</Num>
              </td>
              {amounts.map((each) => (
                <td key={each} class="amount">
                  <Num>{money(line[each])}</Num>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
