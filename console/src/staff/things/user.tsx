// A user: what they are, their corrections, verification, and the end of their access.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Check, Choice, Deed, Field, type Values } from "../../ui/form.tsx";
import { Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { match } from "../../ui/router.ts";
import { useSaid, type Saying } from "../../ui/said.ts";
import { api, ask, may, myself } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { Copied, Facts, Note, State, Thing, Title, When } from "../parts/shown.tsx";

import { History } from "./history.tsx";
import { Phones } from "./phone.tsx";
import { kindsOf, listed, ROLES } from "./users.tsx";

type Known = Schemas["AdminUserOut"];

export function User(): JSX.Element {
  const id = match("/staff/users/:id")?.id ?? "";
  const turn = useSignal(0);
  const said = useSaid();
  const read = useRead(
    () => ask(() => api.GET("/api/users/{user_id}/", { params: { path: { user_id: id } } })),
    () => String(turn.value),
  );
  const changed = (words: Saying | ""): void => {
    if (words) said.value = words;
    turn.value += 1;
  };
  return (
    <Shown read={read}>
      {(user) => (
        <>
          <Title actions={<Deeds user={user} changed={changed} />}>
            <Num>{user.name}</Num> <State value={user.status} />
          </Title>
          <Note>{said.value}</Note>
          <About user={user} />
          <Phones user={user} />
          <p class="row">
            {user.type === "organizer" && may("read") ? <a href={`/staff/events?organizer_id=${user.id}`}>{t("staff.group.events")}</a> : null}
            {user.type === "organizer" && may("read") ? <a href={`/staff/finances/payouts?organizer_id=${user.id}`}>{t("staff.finances.payouts")}</a> : null}
            {user.type === "merchant" && may("read", "support") ? <a href={`/staff/cards?merchant_id=${user.id}`}>{t("staff.group.cards")}</a> : null}
          </p>
          <History id={user.id} turn={turn.value} />
        </>
      )}
    </Shown>
  );
}

function About({ user }: { user: Known }): JSX.Element {
  const partner = user.type === "organizer" || user.type === "merchant";
  return (
    <section class="panel" aria-label={t("staff.facts")}>
      <Facts
        of={[
          [t("staff.kind"), t(`staff.kind.${user.type}`)],
          [t("staff.role"), user.role ? t(`staff.role.${user.role}`) : null],
          [t("staff.roles"), user.roles.map((each) => t(`staff.role.${each}`)).join(", ")],
          [t("staff.username"), user.username ? <Copied>{user.username}</Copied> : null],
          [t("ui.number"), user.mobile_number ? <Copied>{user.mobile_number}</Copied> : null],
          [t("staff.email"), user.email ? <Copied>{user.email}</Copied> : null],
          [t("staff.verified"), partner ? user.verified ? <When at={user.verified_at} /> : t("staff.not_verified") : null],
          [t("staff.second_factor"), user.type === "admin" ? (user.second_factor ? t("staff.yes") : t("staff.no")) : null],
          [t("staff.group.events"), user.event_ids.length ? user.event_ids.map((each) => <Thing key={each} id={each} />) : null],
          [t("staff.since"), <When at={user.created_at} />],
          [t("staff.id"), <Copied>{user.id}</Copied>],
        ]}
      />
    </section>
  );
}

function Deeds({ user, changed }: { user: Known; changed(words: Saying | ""): void }): JSX.Element | null {
  const path = { params: { path: { user_id: user.id } } };
  const mine = kindsOf().includes(user.type);
  const partner = user.type === "organizer" || user.type === "merchant";
  return (
    <>
      {partner && !user.verified && may("manage") && user.status === "active" ? (
        <Deed
          class="primary"
          act={async () => {
            await ask(() => api.POST("/api/users/{user_id}/verify/", path));
            changed(() => t("staff.verified_now"));
          }}
        >
          {t("staff.verify")}
        </Deed>
      ) : null}
      {mine ? <Correct user={user} changed={changed} /> : null}
      {mine && user.status !== "deactivated" && user.id !== myself() ? (
        <Decision
          label={t("staff.deactivate")}
          tone="danger"
          name={`user.end.${user.id}`}
          act={async () => {
            await ask(() => api.DELETE("/api/users/{user_id}/", path));
            changed(() => t("staff.deactivated"));
          }}
        >
          <p>{t("staff.deactivate_why")}</p>
        </Decision>
      ) : null}
    </>
  );
}

const USHER_ROLES = ["ushering", "leave_desk"] as const;

function usherChanges(user: Known, values: Values): Partial<Schemas["AdminUserChangeIn"]> {
  if (user.type !== "usher") return {};
  const events = listed(values.event_ids);
  const roles = USHER_ROLES.filter((each) => values[each] === "true");
  return { ...(events.join() !== user.event_ids.join() ? { event_ids: events } : {}), ...(roles.join() !== user.roles.join() ? { roles } : {}) };
}

// Only what was changed is sent.
function bodyOf(user: Known, values: Values): Schemas["AdminUserChangeIn"] {
  const { name = "", email = "", role = "", status = "", reset = "" } = values;
  return {
    ...(name !== user.name ? { name } : {}),
    ...(email !== (user.email ?? "") ? { email: email || null } : {}),
    ...(user.type === "admin" && role && role !== user.role ? { role: role as "support" } : {}),
    ...usherChanges(user, values),
    ...(status && status !== user.status ? { status: status as "active" } : {}),
    ...(reset === "true" ? { password: true as const } : {}),
    version: user.version,
  };
}

function Correct({ user, changed }: { user: Known; changed(words: Saying | ""): void }): JSX.Element {
  return (
    <Decision
      label={t("staff.correct")}
      name={`user.${user.id}`}
      initial={{
        name: user.name,
        email: user.email ?? "",
        role: user.role ?? "",
        event_ids: user.event_ids.join(", "),
        status: user.status,
        ...Object.fromEntries(USHER_ROLES.map((each) => [each, user.roles.includes(each) ? "true" : ""])),
      }}
      refused={() => changed("")}
      act={async (values) => {
        const body = bodyOf(user, values);
        await ask(() => api.PUT("/api/users/{user_id}/", { params: { path: { user_id: user.id } }, body }));
        changed(() => t("staff.corrected"));
      }}
    >
      <Field name="name" label={t("staff.name")} required />
      <Field name="email" label={t("staff.email")} type="email" />
      {user.type === "admin" ? <Choice name="role" label={t("staff.role")} options={ROLES.map((each) => [each, t(`staff.role.${each}`)])} /> : null}
      {user.type === "usher" ? (
        <>
          <Field name="event_ids" label={t("staff.event_ids")} hint={t("staff.comma")} />
          {USHER_ROLES.map((each) => (
            <Check key={each} name={each} label={t(`staff.role.${each}`)} />
          ))}
        </>
      ) : null}
      {user.id === myself() ? null : (
        <Choice name="status" label={t("staff.status")} options={[...new Set([user.status, "active", "suspended", "blocked"] as const)].map((each) => [each, t(`staff.state.${each}`)])} />
      )}
      <Check name="reset" label={t("staff.reset_password")} />
    </Decision>
  );
}
