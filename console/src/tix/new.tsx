// New numbers, and sheets of them to print.
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { readUntil } from "../ui/again.ts";
import { answerOf, refusalOf, type Schemas } from "../ui/api/client.ts";
import { Choice, Field, Form, Submit, type Values } from "../ui/form.tsx";
import { clock, count, isolated, Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { JobProgress } from "../ui/job.tsx";
import { Unread } from "../ui/list.tsx";

import { api, deed, news, numberOf, typed, type Me } from "./api.ts";

/** A generation of this browser, which a reload goes on with. */
interface Made {
  prefix: string;
  from: number;
  to: number;
  jobId: string | null;
}
interface Kept {
  made: Made | null;
  runs: string[];
}
const RUNS = 5;

// One organization at a time: the key names it, since another member may log in in this tab.
const keyOf = (me: Me): string => `gatehouse.tix.work.${me.organizationId}.${me.id}`;

function kept(me: Me): Kept {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(me)) ?? "") as Kept;
  } catch {
    return { made: null, runs: [] };
  }
}

const work = signal<Kept>({ made: null, runs: [] });

function keepWork(me: Me, next: Kept): void {
  work.value = next;
  try {
    sessionStorage.setItem(keyOf(me), JSON.stringify(next));
  } catch {
    // kept as long as the page
  }
}

async function generate(me: Me, { count: wanted, prefix = "", extra = "" }: Values): Promise<void> {
  const body = { count: typed(wanted), prefix: prefix.trim(), extra: extra.trim() || null };
  const made = await deed(`tix.generate:${JSON.stringify(body)}`, async (params) => {
    const { data, error, response } = await api.POST("/api/tix/tickets/generate", { body, params });
    if (!response.ok || data === undefined) throw refusalOf(response, error);
    return { tickets: data, jobId: response.headers.get("X-Job-Id") };
  });
  const [first, last] = [made.tickets[0], made.tickets.at(-1)];
  if (first === undefined || last === undefined) return;
  const numberIn = (ticket: { number: string; prefix: string }): number => Number(ticket.number.slice(ticket.prefix.length + 1));
  keepWork(me, { ...work.peek(), made: { prefix: first.prefix, from: numberIn(first), to: numberIn(last), jobId: made.jobId } });
  news.value += 1;
}

function Result({ made }: { made: Made }): JSX.Element {
  return (
    <div class="result">
      <p>
        <strong>{t("tix.new.made", { count: count(made.to - made.from + 1) })}</strong>{" "}
        <Num>
          {numberOf(made.prefix, made.from)} – {numberOf(made.prefix, made.to)}
        </Num>
      </p>
      {made.jobId ? (
        <>
          <p class="quiet">{t("tix.new.behind")}</p>
          <JobProgress portal="tix" id={made.jobId} ended={() => (news.value += 1)} />
        </>
      ) : null}
    </div>
  );
}

export function NewTickets({ me }: { me: Me }): JSX.Element {
  const turn = useSignal(0);
  useEffect(() => {
    work.value = kept(me);
  }, [me.id]);
  const { made, runs } = work.value;
  return (
    <>
      <h1>{t("tix.nav.new")}</h1>
      <div class="tiles wide">
        <section class="card">
          <h2>{t("tix.new.title")}</h2>
          <Form
            key={turn.value}
            label={t("tix.new.title")}
            draft="tix.generate"
            initial={{ prefix: me.organization.ticket_prefix, count: "100" }}
            onSubmit={async (values) => {
              await generate(me, values);
              turn.value += 1;
            }}
          >
            <Field name="count" label={t("tix.new.count")} inputmode="numeric" hint={t("tix.new.count.hint")} required />
            <Field name="prefix" label={t("tix.prefix")} hint={t("tix.prefix.hint")} required more={{ autocapitalize: "characters", spellcheck: false }} />
            <Field name="extra" label={t("tix.new.extra")} hint={t("tix.new.extra.hint")} lines={2} />
            <Submit>{t("tix.new.do")}</Submit>
          </Form>
          <div role="status">{made ? <Result made={made} /> : null}</div>
        </section>
        <section class="card">
          <h2>{t("tix.print.title")}</h2>
          <PrintForm key={made ? `${made.prefix}${made.from}` : ""} me={me} made={made} />
          {runs.map((id) => (
            <Run key={id} id={id} />
          ))}
        </section>
      </div>
    </>
  );
}

