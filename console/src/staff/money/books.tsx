// Settlements, expenses and deposits.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { fileOf, save } from "../../ui/file.ts";
import { Field } from "../../ui/form.tsx";
import { dateOf, Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import type { Loaded } from "../../ui/list.tsx";
import { useSaid } from "../../ui/said.ts";
import { api, ask, asked, deed, may } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { keepJob } from "../parts/jobs.ts";
import { Register } from "../parts/register.tsx";
import { Note, Sum, Thing, When } from "../parts/shown.tsx";

import { NewPayout } from "./payouts.tsx";

type Settlement = Schemas["AdminSettlementOut"];
type Expense = Schemas["AdminExpenseOut"];
type Deposit = Schemas["AdminDepositOut"];

export function Settlements(): JSX.Element {
  const turn = useSignal(0);
  const said = useSaid();
  return (
    <>
      <div class="row">
        {may("finance") ? (
          <Decision
            label={t("staff.settle")}
            tone="primary"
            name="settle"
            act={async ({ event_id: event = "" }) => {
              const body = { event_id: event.trim() };
              await deed("settle", body, (headers) => api.POST("/api/finances/settlements/", { body, headers }));
              turn.value += 1;
            }}
          >
            <p>{t("staff.settle_why")}</p>
            <Field name="event_id" label={t("staff.event_id")} required />
          </Decision>
        ) : null}
        <Decision
          label={t("staff.as_csv")}
          name="settlement.file"
          act={async ({ event_id: event = "" }) => {
            const found = await fileOf("admin", `/api/finances/settlements/?format=csv&event_id=${encodeURIComponent(event.trim())}`);
            if ("jobId" in found) {
              keepJob(found.jobId, t("staff.settlements_file"));
              said.value = () => t("staff.job_started");
            } else save(found.file, found.name);
          }}
        >
          <Field name="event_id" label={t("staff.event_id")} required />
        </Decision>
      </div>
      <Note>
        {said.value ? (
          <>
            {said.value} <a href="/staff/jobs">{t("staff.jobs")}</a>
          </>
        ) : null}
      </Note>
      <Register<Settlement>
        label={t("staff.finances.settlements")}
        turn={turn.value}
        filters={[
          { name: "event_id", label: t("staff.event_id") },
          { name: "organizer_id", label: t("staff.organizer_id") },
          { name: "closed_at_from", label: t("staff.from"), kind: "date" },
          { name: "closed_at_to", label: t("staff.to"), kind: "date" },
        ]}
        columns={[t("staff.closed"), t("staff.event"), t("staff.gross"), t("staff.refunds"), t("staff.fees"), t("staff.net"), t("staff.payout")]}
        empty={t("staff.none.money")}
        read={async (filters, cursor) => (await ask(() => api.GET("/api/finances/settlements/", { params: { query: asked(filters, cursor) } }))) as Schemas["AdminSettlementPage"]}
        row={(each, list) => (
          <tr key={each.id}>
            <td>
              <When at={each.closed_at} />
            </td>
            <th scope="row">
              <Thing id={each.event_id} />
            </th>
            <td>
              <Sum of={each.gross} />
            </td>
            <td>
              <Sum of={each.refunds} />
            </td>
            <td>
              <Sum of={each.platform_fee} />
            </td>
            <td>
              <Sum of={each.net} />
              {each.reversed_at ? (
                <>
                  {" "}
                  {t("staff.taken_back")} <When at={each.reversed_at} />
                </>
              ) : null}
            </td>
            <td>
              {each.payout_id ? <a href={`/staff/finances/payouts?event_id=${each.event_id}`}>{t("staff.look")}</a> : may("finance") ? <NewPayout settlement={each.id} made={list.reload} refused={list.reload} /> : null}
            </td>
          </tr>
        )}
      />
    </>
  );
}

function ExpenseFields(): JSX.Element {
  return (
    <>
      <Field name="description" label={t("staff.description")} required />
      <div class="pair">
        <Field name="category" label={t("staff.category")} required />
        <Field name="amount" label={t("staff.amount")} inputmode="decimal" required />
        <Field name="incurred_on" label={t("staff.day")} type="date" required />
      </div>
      <div class="pair">
        <Field name="event_id" label={t("staff.event_id")} />
        <Field name="receipt_url" label={t("staff.receipt")} type="url" />
      </div>
    </>
  );
}

export function Expenses(): JSX.Element {
  return (
    <Register<Expense>
      label={t("staff.finances.expenses")}
      exportedBy={["read"]}
      maker={({ add }) =>
        may("finance") ? (
          <Decision
            label={t("staff.new_expense")}
            tone="primary"
            name="expense.new"
            act={async (values) => {
              const body = { category: values.category ?? "", amount: values.amount ?? "", description: values.description ?? "", incurred_on: values.incurred_on ?? "", event_id: values.event_id || null, receipt_url: values.receipt_url || null };
              add(await deed("expense.new", body, (headers) => api.POST("/api/expenses/", { body, headers })));
            }}
          >
            <ExpenseFields />
          </Decision>
        ) : null
      }
      filters={[
        { name: "search", label: t("staff.search_short"), kind: "search" },
        { name: "category", label: t("staff.category") },
        { name: "event_id", label: t("staff.event_id") },
        { name: "incurred_on_from", label: t("staff.from"), kind: "date" },
        { name: "incurred_on_to", label: t("staff.to"), kind: "date" },
      ]}
      columns={[t("staff.day"), t("staff.description"), t("staff.category"), t("staff.event"), t("staff.amount"), ""]}
      empty={t("staff.none.money")}
      read={(filters, cursor) => ask(() => api.GET("/api/expenses/", { params: { query: asked(filters, cursor) } }))}
      row={(expense, list) => (
        <tr key={expense.id}>
          <td>
            <Num>{dateOf(expense.incurred_on)}</Num>
          </td>
          <th scope="row">{expense.description}</th>
          <td>{expense.category}</td>
          <td>
            <Thing id={expense.event_id} />
          </td>
          <td>
            <Sum of={expense.amount} />
          </td>
          <td class="acts">
            <ExpenseDeeds expense={expense} list={list} />
          </td>
        </tr>
      )}
    />
  );
}

function ExpenseDeeds({ expense, list }: { expense: Expense; list: Loaded<Expense> }): JSX.Element | null {
  if (!may("finance")) return null;
  const path = { params: { path: { expense_id: expense.id } } };
  return (
    <>
      <Decision
        label={t("staff.correct")}
        name={`expense.${expense.id}`}
        initial={{ description: expense.description, category: expense.category, amount: expense.amount.amount, incurred_on: expense.incurred_on, event_id: expense.event_id ?? "", receipt_url: expense.receipt_url ?? "" }}
        refused={list.reload}
        act={async (values) => {
          const body = {
            description: values.description,
            category: values.category,
            incurred_on: values.incurred_on,
            event_id: values.event_id || null,
            receipt_url: values.receipt_url || null,
            ...(values.amount !== expense.amount.amount ? { amount: { amount: values.amount ?? "", currency: expense.amount.currency } } : {}),
            version: expense.version,
          };
          const next = await deed(`expense.${expense.id}`, body, (headers) => api.PUT("/api/expenses/{expense_id}/", { ...path, body, headers }));
          list.replace((each) => each.id === expense.id, next);
        }}
      >
        <p class="hint">{t("staff.reversal")}</p>
        <ExpenseFields />
      </Decision>
      <Decision
        label={t("staff.delete")}
        tone="danger"
        name={`expense.delete.${expense.id}`}
        refused={list.reload}
        act={async () => {
          await ask(() => api.DELETE("/api/expenses/{expense_id}/", path));
          list.replace((each) => each.id === expense.id, null);
        }}
      >
        <p>{t("staff.reversal")}</p>
      </Decision>
    </>
  );
}

export function Deposits(): JSX.Element {
  return (
    <Register<Deposit>
      label={t("staff.finances.deposits")}
      exportedBy={["read"]}
      maker={({ add }) =>
        may("finance") ? (
          <Decision
            label={t("staff.new_deposit")}
            tone="primary"
            name="deposit.new"
            act={async (values) => {
              const body = { amount: values.amount ?? "", source: values.source ?? "", received_on: values.received_on ?? "", reference: values.reference ?? "" };
              add(await deed("deposit.new", body, (headers) => api.POST("/api/finances/deposits/", { body, headers })));
            }}
          >
            <div class="pair">
              <Field name="amount" label={t("staff.amount")} inputmode="decimal" required />
              <Field name="received_on" label={t("staff.day")} type="date" required />
            </div>
            <Field name="source" label={t("staff.source")} required />
            <Field name="reference" label={t("staff.reference")} required />
          </Decision>
        ) : null
      }
      filters={[
        { name: "search", label: t("staff.search_short"), kind: "search" },
        { name: "source", label: t("staff.source") },
        { name: "received_on_from", label: t("staff.from"), kind: "date" },
        { name: "received_on_to", label: t("staff.to"), kind: "date" },
      ]}
      columns={[t("staff.day"), t("staff.source"), t("staff.reference"), t("staff.amount"), t("staff.by"), ""]}
      empty={t("staff.none.money")}
      read={(filters, cursor) => ask(() => api.GET("/api/finances/deposits/", { params: { query: asked(filters, cursor) } }))}
      row={(deposit, list) => (
        <tr key={deposit.id}>
          <td>
            <Num>{dateOf(deposit.received_on)}</Num>
          </td>
          <th scope="row">{deposit.source}</th>
          <td>{deposit.reference}</td>
          <td>
            <Sum of={deposit.amount} />
          </td>
          <td>
            <Thing id={deposit.created_by} />
          </td>
          <td class="acts">
            <TakeBack deposit={deposit} list={list} />
          </td>
        </tr>
      )}
    />
  );
}

/** Takes back a deposit that was entered by mistake, once. */
function TakeBack({ deposit, list }: { deposit: Deposit; list: Loaded<Deposit> }): JSX.Element | null {
  if (deposit.reversed_at !== null) {
    return (
      <>
        {t("staff.taken_back")} <When at={deposit.reversed_at} />
      </>
    );
  }
  if (!may("finance")) return null;
  return (
    <Decision
      label={t("staff.take_back")}
      tone="danger"
      name={`deposit.back.${deposit.id}`}
      refused={list.reload}
      act={async () => {
        const body = { reverses: deposit.id };
        const next = await deed(`deposit.back.${deposit.id}`, body, (headers) => api.POST("/api/finances/deposits/", { body, headers }));
        list.replace((each) => each.id === deposit.id, next);
      }}
    >
      <p>
        <Sum of={deposit.amount} /> · {deposit.reference}
      </p>
      <p>{t("staff.reversal")}</p>
    </Decision>
  );
}
