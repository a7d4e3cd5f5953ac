// The two logs: the gates' and the audit log; both are exported as files, and the audit log's chain is checked.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Deed } from "../../ui/form.tsx";
import { count, Num, Said } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { api, ask, asked, may } from "../parts/api.ts";
import { Exports } from "../parts/exports.tsx";
import { keepJob } from "../parts/jobs.ts";
import { Register } from "../parts/register.tsx";
import { Act, Note, State, Thing, Title, When } from "../parts/shown.tsx";
import { Changes } from "../things/history.tsx";

type Checked = Schemas["AdminVerificationOut"];

function Verify(): JSX.Element {
  const found = useSignal<Checked | null>(null);
  const check = async (): Promise<void> => {
    const page = await ask(() => api.GET("/api/logs/system/", { params: { query: asked({ verify: "true", page_size: "1" }) } }));
    found.value = page.verification;
    if (page.verification?.job_id) keepJob(page.verification.job_id, t("staff.verify_chain"));
  };
  const state = found.value;
  return (
    <>
      <Deed act={check}>{t("staff.verify_chain")}</Deed>
      {state ? (
        <Note tone={state.status === "broken" ? "bad" : ""}>
          {t(`staff.chain.${state.status}`, { entries: count(state.entries), seals: count(state.seals) })}{" "}
          {state.first_break ? <Said>{`${state.first_break.where}, number ${state.first_break.number}: ${state.first_break.problem}`}</Said> : null}
          {state.job_id ? <a href="/staff/jobs">{t("staff.jobs")}</a> : null}
        </Note>
      ) : null}
    </>
  );
}

export function Audit(): JSX.Element {
  return (
    <>
      <Title
        actions={
          <>
            <Verify />
            <Exports what={t("staff.audit")} start={(filters) => ask(() => api.GET("/api/logs/system/export/", { params: { query: asked(filters) } }))} />
          </>
        }
      >
        {t("staff.audit")}
      </Title>
      <Register<Schemas["AdminAuditEntryOut"]>
        label={t("staff.audit")}
        filters={[
          { name: "actor_id", label: t("staff.by") },
          { name: "action", label: t("staff.action") },
          { name: "entity_type", label: t("staff.entity_type") },
          { name: "entity_id", label: t("staff.entity_id") },
          { name: "result", label: t("staff.result"), values: ["done", "refused", "unchanged"] },
          { name: "date_from", label: t("staff.from"), kind: "date" },
          { name: "date_to", label: t("staff.to"), kind: "date" },
        ]}
        columns={[t("staff.when"), t("staff.by"), t("staff.action"), t("staff.about"), t("staff.result"), t("staff.change"), t("staff.where_from")]}
        empty={t("staff.none.history")}
        read={(filters, cursor) => ask(() => api.GET("/api/logs/system/", { params: { query: asked(filters, cursor) } }))}
        row={(entry) => (
          <tr key={entry.id}>
            <td>
              <When at={entry.at} />
            </td>
            <td>
              <Thing id={entry.actor_id} /> <small>{word("staff.role", entry.role)}</small>
            </td>
            <th scope="row">
              <Act code={entry.action} />
            </th>
            <td>{entry.entity_id ? <Thing id={entry.entity_id} /> : entry.entity_type}</td>
            <td>
              <State value={entry.result} /> {entry.code ? <small>{entry.code}</small> : null}
            </td>
            <td>{entry.erased ? t("staff.state.erased") : <Changes before={entry.before} after={entry.after} event={entry.entity_id} />}</td>
            <td>
              <small title={entry.request_id}>
                <Num>{entry.address}</Num>
              </small>
            </td>
          </tr>
        )}
      />
    </>
  );
}

export function Checkins(): JSX.Element {
  return (
    <>
      <Title actions={may("read", "support", "ushers") ? <Exports what={t("staff.checkins")} start={(filters) => ask(() => api.GET("/api/logs/checkin/export/", { params: { query: asked(filters) } }))} /> : null}>{t("staff.checkins")}</Title>
      <Register<Schemas["AdminCheckinEntryOut"]>
        label={t("staff.checkins")}
        filters={[
          { name: "event_id", label: t("staff.event_id") },
          { name: "attendee", label: t("staff.holder") },
          { name: "card_id", label: t("staff.card") },
          { name: "username", label: t("staff.usher") },
          { name: "result", label: t("staff.result"), values: ["valid", "invalid", "already_scanned", "not_found"] },
          { name: "source", label: t("staff.source"), values: ["online", "offline", "manual"] },
          { name: "conflict", label: t("staff.conflict"), values: ["true", "false"] },
          { name: "date_from", label: t("staff.from"), kind: "date" },
          { name: "date_to", label: t("staff.to"), kind: "date" },
        ]}
        columns={[t("staff.when"), t("staff.result"), t("staff.holder"), t("staff.tier"), t("staff.gate"), t("staff.by"), t("staff.source"), t("staff.event")]}
        empty={t("staff.none.readings")}
        read={(filters, cursor) => ask(() => api.GET("/api/logs/checkin/", { params: { query: asked(filters, cursor) } }))}
        row={(entry) => (
          <tr key={entry.id}>
            <td>
              <When at={entry.scanned_at} />
            </td>
            <td>
              <State value={entry.result} /> {entry.reason ? <small>{word("staff.state", entry.reason)}</small> : null}{" "}
              {entry.conflict ? <small>{word("staff.conflict", entry.conflict)}</small> : null}
            </td>
            <th scope="row">{entry.ticket_id ? <Thing id={entry.ticket_id} name={entry.attendee_name} /> : <Num>{entry.attendee_name ?? "–"}</Num>}</th>
            <td>{entry.tier}</td>
            <td>
              <Num>{entry.gate}</Num>
            </td>
            <td>{entry.usher ? <Num>{entry.usher.username ?? entry.usher.id}</Num> : <Thing id={entry.device_id} />}</td>
            <td>{word("staff.state", entry.source)}</td>
            <td>
              <Thing id={entry.event_id} />
            </td>
          </tr>
        )}
      />
    </>
  );
}
