// What needs attention: refusals, contradictions and suspected clones, the newest first. No names: many see a Board.
import { Fragment, type JSX } from "preact";

import { clock } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";

import { SOURCES, type Entry, type Facts } from "./data.ts";
import type { Board } from "./model.ts";

type Kind = "conflict" | "clone" | "rejected" | "already_scanned" | "invalid" | "not_found";
// A sign for each kind, so that colour is not alone.
const SIGNS: Readonly<Record<Kind, string>> = { conflict: "⇄", clone: "⧉", rejected: "⊘", already_scanned: "↻", invalid: "✕", not_found: "?" };

function kindOf(entry: Entry): Kind {
  if (entry.error !== null) return "rejected";
  if (entry.conflict !== null) return "conflict";
  if (entry.reason === "clone_suspected") return "clone";
  return entry.result === "valid" ? "conflict" : entry.result;
}

export function Feed({ board, facts }: { board: Board; facts: Facts }): JSX.Element {
  const entries = board.feed.value;
  const since = board.knownSince.value;
  const logless = SOURCES[board.portal].log === null;
  return (
    <section class="panel feed" aria-label={t("board.feed")}>
      <h2>{t("board.feed")}</h2>
      {entries.length ? (
        <ol tabIndex={0} aria-label={t("board.feed")}>
          {entries.map((entry) => (
            <Item key={entry.id} entry={entry} zone={facts.zone} />
          ))}
        </ol>
      ) : (
        <p class="empty">{t("board.feed.empty")}</p>
      )}
      {logless && since !== null ? <p class="hint">{t("board.feed.since", { at: clock(new Date(since).toISOString(), facts.zone) })}</p> : null}
    </section>
  );
}

function Item({ entry, zone }: { entry: Entry; zone: string }): JSX.Element {
  const kind = kindOf(entry);
  const why = entry.error !== null ? word("board.error", entry.error) : entry.conflict !== null ? word("board.conflict", entry.conflict) : entry.reason !== null ? word("board.reason", entry.reason) : null;
  const where = [entry.gate, entry.tier, entry.by].filter((part) => part !== null);
  return (
    <li class={`item ${kind}`} data-test={kind}>
      <span class="sign" aria-hidden="true">
        {SIGNS[kind]}
      </span>
      <span class="what">
        <strong>{t(`board.kind_of.${kind}`)}</strong>
        {why ? <span> {why}</span> : null}
        {where.length ? (
          <span class="quiet where">
            {where.map((part, place) => (
              <Fragment key={part}>
                {place ? " · " : ""}
                <bdi>{part}</bdi>
              </Fragment>
            ))}
            {entry.offline ? ` · ${t("board.offline")}` : null}
          </span>
        ) : null}
      </span>
      <bdi class="num at">{clock(entry.scannedAt, zone)}</bdi>
    </li>
  );
}
