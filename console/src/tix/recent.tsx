// What is scanned now, by all members of the organization.
import type { JSX } from "preact";

import { clock } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Unread } from "../ui/list.tsx";

import { liveState, names, readAll, recent, trouble, zone } from "./api.ts";

const SHOWN = 20;

/** Return the name of a member; a member who left has none. */
export function nameOf(id: string | null): string {
  if (names.value === null) return "–";
  return (id !== null ? names.value.get(id) : undefined) ?? t("tix.former_member");
}

export function Recent(): JSX.Element {
  const state = liveState.value;
  const tickets = recent.value.slice(0, SHOWN);
  return (
    <section class="card recent" aria-label={t("tix.recent")}>
      <div class="row">
        <h2 class="grow">{t("tix.recent")}</h2>
        <p class={`follow ${state}`} role="status">
          {state === "live" ? t("ui.live") : state === "polling" ? t("ui.polling") : t("ui.loading")}
        </p>
      </div>
      {tickets.length ? (
        <ol>
          {tickets.map((each) => (
            <li key={each.id}>
              <bdi class="num number">{each.number}</bdi>
              <bdi class="quiet">{nameOf(each.scanned_by)}</bdi>
              <bdi class="num quiet">{each.scanned_at ? clock(each.scanned_at, zone.value) : ""}</bdi>
            </li>
          ))}
        </ol>
      ) : trouble.value ? null : (
        <p class="empty">{t("tix.recent.empty")}</p>
      )}
      <Unread read={{ error: trouble.value, reload: () => void readAll() }} />
    </section>
  );
}
