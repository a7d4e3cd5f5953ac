// An usher's phone at an event: the address of Gate with the event and the user name, as a code to scan. It holds no secret.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { t } from "../../ui/i18n.ts";
import { Qr } from "../../ui/qr.tsx";
import { Copied, Thing } from "../parts/shown.tsx";

/** The address that Gate reads at its log-in. */
function addressOf(event: string, username: string): string {
  const address = new URL("/gate/", location.href);
  address.search = new URLSearchParams({ event, usher: username }).toString();
  return address.href;
}

export function Phones({ user }: { user: Schemas["AdminUserOut"] }): JSX.Element | null {
  const shown = useSignal<string | null>(null);
  const { username, event_ids: events } = user;
  if (user.type !== "usher" || !username || user.status !== "active" || events.length === 0) return null;
  const address = shown.value === null ? "" : addressOf(shown.value, username);
  return (
    <section class="panel" aria-label={t("staff.phone_enrol")}>
      <ul>
        {events.map((event) => (
          <li key={event} class="row">
            <Thing id={event} />
            <button type="button" aria-haspopup="dialog" onClick={() => (shown.value = event)}>
              {t("staff.phone_enrol")}
            </button>
          </li>
        ))}
      </ul>
      {shown.value === null ? null : (
        <Dialog title={t("staff.phone_enrol")} close={() => (shown.value = null)}>
          <p>{t("staff.phone_enrol_how")}</p>
          <Qr text={address} label={t("staff.phone_enrol_qr", { event: shown.value })} />
          <p class="code">
            <Copied>{address}</Copied>
          </p>
        </Dialog>
      )}
    </section>
  );
}
