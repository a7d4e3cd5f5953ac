// The registers of customers, tickets and cards.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Choice, Field } from "../../ui/form.tsx";
import { Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { api, ask, asked, deed, may } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { Register } from "../parts/register.tsx";
import { State, Sum, Thing, Title, When } from "../parts/shown.tsx";

export function Customers(): JSX.Element {
  return (
    <>
      <Title>{t("staff.group.customers")}</Title>
      <Register<Schemas["AdminListedCustomerOut"]>
        label={t("staff.group.customers")}
        exportedBy={["manage"]}
        filters={[
          { name: "search", label: t("staff.search_person"), kind: "search" },
          { name: "status", label: t("staff.status"), values: ["active", "suspended", "blocked", "deactivated", "erased"] },
          { name: "created_from", label: t("staff.from"), kind: "date" },
          { name: "created_to", label: t("staff.to"), kind: "date" },
        ]}
        columns={[t("staff.name"), t("ui.number"), t("staff.email"), t("staff.labels"), t("staff.status"), t("staff.since")]}
        empty={t("staff.none.customers")}
        read={(filters, cursor) => ask(() => api.GET("/api/customers/", { params: { query: asked(filters, cursor) } }))}
        row={(customer) => (
          <tr key={customer.id}>
            <th scope="row">
              <Thing id={customer.id} name={customer.name} />
            </th>
            <td>
              <Num>{customer.mobile_number}</Num>
            </td>
            <td>
              <Num>{customer.email}</Num>
            </td>
            <td>{customer.labels.join(", ")}</td>
            <td>
              <State value={customer.status} />
            </td>
            <td>
              <When at={customer.created_at} />
            </td>
          </tr>
        )}
      />
    </>
  );
}

export function Tickets(): JSX.Element {
  return (
    <>
      <Title>{t("staff.group.tickets")}</Title>
      <Register<Schemas["AdminStaffTicketOut"]>
        label={t("staff.group.tickets")}
        exportedBy={["manage"]}
        filters={[
          { name: "search", label: t("staff.number"), kind: "search" },
          { name: "event_id", label: t("staff.event_id") },
          { name: "customer_id", label: t("staff.customer_id") },
          { name: "status", label: t("staff.status"), values: ["reserved", "valid", "used", "cancelled", "refunded", "transferred"] },
          { name: "scan_status", label: t("staff.at_gate"), values: ["scanned", "not_scanned"] },
          { name: "issued_at_from", label: t("staff.from"), kind: "date" },
          { name: "issued_at_to", label: t("staff.to"), kind: "date" },
        ]}
        columns={[t("staff.ticket"), t("staff.holder"), t("staff.tier"), t("staff.price"), t("staff.status"), t("staff.event"), t("staff.issued")]}
        empty={t("staff.none.tickets")}
        read={(filters, cursor) => ask(() => api.GET("/api/tickets/", { params: { query: asked(filters, cursor) } }))}
        row={(ticket) => (
          <tr key={ticket.id}>
            <th scope="row">
              <Thing id={ticket.id} name={ticket.number} />
            </th>
            <td>{ticket.customer_id ? <Thing id={ticket.customer_id} name={ticket.holder_name} /> : <bdi>{ticket.holder_name}</bdi>}</td>
            <td>{ticket.tier}</td>
            <td>
              <Sum of={ticket.price} />
            </td>
            <td>
              <State value={ticket.status} />
            </td>
            <td>
              <Thing id={ticket.event_id} />
            </td>
            <td>
              <When at={ticket.issued_at} />
            </td>
          </tr>
        )}
      />
    </>
  );
}

export function Cards(): JSX.Element {
  const turn = useSignal(0);
  return (
    <>
      <Title
        actions={
          may("manage") ? (
            <>
              <NewCard created={() => (turn.value += 1)} />
              <a class="button" href="/staff/jobs">
                {t("staff.bulk.title")}
              </a>
            </>
          ) : null
        }
      >
        {t("staff.group.cards")}
      </Title>
      <Register<Schemas["AdminCardOut"]>
        label={t("staff.group.cards")}
        exportedBy={["manage"]}
        turn={turn.value}
        filters={[
          { name: "search", label: t("staff.uid"), kind: "search" },
          { name: "status", label: t("staff.status"), values: ["stock", "held", "active", "blocked", "lost", "replaced"] },
          { name: "type", label: t("staff.kind"), values: ["uid", "secure"] },
          { name: "merchant_id", label: t("staff.merchant_id") },
          { name: "customer_id", label: t("staff.customer_id") },
          { name: "created_at_from", label: t("staff.from"), kind: "date" },
          { name: "created_at_to", label: t("staff.to"), kind: "date" },
        ]}
        columns={[t("staff.uid"), t("staff.kind"), t("staff.status"), t("staff.customer"), t("staff.shop"), t("staff.assigned")]}
        empty={t("staff.none.cards")}
        read={(filters, cursor) => ask(() => api.GET("/api/nfc-cards/", { params: { query: asked(filters, cursor) } }))}
        row={(card) => (
          <tr key={card.id}>
            <th scope="row">
              <Thing id={card.id} name={card.uid} />
            </th>
            <td>{word("staff.state", card.type)}</td>
            <td>
              <State value={card.status} />
            </td>
            <td>
              <Thing id={card.customer_id} />
            </td>
            <td>
              <Thing id={card.merchant_id} />
            </td>
            <td>
              <When at={card.assigned_at} />
            </td>
          </tr>
        )}
      />
    </>
  );
}

function NewCard({ created }: { created(): void }): JSX.Element {
  return (
    <Decision
      label={t("staff.new_card")}
      name="card.new"
      act={async ({ uid = "", type = "uid", merchant_id: shop = "" }) => {
        const body = { uid, type: type as "uid", merchant_id: shop.trim() || null };
        await deed("card.new", body, (headers) => api.POST("/api/nfc-cards/", { body, headers }));
        created();
      }}
    >
      <Field name="uid" label={t("staff.uid")} hint={t("staff.lost.to_hint")} required />
      <Choice name="type" label={t("staff.kind")} options={(["uid", "secure"] as const).map((each) => [each, t(`staff.state.${each}`)])} />
      <Field name="merchant_id" label={t("staff.merchant_id")} />
    </Decision>
  );
}
