// Venues: the register, a new one, and corrections.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Field, Form, Submit, type Values } from "../../ui/form.tsx";
import { count, Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { go, match } from "../../ui/router.ts";
import { useSaid } from "../../ui/said.ts";
import { api, ask, asked, deed, may, withPresent } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { Register } from "../parts/register.tsx";
import { Copied, Facts, Note, Thing, Title } from "../parts/shown.tsx";

import { History } from "./history.tsx";

type Known = Schemas["AdminVenueOut"];

function bodyOf(values: Values): Schemas["AdminVenueIn"] {
  const capacity = values.capacity?.trim();
  return {
    name: values.name ?? "",
    address: values.address || null,
    city: values.city || null,
    country: values.country || null,
    latitude: values.latitude || null,
    longitude: values.longitude || null,
    capacity: capacity ? (Number.isNaN(Number(capacity)) ? (capacity as never) : Number(capacity)) : null,
    gates: (values.gates ?? "").split(",").map((each) => each.trim()).filter(Boolean),
  };
}

function VenueFields(): JSX.Element {
  return (
    <>
      <Field name="name" label={t("staff.name")} required />
      <Field name="address" label={t("staff.address")} />
      <div class="pair">
        <Field name="city" label={t("staff.city")} />
        <Field name="country" label={t("staff.country")} />
        <Field name="capacity" label={t("staff.capacity")} inputmode="numeric" />
      </div>
      <div class="pair">
        <Field name="latitude" label={t("staff.latitude")} inputmode="decimal" />
        <Field name="longitude" label={t("staff.longitude")} inputmode="decimal" />
      </div>
      <Field name="gates" label={t("staff.gates")} hint={t("staff.comma")} />
    </>
  );
}

export function Venues(): JSX.Element {
  const turn = useSignal(0);
  return (
    <>
      <Title
        actions={
          may("manage") ? (
            <Decision
              label={t("staff.new_venue")}
              tone="primary"
              name="venue.new"
              act={async (values) => {
                const body = bodyOf(values);
                await deed("venue.new", body, (headers) => api.POST("/api/venues/", { body, headers }));
                turn.value += 1;
              }}
            >
              <VenueFields />
            </Decision>
          ) : null
        }
      >
        {t("staff.group.venues")}
      </Title>
      <Register<Known>
        label={t("staff.group.venues")}
        exportedBy={["read"]}
        turn={turn.value}
        filters={[
          { name: "search", label: t("staff.search_short"), kind: "search" },
          { name: "city", label: t("staff.city") },
          { name: "country", label: t("staff.country") },
        ]}
        columns={[t("staff.name"), t("staff.city"), t("staff.country"), t("staff.capacity"), t("staff.gates"), t("staff.group.events")]}
        empty={t("staff.none.venues")}
        read={(filters, cursor) => ask(() => api.GET("/api/venues/", { params: { query: asked(filters, cursor) } }))}
        row={(venue) => (
          <tr key={venue.id}>
            <th scope="row">
              <Thing id={venue.id} name={venue.name} />
            </th>
            <td>{venue.city}</td>
            <td>{venue.country}</td>
            <td>{venue.capacity === null ? null : <Num>{count(venue.capacity)}</Num>}</td>
            <td>{venue.gates.join(", ")}</td>
            <td>
              <Num>{count(venue.events)}</Num>
            </td>
          </tr>
        )}
      />
    </>
  );
}

export function Venue(): JSX.Element {
  const id = match("/staff/venues/:id")?.id ?? "";
  const turn = useSignal(0);
  const said = useSaid();
  const read = useRead(
    () => ask(() => api.GET("/api/venues/{venue_id}/", { params: { path: { venue_id: id } } })),
    () => String(turn.value),
  );
  return (
    <Shown read={read}>
      {(venue) => (
        <>
          <Title
            actions={
              may("manage") && venue.events === 0 ? (
                <Decision
                  label={t("staff.delete")}
                  tone="danger"
                  name={`venue.delete.${venue.id}`}
                  act={async () => {
                    await ask(() => api.DELETE("/api/venues/{venue_id}/", { params: { path: { venue_id: id } } }));
                    go("/staff/venues");
                  }}
                >
                  <p>{t("staff.delete_venue_why")}</p>
                </Decision>
              ) : null
            }
          >
            <Num>{venue.name}</Num>
          </Title>
          <Note>{said.value}</Note>
          {may("manage") ? (
            <section class="panel">
              <Form
                label={t("staff.correct")}
                draft={`staff.venue.${venue.id}`}
                initial={{
                  name: venue.name,
                  address: venue.address ?? "",
                  city: venue.city ?? "",
                  country: venue.country ?? "",
                  capacity: venue.capacity === null ? "" : String(venue.capacity),
                  latitude: venue.latitude ?? "",
                  longitude: venue.longitude ?? "",
                  gates: venue.gates.join(", "),
                }}
                onSubmit={async (values) => {
                  try {
                    await ask(() => api.PUT("/api/venues/{venue_id}/", { params: { path: { venue_id: id } }, body: { ...bodyOf(values), version: venue.version } }));
                    said.value = () => t("staff.corrected");
                  } catch (error) {
                    throw withPresent(error);
                  } finally {
                    turn.value += 1;
                  }
                }}
              >
                <VenueFields />
                <Submit>{t("ui.save")}</Submit>
              </Form>
            </section>
          ) : (
            <section class="panel">
              <Facts
                of={[
                  [t("staff.address"), venue.address],
                  [t("staff.city"), venue.city],
                  [t("staff.country"), venue.country],
                  [t("staff.capacity"), venue.capacity === null ? null : <Num>{count(venue.capacity)}</Num>],
                  [t("staff.gates"), venue.gates.join(", ")],
                  [t("staff.id"), <Copied>{venue.id}</Copied>],
                ]}
              />
            </section>
          )}
          <p>
            <a href={`/staff/events?venue_id=${venue.id}`}>{t("staff.group.events")}</a>
          </p>
          <History id={venue.id} turn={turn.value} />
        </>
      )}
    </Shown>
  );
}