function PrintForm({ me, made }: { me: Me; made: Made | null }): JSX.Element {
  const initial: Values = made
    ? { prefix: made.prefix, from: String(made.from), to: String(made.to), format: "pdf" }
    : { prefix: me.organization.ticket_prefix, format: "pdf" };
  return (
    <Form
      label={t("tix.print.title")}
      draft={`tix.print.${made ? `${made.prefix}${made.from}` : ""}`}
      initial={initial}
      onSubmit={async ({ prefix = "", from, to, format }) => {
        const body = { prefix: prefix.trim(), from: typed(from), to: typed(to), format: format === "csv" ? ("csv" as const) : ("pdf" as const) };
        const { job_id: id } = await deed(`tix.print:${JSON.stringify(body)}`, (params) => answerOf(api.POST("/api/tix/tickets/print", { body, params })));
        keepWork(me, { ...work.peek(), runs: [id, ...work.peek().runs.filter((each) => each !== id)].slice(0, RUNS) });
      }}
    >
      <Field name="prefix" label={t("tix.prefix")} required more={{ autocapitalize: "characters", spellcheck: false }} />
      <div class="pair">
        <Field name="from" label={t("tix.from")} inputmode="numeric" required />
        <Field name="to" label={t("tix.to")} inputmode="numeric" required />
      </div>
      <Choice
        name="format"
        label={t("tix.print.format")}
        options={[
          ["pdf", t("tix.print.pdf")],
          ["csv", t("tix.print.csv")],
        ]}
        hint={t("tix.print.paper")}
      />
      <Submit>{t("tix.print.do")}</Submit>
    </Form>
  );
}

/** A print run: its progress, then its files. */
function Run({ id }: { id: string }): JSX.Element {
  const run = useSignal<Schemas["TixPrintRunOut"] | null>(null);
  const error = useSignal<unknown>(null);
  const turn = useSignal(0);
  useEffect(
    () =>
      readUntil({
        read: () => answerOf(api.GET("/api/tix/tickets/print/{job_id}", { params: { path: { job_id: id } } })),
        isOver: ({ status }) => status !== "open",
        take(found) {
          run.value = found;
          error.value = null;
        },
        fail: (problem) => (error.value = problem),
      }),
    [id, turn.value],
  );
  const found = run.value;
  const unread = <Unread read={{ error: error.value, reload: () => (turn.value += 1) }} />;
  if (found === null) return error.value ? unread : <p class="quiet">{t("ui.loading")}</p>;
  return (
    <section class="run" aria-label={t("tix.print.run")} aria-live="polite">
      {unread}
      <p>
        <Num>
          {numberOf(found.prefix, found.from)} – {numberOf(found.prefix, found.to)}
        </Num>{" "}
        {t(`ui.job.${found.status}`)} {t("ui.job.progress", { done: isolated(count(found.done)), total: isolated(count(found.count)) })}
      </p>
      {found.status === "open" ? <progress max={found.count} value={found.done} aria-label={t("ui.job.open")} /> : null}
      {found.problem ? <p class="problem">{found.problem}</p> : null}
      <ul>
        {found.files.map((file) => (
          <li key={file.from}>
            <a href={file.url} download target="_blank" rel="noopener">
              {t("ui.job.file")}{" "}
              <Num>
                {file.from} – {file.to}
              </Num>
            </a>{" "}
            <small>{t("tix.print.until", { at: isolated(clock(file.expires_at)) })}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}
