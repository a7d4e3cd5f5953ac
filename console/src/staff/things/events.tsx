// The register of events.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { t } from "../../ui/i18n.ts";
import { api, ask, asked, may } from "../parts/api.ts";
import { Register } from "../parts/register.tsx";
import { State, Thing, Title, When } from "../parts/shown.tsx";

export function Events(): JSX.Element {
  return (
    <>
      <Title
        actions={
          may("manage") ? (
            <a class="button primary" href="/staff/events/new">
              {t("staff.new_event")}
            </a>
          ) : null
        }
      >
        {t("staff.group.events")}
      </Title>
      <Register<Schemas["AdminEventOut"]>
        label={t("staff.group.events")}
        exportedBy={["read"]}
        filters={[
          { name: "search", label: t("staff.search_short"), kind: "search" },
          { name: "status", label: t("staff.status"), values: ["draft", "published", "live", "ended", "cancelled", "archived"] },
          { name: "organizer_id", label: t("staff.organizer_id") },
          { name: "venue_id", label: t("staff.venue_id") },
          { name: "category", label: t("staff.category") },
          { name: "city", label: t("staff.city") },
          { name: "featured", label: t("staff.featured"), values: ["true", "false"] },
          { name: "starts_at_from", label: t("staff.from"), kind: "date" },
          { name: "starts_at_to", label: t("staff.to"), kind: "date" },
        ]}
        columns={[t("staff.event"), t("staff.organizer"), t("staff.venue"), t("staff.begins"), t("staff.category"), t("staff.status")]}
        empty={t("staff.none.events")}
        read={(filters, cursor) => ask(() => api.GET("/api/events/", { params: { query: asked(filters, cursor) } }))}
        row={(event) => (
          <tr key={event.id}>
            <th scope="row">
              <Thing id={event.id} name={event.title} />
            </th>
            <td>
              <Thing id={event.organizer_id} name={event.organizer_name} />
            </td>
            <td>{event.venue?.id ? <Thing id={event.venue.id} name={event.venue.name} /> : event.venue?.name}</td>
            <td>
              <When at={event.starts_at} zone={event.timezone} />
            </td>
            <td>{event.category}</td>
            <td>
              <State value={event.status} /> {event.review ? <State value={event.review} /> : null}
            </td>
          </tr>
        )}
      />
    </>
  );
}
