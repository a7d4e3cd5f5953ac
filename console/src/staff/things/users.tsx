// Users of every type: organizers, shops, ushers, staff.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Check, Choice, Field, Form, Submit, type Values } from "../../ui/form.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { go } from "../../ui/router.ts";
import { api, ask, asked, may } from "../parts/api.ts";
import { Register } from "../parts/register.tsx";
import { State, Thing, Title, When } from "../parts/shown.tsx";

type Known = Schemas["AdminUserOut"];
export type Kind = Schemas["UserType"];
export const ROLES = ["super_admin", "admin", "finance", "support", "usher_manager"] as const;

/** The types that the caller may create and change. */
export function kindsOf(): readonly Kind[] {
  if (may("own")) return ["usher", "organizer", "merchant", "admin"];
  if (may("manage")) return ["usher", "organizer", "merchant"];
  return may("ushers") ? ["usher"] : [];
}

export function Users(): JSX.Element {
  const adding = useSignal(false);
  const kinds = kindsOf();
  return (
    <>
      <Title
        actions={
          kinds.length ? (
            <button type="button" class="primary" aria-haspopup="dialog" onClick={() => (adding.value = true)}>
              {t("staff.new_user")}
            </button>
          ) : null
        }
      >
        {t("staff.group.users")}
      </Title>
      {adding.value ? (
        <Dialog title={t("staff.new_user")} close={() => (adding.value = false)}>
          <NewUser kinds={kinds} created={(user) => go(`/staff/users/${user.id}`)} />
        </Dialog>
      ) : null}
      <Register<Known>
        label={t("staff.group.users")}
        exportedBy={["manage"]}
        filters={[
          { name: "search", label: t("staff.search_short"), kind: "search" },
          ...(may("read") ? [{ name: "type", label: t("staff.kind"), values: ["organizer", "merchant", "usher", "admin"] }] : []),
          { name: "status", label: t("staff.status"), values: ["active", "suspended", "blocked", "deactivated"] },
          { name: "verified", label: t("staff.verified"), values: ["true", "false"] },
          { name: "event_id", label: t("staff.event_id") },
        ]}
        columns={[t("staff.name"), t("staff.kind"), t("staff.login_name"), t("staff.roles"), t("staff.status"), t("staff.verified"), t("staff.since")]}
        empty={t("staff.none.users")}
        read={(filters, cursor) =>
          may("read") ? ask(() => api.GET("/api/users/", { params: { query: asked(filters, cursor) } })) : ask(() => api.GET("/api/ushers/", { params: { query: asked(filters, cursor) } }))
        }
        row={(user) => (
          <tr key={user.id}>
            <th scope="row">
              <Thing id={user.id} name={user.name} />
            </th>
            <td>{t(`staff.kind.${user.type}`)}</td>
            <td>
              <Num>{user.username ?? user.mobile_number ?? user.email}</Num>
            </td>
            <td>{user.role ? t(`staff.role.${user.role}`) : user.roles.map((each) => t(`staff.role.${each}`)).join(", ")}</td>
            <td>
              <State value={user.status} />
            </td>
            <td>{user.type === "organizer" || user.type === "merchant" ? (user.verified ? t("staff.yes") : t("staff.no")) : "–"}</td>
            <td>
              <When at={user.created_at} />
            </td>
          </tr>
        )}
      />
    </>
  );
}

export const listed = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean);

// An organizer's log-in is a contact's number.
const numberOf = (kind: Kind): string => (kind === "organizer" ? "contact_mobile" : "mobile_number");

function bodyOf(kind: Kind, values: Values): Schemas["AdminUserIn"] {
  const name = values.name ?? "";
  if (kind === "admin") return { type: kind, name, email: values.email || null, role: (values.role || "support") as "support" };
  if (kind === "usher") {
    const roles = (["ushering", "leave_desk"] as const).filter((each) => values[each] === "true");
    return { type: kind, name, username: values.username || null, password: values.password || null, roles, event_ids: listed(values.event_ids) };
  }
  return { type: kind, name, email: values.email || null, [numberOf(kind)]: values[numberOf(kind)] || null };
}

function NewUser({ kinds, created }: { kinds: readonly Kind[]; created(user: Known): void }): JSX.Element {
  const kind = useSignal<Kind>(kinds[0] ?? "usher");
  return (
    <>
      <div class="filters">
        <label>
          {t("staff.kind")}
          <select value={kind.value} onChange={(event) => (kind.value = event.currentTarget.value as Kind)}>
            {kinds.map((each) => (
              <option key={each} value={each}>
                {t(`staff.kind.${each}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Form
        key={kind.value}
        label={t("staff.new_user")}
        draft={`staff.user.${kind.value}`}
        secret={["password"]}
        initial={kind.value === "usher" ? { ushering: "true" } : {}}
        onSubmit={async (values) => created(await ask(() => api.POST("/api/users/", { body: bodyOf(kind.value, values) })))}
      >
        <Field name="name" label={t("staff.name")} required />
        {kind.value === "usher" ? (
          <>
            <div class="pair">
              <Field name="username" label={t("staff.username")} autocomplete="off" required />
              <Field name="password" label={t("ui.password")} type="password" autocomplete="new-password" hint={t("staff.password_rule")} required />
            </div>
            <Field name="event_ids" label={t("staff.event_ids")} hint={t("staff.comma")} />
            <Check name="ushering" label={t("staff.role.ushering")} />
            <Check name="leave_desk" label={t("staff.role.leave_desk")} />
          </>
        ) : kind.value === "admin" ? (
          <>
            <Field name="email" label={t("staff.email")} type="email" hint={t("staff.link_sent_hint")} required />
            <Choice name="role" label={t("staff.role")} options={[...ROLES].reverse().map((each) => [each, t(`staff.role.${each}`)])} />
          </>
        ) : (
          <>
            <Field name={numberOf(kind.value)} label={t("ui.number")} type="tel" hint={t("staff.link_sent_hint")} required />
            <Field name="email" label={t("staff.email")} type="email" />
          </>
        )}
        <Submit>{t("staff.new_user")}</Submit>
      </Form>
    </>
  );
}
