// All tickets by page, one of them by its number, and the ways to take tickets back.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, refusedAt } from "../ui/api/client.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Deed, Field, Form, Submit } from "../ui/form.tsx";
import { clock, count, isolated, Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { JobProgress } from "../ui/job.tsx";
import { Failure, useRead, Wait } from "../ui/list.tsx";
import { go, query } from "../ui/router.ts";

import { api, deed, news, typed, zone, type Me, type Ticket } from "./api.ts";
import { useNews } from "./overview.tsx";
import { nameOf } from "./recent.tsx";
import { extraText } from "./scan.tsx";

const LIMIT = 50;
const FILTERS = ["", "scanned", "not-scanned"] as const;
type Filter = (typeof FILTERS)[number];

const filterOf = (): Filter => FILTERS.find((each) => each === query.value.get("filter")) ?? "";
const pageOf = (): number => Math.max(1, Math.floor(Number(query.value.get("page") ?? 1)) || 1);

function show(filter: Filter, page: number): void {
  const asked = new URLSearchParams({ ...(filter ? { filter } : {}), ...(page > 1 ? { page: String(page) } : {}) });
  go(`/tix/tickets${asked.size ? `?${asked}` : ""}`);
}

function Status({ ticket }: { ticket: Ticket }): JSX.Element {
  if (ticket.scanned_at)
    return (
      <span class="badge good">
        ✓ {t("tix.status.scanned")} <Num>{clock(ticket.scanned_at, zone.value)}</Num>
      </span>
    );
  if (ticket.voided_at) return <span class="badge bad">✕ {t("tix.status.voided")}</span>;
  return <span class="badge">{t("tix.status.open")}</span>;
}

export function Tickets({ me }: { me: Me }): JSX.Element {
  const opened = useSignal<Ticket | null>(null);
  const newest = useNews();
  const page = useRead(
    () => answerOf(api.GET("/api/tix/tickets", { params: { query: { page: pageOf(), limit: LIMIT, filter: filterOf() || undefined } } })),
    () => `${filterOf()}/${pageOf()}/${newest()}`,
  );
  const found = page.value;
  const pages = Math.max(1, Math.ceil((found?.total ?? 0) / LIMIT));
  const admin = me.role === "admin";
  return (
    <>
      <h1>{t("tix.nav.tickets")}</h1>
      <div class="row tools">
        <div class="row" role="group" aria-label={t("tix.filter")}>
          {FILTERS.map((each) => (
            <button key={each} type="button" aria-pressed={each === filterOf()} onClick={() => show(each, 1)}>
              {t(`tix.filter.${each || "all"}`)}
            </button>
          ))}
        </div>
        <Form
          label={t("tix.find")}
          class="inline grow"
          onSubmit={async ({ number = "" }) => {
            const code = number.trim();
            if (/^\.*$/.test(code)) throw refusedAt("number", () => t("tix.find.empty"));
            opened.value = await answerOf(api.GET("/api/tix/tickets/{ticket_id}", { params: { path: { ticket_id: code } } }));
          }}
        >
          <Field name="number" label={t("tix.find")} type="search" required />
          <Submit>{t("ui.search")}</Submit>
        </Form>
      </div>
      <section class="listing" aria-label={t("tix.nav.tickets")} aria-busy={page.loading}>
        {page.isOld && page.loading ? <Wait /> : null}
        {page.error ? <Failure error={page.error} again={page.reload} /> : null}
        {found === null ? page.error ? null : <p class="quiet">{t("ui.loading")}</p> : null}
        {found && !found.tickets.length ? (
          <div class="empty">
            {t("tix.tickets.empty")} <a href="/tix/new">{t("tix.nav.new")}</a>
          </div>
        ) : null}
        {found?.tickets.length ? (
          <div class="scroller" role="group" aria-label={t("tix.tickets.table")} tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t("tix.number")}</th>
                  <th scope="col">{t("tix.status")}</th>
                  <th scope="col">{t("tix.made")}</th>
                </tr>
              </thead>
              <tbody>
                {found.tickets.map((each) => (
                  <tr key={each.id}>
                    <th scope="row">
                      <button type="button" class="plain" aria-haspopup="dialog" onClick={() => (opened.value = each)}>
                        <Num>{each.number}</Num>
                      </button>
                    </th>
                    <td>
                      <Status ticket={each} />
                    </td>
                    <td class="quiet">
                      <Num>{clock(each.generated_at, zone.value)}</Num>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : null}
      </section>
      {pages > 1 ? (
        <nav class="row pages" aria-label={t("tix.pages")}>
          <button type="button" disabled={pageOf() <= 1} onClick={() => show(filterOf(), pageOf() - 1)}>
            {t("tix.pages.before")}
          </button>
          <span role="status">{t("tix.pages.of", { page: isolated(count(pageOf())), pages: isolated(count(pages)), total: isolated(found ? count(found.total) : "–") })}</span>
          <button type="button" disabled={pageOf() >= pages} onClick={() => show(filterOf(), pageOf() + 1)}>
            {t("tix.pages.next")}
          </button>
        </nav>
      ) : null}
      {admin ? (
        <div class="tiles wide">
          <VoidRange me={me} />
          <Clear me={me} />
        </div>
      ) : null}
      {opened.value ? (
        <Detail
          ticket={opened.value}
          close={() => (opened.value = null)}
          gone={() => {
            opened.value = null;
            news.value += 1;
            page.reload();
          }}
        />
      ) : null}
    </>
  );
}

function Detail({ ticket, close, gone }: { ticket: Ticket; close(): void; gone(): void }): JSX.Element {
  const sure = useSignal(false);
  const rows: [string, JSX.Element | string][] = [
    ["status", <Status ticket={ticket} />],
    ["made", <Num>{clock(ticket.generated_at, zone.value)}</Num>],
    ["made_by", <bdi>{nameOf(ticket.created_by)}</bdi>],
  ];
  if (ticket.scanned_at) rows.push(["scanned_by", <bdi>{nameOf(ticket.scanned_by)}</bdi>]);
  if (ticket.voided_at) rows.push(["voided_at", <Num>{clock(ticket.voided_at, zone.value)}</Num>]);
  if (ticket.extra) rows.push(["extra", <span dir="auto">{extraText(ticket.extra)}</span>]);
  return (
    <Dialog title={ticket.number} close={close}>
      <dl class="facts">
        {rows.map(([key, value]) => (
          <div key={key}>
            <dt>{t(`tix.fact.${key}`)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {sure.value ? (
        <>
          <p>{t("tix.delete.hint")}</p>
          <Deed
            class="danger"
            act={async () => {
              await answerOf(api.DELETE("/api/tix/tickets/{ticket_id}", { params: { path: { ticket_id: ticket.id } } }));
              gone();
            }}
          >
            {t("tix.delete.sure")}
          </Deed>
        </>
      ) : (
        <button type="button" class="danger" onClick={() => (sure.value = true)}>
          {t("tix.delete")}
        </button>
      )}
    </Dialog>
  );
}

function VoidRange({ me }: { me: Me }): JSX.Element {
  const result = useSignal<{ voided: number; before: number; scanned: number } | null>(null);
  const said = result.value;
  return (
    <details class="card">
      <summary>{t("tix.void.title")}</summary>
      <p class="quiet">{t("tix.void.hint")}</p>
      <Form
        label={t("tix.void.title")}
        draft="tix.void"
        initial={{ prefix: me.organization.ticket_prefix }}
        onSubmit={async ({ prefix = "", from, to, reason = "" }) => {
          result.value = null;
          const body = { prefix: prefix.trim(), from: typed(from), to: typed(to), reason: reason.trim() || null };
          const answer = await deed(`tix.void:${JSON.stringify(body)}`, (params) => answerOf(api.POST("/api/tix/tickets/void", { body, params })));
          result.value = { voided: answer.voided, before: answer.voided_before, scanned: answer.scanned };
          news.value += 1;
        }}
      >
        <Field name="prefix" label={t("tix.prefix")} required />
        <div class="pair">
          <Field name="from" label={t("tix.from")} inputmode="numeric" required />
          <Field name="to" label={t("tix.to")} inputmode="numeric" required />
        </div>
        <Field name="reason" label={t("tix.void.reason")} />
        <Submit class="danger">{t("tix.void.do")}</Submit>
      </Form>
      <p role="status">{said ? t("tix.void.done", { voided: count(said.voided), before: count(said.before), scanned: count(said.scanned) }) : ""}</p>
    </details>
  );
}

function Clear({ me }: { me: Me }): JSX.Element {
  const job = useSignal<string | null>(null);
  const cleared = useSignal(0);
  return (
    <details class="card">
      <summary>{t("tix.clear.title")}</summary>
      <p class="quiet">
        {t("tix.clear.hint")} <bdi>{me.organization.name}</bdi>
      </p>
      <Form
        key={cleared.value}
        label={t("tix.clear.title")}
        onSubmit={async ({ confirm = "" }) => {
          const answer = await answerOf(api.DELETE("/api/tix/tickets", { params: { query: { confirm } } }));
          job.value = "job_id" in answer ? String(answer.job_id) : null;
          cleared.value += 1;
          news.value += 1;
        }}
      >
        <Field name="confirm" label={t("tix.clear.confirm")} required autocomplete="off" />
        <Submit class="danger">{t("tix.clear.do")}</Submit>
      </Form>
      <p role="status">{cleared.value ? t(job.value ? "tix.clear.begun" : "tix.clear.done") : ""}</p>
      {job.value ? <JobProgress portal="tix" id={job.value} ended={() => (news.value += 1)} /> : null}
    </details>
  );
}
