// The verdict: a colour, a word, a shape, and all that the usher needs to see of the person.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { clock, Num } from "../ui/format.tsx";
import { known, t } from "../ui/i18n.ts";

import { goesOut } from "./rule.ts";
import { isCorrected } from "./sender.ts";
import { lookOf, type Look } from "./senses.ts";
import { deciding, event, isFormer } from "./state.ts";
import type { Entry, Outcome } from "./store.ts";

const SHAPES: Readonly<Record<Look, JSX.Element>> = {
  admit: (
    <>
      <circle cx="32" cy="32" r="29" />
      <path class="mark" d="M17 33l11 11 20-23" />
    </>
  ),
  already: (
    <>
      <path d="M32 3l30 56H2z" />
      <path class="mark" d="M32 23v17M32 48v2" />
    </>
  ),
  refuse: (
    <>
      <path d="M20 3h24l17 17v24L44 61H20L3 44V20z" />
      <path class="mark" d="M21 21l22 22M43 21L21 43" />
    </>
  ),
  unknown: (
    <>
      <rect x="4" y="4" width="56" height="56" rx="6" />
      <path class="mark" d="M24 24c0-11 17-11 17 0 0 7-9 7-9 14M32 47v2" />
    </>
  ),
};

/** The sign of a verdict, which differs by its shape. */
export function Sign({ look }: { look: Look }): JSX.Element {
  return (
    <svg class="sign" viewBox="0 0 64 64" aria-hidden="true">
      {SHAPES[look]}
    </svg>
  );
}

/** Return the word of a verdict. */
export function wordOf({ kind, direction }: Pick<Entry, "kind" | "direction">, outcome: Outcome): string {
  const look = lookOf(outcome);
  if (look !== "admit") return t(`gate.word.${look}`);
  if (kind === "count") return t("gate.word.count");
  return t(goesOut(kind, direction) ? "gate.word.out" : "gate.word.admit");
}

/** Return why somebody is not admitted, in words and with what to do. */
export function whyOf(outcome: Outcome): string {
  const { undecided, reason, result, message } = outcome;
  if (undecided !== undefined) {
    const zone = event.value?.event.timezone;
    const since = event.value?.attendees?.generated_at;
    return [t(`gate.undecided.${undecided}`, { time: since ? clock(since, zone) : "" }), message].filter(Boolean).join(" ");
  }
  if (reason !== null) return known(`gate.reason.${reason}`) ? t(`gate.reason.${reason}`) : reason.replaceAll("_", " ");
  return result === "not_found" ? t("gate.reason.not_found") : "";
}

/** Say when, where and by whom the ticket was admitted first. */
export function First({ first }: { first: NonNullable<Outcome["first"]> }): JSX.Element {
  return (
    <dl class="first">
      <div>
        <dt>{t("gate.first.when")}</dt>
        <dd>
          <Num>{clock(first.scanned_at, event.value?.event.timezone)}</Num>
        </dd>
      </div>
      {first.gate ? (
        <div>
          <dt>{t("gate.first.where")}</dt>
          <dd>
            <Num>{first.gate}</Num>
          </dd>
        </div>
      ) : null}
      {first.by ? (
        <div>
          <dt>{t("gate.first.by")}</dt>
          <dd>
            <Num>{first.by}</Num>
          </dd>
        </div>
      ) : null}
    </dl>
  );
}

function Rest({ outcome }: { outcome: Outcome }): JSX.Element | null {
  const remaining = outcome.remaining ?? 0;
  if (remaining < 1) return null;
  return (
    <div class="rest">
      <p>
        <strong>{t(remaining === 1 ? "gate.rest.one" : "gate.rest", { count: remaining })}</strong>
      </p>
      {outcome.rest?.length ? (
        <ul>
          {outcome.rest.map((name, place) => (
            <li key={`${place} ${name}`}>
              <bdi>{name}</bdi>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

/** Show the verdict of the last scan. It never waits for a hand: the next scan replaces it. */
export function VerdictShown({ entry }: { entry: Entry | null }): JSX.Element {
  const outcome = entry?.outcome ?? null;
  const isNone = entry === null || outcome === null;
  const look = isNone ? "none" : lookOf(outcome);
  // The region that readers follow is the same from the first view on; what is in it is another for each scan.
  return (
    <section class={`verdict ${look}`} aria-label={t("gate.verdict")} aria-busy={!isNone && deciding.value > 0} data-result={isNone ? undefined : look} data-scan={isNone ? undefined : entry.scan_id}>
      <div role="alert">
        {isNone ? <p>{deciding.value ? t("gate.deciding") : t("gate.ready")}</p> : <Answer key={entry.scan_id} entry={entry} outcome={outcome} />}
      </div>
      {isNone ? null : <Details entry={entry} outcome={outcome} />}
      {!isNone && deciding.value && isFormer.value ? <p class="next">{t("gate.deciding")}</p> : null}
    </section>
  );
}

function Answer({ entry, outcome }: { entry: Entry; outcome: Outcome }): JSX.Element {
  const why = whyOf(outcome);
  const shown = useRef<HTMLDivElement>(null);
  // On a small or turned phone, and in large letters, it may be below what is seen, or above.
  useEffect(() => shown.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <div class="answer" ref={shown}>
      <Sign look={lookOf(outcome)} />
      <div>
        <p class="word">{wordOf(entry, outcome)}</p>
        {outcome.name ? (
          <p class="name">
            <bdi>{outcome.name}</bdi>
          </p>
        ) : null}
        {why ? <p class="why">{why}</p> : null}
        {outcome.repeat ? <p class="why">{t("gate.repeat")}</p> : null}
      </div>
      {outcome.photo_url ? <img class="photo" src={outcome.photo_url} alt={t("gate.photo", { name: outcome.name ?? "" })} onError={(failed) => failed.currentTarget.remove()} /> : null}
    </div>
  );
}

function Details({ entry, outcome }: { entry: Entry; outcome: Outcome }): JSX.Element {
  return (
      <div class="more">
        {outcome.tier || outcome.labels?.length ? (
          <p class="labels">
            {outcome.tier ? <span class="tier">{outcome.tier}</span> : null}
            {outcome.labels?.map((label) => (
              <span class="label" key={label}>
                {label}
              </span>
            ))}
          </p>
        ) : null}
        {outcome.first ? <First first={outcome.first} /> : null}
        <Rest outcome={outcome} />
        {outcome.number ? (
          <p class="small">
            {t("gate.ticket")} <Num>{outcome.number}</Num>
          </p>
        ) : null}
        {outcome.offline && outcome.undecided === undefined ? <p class="small">{t("gate.decided_here")}</p> : null}
        {isCorrected(entry) ? <p class="small">{t("gate.corrected")}</p> : null}
      </div>
  );
}
