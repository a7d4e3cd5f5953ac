// A customer: who they are, their tickets, cards and bookings, and what support does for them.
import type { JSX } from "preact";

import { refusedAt, type Schemas } from "../../ui/api/client.ts";
import { Choice, Deed, Field, Check } from "../../ui/form.tsx";
import { dateOf, Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { match } from "../../ui/router.ts";
import { useSaid } from "../../ui/said.ts";
import { api, ask, asked, may } from "../parts/api.ts";
import { Decision, ReasonField } from "../parts/decision.tsx";
import { keepJob } from "../parts/jobs.ts";
import { Register } from "../parts/register.tsx";
import { Copied, Facts, Note, State, Sum, Thing, Title, When } from "../parts/shown.tsx";

type Known = Schemas["AdminCustomerOut"];

export function Customer(): JSX.Element {
  const id = match("/staff/customers/:id")?.id ?? "";
  const path = { params: { path: { customer_id: id } } };
  const read = useRead(() => ask(() => api.GET("/api/customers/{customer_id}/", path)));
  return (
    <Shown read={read}>
      {(customer) => (
        <>
          <Head customer={customer} changed={read.reload} />
          <Tickets id={id} />
          <CardsOf id={id} />
          <Bookings id={id} />
          <Refunds id={id} />
        </>
      )}
    </Shown>
  );
}

function Head({ customer, changed }: { customer: Known; changed(): void }): JSX.Element {
  return (
    <>
      <Title
        actions={
          <>
            {may("support") ? (
              <a class="button" href={`/staff/lost-card?customer=${customer.id}`}>
                {t("staff.lost.title")}
              </a>
            ) : null}
            {may("manage") && customer.status !== "erased" ? (
              <>
                <Correct customer={customer} changed={changed} />
                <Status customer={customer} changed={changed} />
              </>
            ) : null}
          </>
        }
      >
        <Num>{customer.name}</Num> <State value={customer.status} />
      </Title>
      <section class="panel" aria-label={t("staff.facts")}>
        <Facts
          of={[
            [t("ui.number"), customer.mobile_number ? <Copied>{customer.mobile_number}</Copied> : null],
            [t("staff.email"), customer.email ? <Copied>{customer.email}</Copied> : null],
            [t("staff.born"), customer.date_of_birth ? <Num>{dateOf(customer.date_of_birth)}</Num> : null],
            [t("staff.labels"), customer.labels.join(", ")],
            [t("staff.since"), <When at={customer.created_at} />],
            [t("staff.id"), <Copied>{customer.id}</Copied>],
          ]}
        />
        {may("manage") ? <Personal customer={customer} /> : null}
      </section>
    </>
  );
}

function Correct({ customer, changed }: { customer: Known; changed(): void }): JSX.Element {
  return (
    <Decision
      label={t("staff.correct")}
      name={`customer.${customer.id}`}
      initial={{ name: customer.name, mobile_number: customer.mobile_number ?? "", email: customer.email ?? "", date_of_birth: customer.date_of_birth ?? "", labels: customer.labels.join(", ") }}
      refused={changed}
      act={async ({ name = "", mobile_number: number = "", email = "", date_of_birth: born = "", labels = "" }) => {
        const body = {
          ...(name !== customer.name ? { name } : {}),
          ...(number !== (customer.mobile_number ?? "") ? { mobile_number: number } : {}),
          ...(email !== (customer.email ?? "") ? { email: email || null } : {}),
          ...(born !== (customer.date_of_birth ?? "") ? { date_of_birth: born || null } : {}),
          ...(labels !== customer.labels.join(", ") ? { labels: labels.split(",").map((each) => each.trim()).filter(Boolean) } : {}),
          version: customer.version,
        };
        await ask(() => api.PUT("/api/customers/{customer_id}/", { params: { path: { customer_id: customer.id } }, body }));
        changed();
      }}
    >
      <Field name="name" label={t("staff.name")} required />
      <div class="pair">
        <Field name="mobile_number" label={t("ui.number")} type="tel" hint={t("staff.number_moves")} required />
        <Field name="email" label={t("staff.email")} type="email" />
      </div>
      <div class="pair">
        <Field name="date_of_birth" label={t("staff.born")} type="date" />
        <Field name="labels" label={t("staff.labels")} hint={t("staff.comma")} />
      </div>
    </Decision>
  );
}

function Status({ customer, changed }: { customer: Known; changed(): void }): JSX.Element {
  const others = (["active", "suspended", "blocked"] as const).filter((each) => each !== customer.status);
  return (
    <Decision
      label={t("staff.status")}
      title={t("staff.status_of", { name: customer.name })}
      name={`status.${customer.id}`}
      act={async ({ status = "", reason = "" }) => {
        const body = { status: (status || others[0]) as "active", reason };
        await ask(() => api.PUT("/api/customers/{customer_id}/status/", { params: { path: { customer_id: customer.id } }, body }));
        changed();
      }}
    >
      <Choice name="status" label={t("staff.status")} options={others.map((each) => [each, t(`staff.state.${each}`)])} hint={t("staff.status_hint")} />
      <ReasonField />
    </Decision>
  );
}

function Personal({ customer }: { customer: Known }): JSX.Element {
  const started = useSaid();
  const path = { params: { path: { customer_id: customer.id } } };
  return (
    <>
      <div class="row">
        <Deed
          act={async () => {
            const job = await ask(() => api.GET("/api/customers/{customer_id}/export/", path));
            keepJob(job.job_id, t("staff.export_of", { name: customer.name }));
            started.value = () => t("staff.job_started");
          }}
        >
          {t("staff.export_person")}
        </Deed>
        {customer.status === "erased" ? null : (
          <Decision
            label={t("staff.erase")}
            title={t("staff.erase_of", { name: customer.name })}
            tone="danger"
            name={`erase.${customer.id}`}
            act={async ({ force = "", typed = "" }) => {
              if (typed.trim() !== customer.name) throw refusedAt("typed", () => t("staff.erase_mismatch"));
              const query = force ? { force: "true" as const } : {};
              const job = await ask(() => api.DELETE("/api/customers/{customer_id}/", { params: { path: { customer_id: customer.id }, query } }));
              keepJob(job.job_id, t("staff.erase_of", { name: customer.name }));
              started.value = () => t("staff.job_started");
            }}
          >
            <p>{t("staff.erase_why")}</p>
            <Check name="force" label={t("staff.erase_force")} />
            <Field name="typed" label={t("staff.erase_type", { name: customer.name })} required />
          </Decision>
        )}
      </div>
      <Note>
        {started.value ? (
          <>
            {started.value} <a href="/staff/jobs">{t("staff.jobs")}</a>
          </>
        ) : null}
      </Note>
    </>
  );
}

function Tickets({ id }: { id: string }): JSX.Element {
  return (
    <section>
      <h2>{t("staff.group.tickets")}</h2>
      <Register<Schemas["AdminStaffTicketOut"]>
        label={t("staff.group.tickets")}
        columns={[t("staff.ticket"), t("staff.holder"), t("staff.tier"), t("staff.status"), t("staff.event"), t("staff.issued")]}
        empty={t("staff.none.tickets")}
        read={(_, cursor) => ask(() => api.GET("/api/tickets/", { params: { query: asked({ customer_id: id }, cursor) } }))}
        row={(ticket) => (
          <tr key={ticket.id}>
            <th scope="row">
              <Thing id={ticket.id} name={ticket.number} />
            </th>
            <td>
              <Num>{ticket.holder_name}</Num>
            </td>
            <td>{ticket.tier}</td>
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
    </section>
  );
}

function CardsOf({ id }: { id: string }): JSX.Element {
  return (
    <section>
      <h2>{t("staff.group.cards")}</h2>
      <Register<Schemas["AdminCardOut"]>
        label={t("staff.group.cards")}
        columns={[t("staff.uid"), t("staff.status"), t("staff.assigned"), ""]}
        empty={t("staff.none.cards")}
        read={(_, cursor) => ask(() => api.GET("/api/nfc-cards/", { params: { query: asked({ customer_id: id }, cursor) } }))}
        row={(card) => (
          <tr key={card.id}>
            <th scope="row">
              <Thing id={card.id} name={card.uid} />
            </th>
            <td>
              <State value={card.status} />
            </td>
            <td>
              <When at={card.assigned_at} />
            </td>
            <td class="acts">{may("support") && card.status !== "replaced" ? <a href={`/staff/lost-card?uid=${card.uid}`}>{t("staff.lost.title")}</a> : null}</td>
          </tr>
        )}
      />
    </section>
  );
}

function Bookings({ id }: { id: string }): JSX.Element {
  return (
    <section>
      <h2>{t("staff.bookings")}</h2>
      <Register<Schemas["AdminListedBookingOut"]>
        label={t("staff.bookings")}
        columns={[t("staff.order"), t("staff.event"), t("staff.items"), t("staff.total"), t("staff.status"), t("staff.made")]}
        empty={t("staff.none.bookings")}
        read={(_, cursor) => ask(() => api.GET("/api/customers/{customer_id}/bookings/", { params: { path: { customer_id: id }, query: asked({}, cursor) } }))}
        row={(booking) => (
          <tr key={booking.id}>
            <th scope="row">
              <a href={`/staff/orders/${booking.id}?customer=${id}`}>
                <Num>{booking.id.slice(-8)}</Num>
              </a>
            </th>
            <td>
              <Thing id={booking.event_id} name={booking.event_title} />
            </td>
            <td>{booking.items.map((item) => `${item.quantity} × ${item.name}`).join(", ")}</td>
            <td>
              <Sum of={booking.total} />
            </td>
            <td>
              <State value={booking.status} />
            </td>
            <td>
              <When at={booking.created_at} />
            </td>
          </tr>
        )}
      />
    </section>
  );
}

function Refunds({ id }: { id: string }): JSX.Element {
  return (
    <section>
      <h2>{t("staff.queue.refunds")}</h2>
      <Register<Schemas["AdminRefundRequestOut"]>
        label={t("staff.queue.refunds")}
        columns={[t("staff.ticket"), t("staff.amount"), t("staff.reason"), t("staff.status"), t("staff.made")]}
        empty={t("staff.none.refunds")}
        read={(_, cursor) => ask(() => api.GET("/api/refund-requests/", { params: { query: asked({ customer_id: id }, cursor) } }))}
        row={(request) => (
          <tr key={request.id}>
            <th scope="row">
              <Thing id={request.ticket_id} />
            </th>
            <td>
              <Sum of={request.amount} />
            </td>
            <td>{request.reason}</td>
            <td>
              <State value={request.status} />
            </td>
            <td>
              <When at={request.created_at} />
            </td>
          </tr>
        )}
      />
    </section>
  );
}
