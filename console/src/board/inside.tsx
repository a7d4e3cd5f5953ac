// How many are inside, how many there may be at most, and how full that is.
import type { JSX } from "preact";

import { clock, count, isolated, percent } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";

import type { Facts } from "./data.ts";
import type { Board } from "./model.ts";

const NEARLY = 0.9;

function boundOf(board: Board, inside: number, zone: string): { text: string; sure: boolean } {
  const bound = board.bound.value;
  if (bound === null || bound.unsynced === 0) return { text: t("board.bound.none"), sure: true };
  const values = { most: isolated(count(inside + bound.waiting)), devices: count(bound.unsynced), at: isolated(clock(bound.asOf, zone)) };
  // A silent reader goes on deciding: then what waits is not known, and the number is no bound.
  const key = bound.waiting ? "board.bound.waiting" : "board.bound.silent";
  return { text: t(bound.unsynced === 1 ? `${key}.one` : key, values), sure: false };
}

export function Inside({ board, facts }: { board: Board; facts: Facts }): JSX.Element {
  const counts = board.counts.value;
  if (counts === null) return <section class="panel inside-now" aria-busy="true" aria-label={t("board.inside")} />;
  const bound = boundOf(board, counts.inside, facts.zone);
  return (
    <section class="panel inside-now" aria-label={t("board.inside")}>
      <h2>{t("board.inside")}</h2>
      <p class="huge">
        <bdi class="num" data-test="inside">
          {count(counts.inside)}
        </bdi>
      </p>
      <p class={bound.sure ? "bound quiet" : "bound unsure"}>
        {bound.sure ? null : <span aria-hidden="true">⚠ </span>}
        {bound.text}
      </p>
      {facts.capacity ? <Capacity inside={counts.inside} waiting={board.bound.value?.waiting ?? 0} capacity={facts.capacity} /> : null}
      <dl class="small-figures">
        <Figure label={t("board.admitted")} value={counts.admitted} />
        <Figure label={t("board.on_leave")} value={counts.onLeave} />
        {counts.withoutTicket ? <Figure label={t("board.without_ticket")} value={counts.withoutTicket} /> : null}
        <Figure label={t("board.sold")} value={counts.sold} />
      </dl>
    </section>
  );
}

function Figure({ label, value }: { label: string; value: number }): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <bdi class="num">{count(value)}</bdi>
      </dd>
    </div>
  );
}

function Capacity({ inside, waiting, capacity }: { inside: number; waiting: number; capacity: number }): JSX.Element {
  const share = inside / capacity;
  const state = share >= 1 ? "full" : share >= NEARLY ? "nearly" : "room";
  const width = (value: number): number => Math.min(100, Math.max(0, (100 * value) / capacity));
  const text = t("board.capacity.of", { share: isolated(percent(share)), capacity: isolated(count(capacity)) });
  return (
    <div class={`capacity ${state}`}>
      <div
        role="meter"
        aria-label={t("board.capacity")}
        aria-valuemin={0}
        aria-valuemax={capacity}
        aria-valuenow={Math.min(inside, capacity)}
        aria-valuetext={text}
      >
        <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect width="100" height="6" class="track" />
          <rect width={width(inside + waiting)} height="6" class="maybe" />
          <rect width={width(inside)} height="6" class="fill" />
        </svg>
      </div>
      <p>
        {text} {state === "room" ? null : <strong>{t(`board.capacity.${state}`)}</strong>}
      </p>
    </div>
  );
}
