// Batches of numbers that sellers take, and what they bring back: numbers, cash, and the difference.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, refusedAt, type Schemas } from "../ui/api/client.ts";
import { Field, Form, Submit } from "../ui/form.tsx";
import { clock, count, isolated, money, Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Listing, useList, type Loaded } from "../ui/list.tsx";

import { api, deed, news, numberOf, typed, zone, type Me } from "./api.ts";

type Batch = Schemas["TixBatchOut"];
type Range = { from: number; to: number };
const STATUSES = ["", "open", "settled"] as const;

/** Return the ranges of numbers in a text such as `5-10, VIP-000012`. Raises Refused at the field. */
export function rangesOf(text: string, prefix: string): Range[] {
  const found: Range[] = [];
  for (const part of text.split(/[,;،\n]+/).map((each) => each.trim()).filter(Boolean)) {
    const plain = part.toUpperCase().replaceAll(`${prefix}-`, "");
    const ends = /^(\d+)(?:\s*[-–—]\s*(\d+))?$/.exec(plain);
    if (!ends) throw refusedAt("returned", () => t("tix.batch.returned.wrong", { part: isolated(part) }));
    found.push({ from: Number(ends[1]), to: Number(ends[2] ?? ends[1]) });
  }
  return found;
}

const textOf = (ranges: readonly Range[]): string => ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(", ");

export function Batches({ me }: { me: Me }): JSX.Element {
  const status = useSignal<(typeof STATUSES)[number]>("");
  const seller = useSignal("");
  const turn = useSignal(0);
  const list = useList(
    (cursor) => answerOf(api.GET("/api/tix/batches", { params: { query: { cursor, status: status.peek() || undefined, seller: seller.peek() || undefined } } })),
    () => `${status.value}/${seller.value}`,
  );
  const admin = me.role === "admin";
  return (
    <>
      <h1>{t("tix.nav.batches")}</h1>
      <p class="quiet">{t("tix.batches.hint")}</p>
      {admin ? (
        <details class="card" open={list.state === "ready" && !list.items.length}>
          <summary>{t("tix.batch.new")}</summary>
          <NewBatch
            key={turn.value}
            me={me}
            made={() => {
              turn.value += 1;
              list.reload();
            }}
          />
        </details>
      ) : null}
      <div class="row tools">
        <div class="row" role="group" aria-label={t("tix.filter")}>
          {STATUSES.map((each) => (
            <button key={each} type="button" aria-pressed={each === status.value} onClick={() => (status.value = each)}>
              {t(`tix.batch.status.${each || "all"}`)}
            </button>
          ))}
        </div>
        <Form label={t("tix.batch.seller")} class="inline grow" onSubmit={({ seller: name = "" }) => Promise.resolve(void (seller.value = name.trim()))}>
          <Field name="seller" label={t("tix.batch.seller")} type="search" />
          <Submit>{t("ui.search")}</Submit>
        </Form>
      </div>
      <Listing list={list} label={t("tix.nav.batches")} empty={t("tix.batches.empty")} row={(batch) => <Row key={batch.id} batch={batch} admin={admin} list={list} />} />
    </>
  );
}

function NewBatch({ me, made }: { me: Me; made(): void }): JSX.Element {
  return (
    <Form
      label={t("tix.batch.new")}
      draft="tix.batch"
      initial={{ prefix: me.organization.ticket_prefix }}
      onSubmit={async ({ seller = "", prefix = "", from, to, price = "" }) => {
        const body = { seller: seller.trim(), prefix: prefix.trim(), from: typed(from), to: typed(to), price: price.trim() };
        await deed(`tix.batch:${JSON.stringify(body)}`, (params) => answerOf(api.POST("/api/tix/batches", { body, params })));
        made();
      }}
    >
      <Field name="seller" label={t("tix.batch.seller")} required />
      <Field name="prefix" label={t("tix.prefix")} required />
      <div class="pair">
        <Field name="from" label={t("tix.from")} inputmode="numeric" required />
        <Field name="to" label={t("tix.to")} inputmode="numeric" required />
      </div>
      <Field name="price" label={t("tix.batch.price")} inputmode="decimal" required />
      <Submit>{t("tix.batch.give")}</Submit>
    </Form>
  );
}

