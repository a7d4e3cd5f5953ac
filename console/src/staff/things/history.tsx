// What was done to a thing: the audit log's entries of it, and the gate's.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { dateOf, money, Num, time, type Amount } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { api, ask, asked, may } from "../parts/api.ts";
import { Register } from "../parts/register.tsx";
import { State, Thing, When } from "../parts/shown.tsx";

/** The deeds of staff and others on a thing. */
export function History({ id, turn = 0 }: { id: string; turn?: number }): JSX.Element | null {
  if (!may("read", "support")) return null;
  return (
    <section>
      <h2>{t("staff.history")}</h2>
      <Register<Schemas["AdminAuditEntryOut"]>
        label={t("staff.history")}
        columns={[t("staff.when"), t("staff.action"), t("staff.by"), t("staff.result"), t("staff.change")]}
        empty={t("staff.none.history")}
        turn={turn}
        read={(_, cursor) => ask(() => api.GET("/api/logs/system/", { params: { query: asked({ entity_id: id }, cursor) } }))}
        row={(entry) => (
          <tr key={entry.id}>
            <td>
              <When at={entry.at} />
            </td>
            <th scope="row">
              <Num>{entry.action}</Num>
            </th>
            <td>
              <Thing id={entry.actor_id} /> <small>{word("staff.role", entry.role)}</small>
            </td>
            <td>
              <State value={entry.result} />
            </td>
            <td>
              <Changes before={entry.before} after={entry.after} />
            </td>
          </tr>
        )}
      />
    </section>
  );
}

const isAmount = (value: object): value is Amount => "amount" in value && "currency" in value;

/** Return a recorded value as people read it: times, dates and amounts as everywhere else, and what has parts by part. */
function said(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return t(value ? "staff.yes" : "staff.no");
  if (Array.isArray(value)) return value.map(said).join(", ") || "–";
  if (typeof value === "object") {
    if (isAmount(value)) return money(value);
    const parts = Object.entries(value).filter(([, part]) => part !== null);
    return parts.map(([name, part]) => `${name.replaceAll("_", " ")} ${said(part)}`).join(", ") || "–";
  }
  if (typeof value !== "string") return JSON.stringify(value);
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return time(value);
  return /^\d{4}-\d\d-\d\d$/.test(value) ? dateOf(value) : value;
}

/** What changed, field by field. */
export function Changes({ before, after }: { before: unknown; after: unknown }): JSX.Element | null {
  const was = (before ?? {}) as Record<string, unknown>;
  const is = (after ?? {}) as Record<string, unknown>;
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((field) => JSON.stringify(was[field] ?? null) !== JSON.stringify(is[field] ?? null));
  if (fields.length === 0) return null;
  return (
    <ul class="diff">
      {fields.map((field) => (
        <li key={field}>
          {field.replaceAll("_", " ")}:{" "}
          {field in was ? (
            <>
              <del>
                <Num>{said(was[field])}</Num>
              </del>{" "}
              →{" "}
            </>
          ) : null}
          <ins>
            <Num>{said(is[field])}</Num>
          </ins>
        </li>
      ))}
    </ul>
  );
}

/** The readings of a card at the gates. */
export function Readings({ cardId }: { cardId: string }): JSX.Element {
  return (
    <section>
      <h2>{t("staff.checkins")}</h2>
      <Register<Schemas["AdminCheckinEntryOut"]>
        label={t("staff.checkins")}
        columns={[t("staff.when"), t("staff.result"), t("staff.holder"), t("staff.gate"), t("staff.event")]}
        empty={t("staff.none.readings")}
        read={(_, cursor) => ask(() => api.GET("/api/logs/checkin/", { params: { query: asked({ card_id: cardId }, cursor) } }))}
        row={(entry) => (
          <tr key={entry.id}>
            <td>
              <When at={entry.scanned_at} />
            </td>
            <td>
              <State value={entry.result} /> {entry.reason ? <small>{word("staff.state", entry.reason)}</small> : null}
            </td>
            <td>
              <Num>{entry.attendee_name}</Num>
            </td>
            <td>
              <Num>{entry.gate}</Num>
            </td>
            <td>
              <Thing id={entry.event_id} />
            </td>
          </tr>
        )}
      />
    </section>
  );
}
