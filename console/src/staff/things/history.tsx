// What was done to a thing: the audit log's entries of it, and the gate's.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { useRead } from "../../ui/list.tsx";
import { api, ask, asked, may } from "../parts/api.ts";
import { Register } from "../parts/register.tsx";
import { Act, State, Thing, When } from "../parts/shown.tsx";

import { categoryOf, labelOf, said } from "./recorded.ts";

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
              <Act code={entry.action} />
            </th>
            <td>
              <Thing id={entry.actor_id} /> <small>{word("staff.role", entry.role)}</small>
            </td>
            <td>
              <State value={entry.result} />
            </td>
            <td>
              <Changes before={entry.before} after={entry.after} event={entry.entity_id} />
            </td>
          </tr>
        )}
      />
    </section>
  );
}

// Events whose categories a change names: each is read once.
const categories = new Map<string, Promise<ReadonlyMap<string, string>>>();

function categoriesOf(event: string): Promise<ReadonlyMap<string, string>> {
  const reading =
    categories.get(event) ??
    ask(() => api.GET("/api/events/{event_id}/", { params: { path: { event_id: event } } })).then(
      (found) => new Map(found.ticket_categories.map((each) => [each.id, each.name])),
      () => {
        categories.delete(event);
        return new Map<string, string>(); // its id stands in the place of its name
      },
    );
  categories.set(event, reading);
  return reading;
}

/** What changed, field by field; `event` is the one whose categories are named. */
export function Changes({ before, after, event }: { before: unknown; after: unknown; event?: string | null }): JSX.Element | null {
  const was = (before ?? {}) as Record<string, unknown>;
  const is = (after ?? {}) as Record<string, unknown>;
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((field) => JSON.stringify(was[field] ?? null) !== JSON.stringify(is[field] ?? null));
  const named = event?.startsWith("evt_") && fields.some((field) => categoryOf(field) !== null) ? event : "";
  const names = useRead(
    () => (named ? categoriesOf(named) : Promise.resolve(new Map<string, string>())),
    () => named,
  );
  if (fields.length === 0) return null;
  const currency = is.currency ?? was.currency;
  return (
    <ul class="diff">
      {fields.map((field) => (
        <li key={field}>
          {labelOf(field, names.value ?? undefined)}:{" "}
          {field in was ? (
            <>
              <del>
                <Num>{said(was[field], field, was.currency ?? currency)}</Num>
              </del>{" "}
              →{" "}
            </>
          ) : null}
          <ins>
            <Num>{said(is[field], field, currency)}</Num>
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