function Row({ batch, admin, list }: { batch: Batch; admin: boolean; list: Loaded<Batch> }): JSX.Element {
  const settles = useSignal(false);
  const settled = batch.status === "settled";
  return (
    <li class="batch">
      <div class="row">
        <strong class="grow">
          <bdi>{batch.seller}</bdi>
        </strong>
        <span class={`badge ${settled ? "good" : "warn"}`}>{t(`tix.batch.status.${batch.status}`)}</span>
      </div>
      <p>
        <Num>
          {numberOf(batch.prefix, batch.from)} – {numberOf(batch.prefix, batch.to)}
        </Num>{" "}
        <span class="quiet">
          {count(batch.count)} × <Num>{money(batch.price)}</Num> · <Num>{clock(batch.created_at, zone.value)}</Num>
        </span>
      </p>
      <dl class="settlement">
        <Fact label={t("tix.batch.returned")} value={batch.returned.length ? textOf(batch.returned) : "–"} />
        <Fact label={t("tix.batch.sold")} value={count(batch.sold)} />
        <Fact label={t("tix.batch.due")} value={money(batch.due)} />
        <Fact label={t("tix.batch.cash")} value={batch.cash ? money(batch.cash) : "–"} />
        <Difference batch={batch} />
      </dl>
      {batch.scanned_of_returned ? <p class="problem">{t("tix.batch.scanned_of_returned", { count: count(batch.scanned_of_returned) })}</p> : null}
      {admin ? (
        settles.value ? (
          <Settle
            batch={batch}
            done={(next) => {
              settles.value = false;
              list.replace((each) => each.id === batch.id, next);
              news.value += 1;
            }}
          />
        ) : (
          <button type="button" onClick={() => (settles.value = true)}>
            {t(settled ? "tix.batch.change" : "tix.batch.settle")}
          </button>
        )
      ) : null}
    </li>
  );
}

function Fact({ label, value }: { label: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <Num>{value}</Num>
      </dd>
    </div>
  );
}

function Difference({ batch }: { batch: Batch }): JSX.Element | null {
  const { difference } = batch;
  if (difference === null) return null;
  const kind = /^-?0*(\.0*)?$/.test(difference.amount) ? "even" : difference.amount.startsWith("-") ? "short" : "over";
  return (
    <div class={`difference ${kind}`}>
      <dt>{t("tix.batch.difference")}</dt>
      <dd>
        <Num>{money(difference)}</Num> <span>{t(`tix.batch.${kind}`)}</span>
      </dd>
    </div>
  );
}

function Settle({ batch, done }: { batch: Batch; done(next: Batch): void }): JSX.Element {
  return (
    <Form
      label={t("tix.batch.settle")}
      draft={`tix.settle.${batch.id}`}
      initial={{ returned: textOf(batch.returned), cash: batch.cash?.amount ?? "" }}
      onSubmit={async ({ returned = "", cash = "" }) => {
        const body = { returned: rangesOf(returned, batch.prefix), cash: cash.trim() || null };
        const next = await deed(`tix.settle:${batch.id}:${JSON.stringify(body)}`, ({ header }) =>
          answerOf(api.PUT("/api/tix/batches/{batch_id}", { body, params: { path: { batch_id: batch.id }, header } })),
        );
        done(next);
      }}
    >
      <Field name="returned" label={t("tix.batch.returned")} hint={t("tix.batch.returned.hint")} />
      <Field name="cash" label={t("tix.batch.cash")} hint={t("tix.batch.cash.hint", { currency: isolated(batch.price.currency) })} inputmode="decimal" />
      <Submit>{t("tix.batch.settle")}</Submit>
    </Form>
  );
}
