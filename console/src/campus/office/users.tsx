// The people of the campus, for hr and admins.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, type Schemas } from "../../ui/api/client.ts";
import { Deed } from "../../ui/form.tsx";
import { Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Listing, useList } from "../../ui/list.tsx";
import { api, fullName, type Role } from "../api.ts";
import { Title } from "../parts.tsx";
import { CampusFilter } from "../teach/events.tsx";

export const ROLES: readonly Role[] = ["student", "supervisor", "organizer", "hr", "admin"];
type User = Schemas["CampusUserOut"];

export default function Users(): JSX.Element {
  const search = useSignal("");
  const role = useSignal<Role | "">("");
  const campus = useSignal("");
  const department = useSignal("");
  const verified = useSignal<"true" | "false" | "">("");
  const list = useList<User>(
    (cursor) => {
      const is_verified = verified.peek() || undefined;
      const query = { cursor, search: search.peek(), role: role.peek() || undefined, campus: campus.peek(), department: department.peek(), is_verified };
      return answerOf(api.GET("/api/campus/users/", { params: { query } }));
    },
    () => [search.value, role.value, campus.value, department.value, verified.value].join("\n"),
  );
  return (
    <>
      <Title>{t("campus.users")}</Title>
      <form class="filters" role="search" aria-label={t("campus.filters")} onSubmit={(event) => event.preventDefault()}>
        <label>
          {t("ui.search")}
          <input type="search" value={search.value} onChange={(event) => (search.value = event.currentTarget.value)} />
        </label>
        <label>
          {t("campus.role")}
          <select value={role.value} onChange={(event) => (role.value = event.currentTarget.value as Role | "")}>
            <option value="">{t("campus.all")}</option>
            {ROLES.map((each) => (
              <option key={each} value={each}>
                {word("campus.role", each)}
              </option>
            ))}
          </select>
        </label>
        <CampusFilter value={campus.value} choose={(value) => (campus.value = value)} />
        <label>
          {t("campus.department")}
          <input value={department.value} onChange={(event) => (department.value = event.currentTarget.value.trim())} />
        </label>
        <label>
          {t("campus.verified_state")}
          <select value={verified.value} onChange={(event) => (verified.value = event.currentTarget.value as typeof verified.value)}>
            <option value="">{t("campus.all")}</option>
            <option value="true">{t("campus.verified_person")}</option>
            <option value="false">{t("campus.unverified_person")}</option>
          </select>
        </label>
      </form>
      <Listing list={list} label={t("campus.users")} empty={<p>{t("campus.users.empty")}</p>} row={(user) => <Row key={user.id} user={user} changed={(next) => list.replace(({ id }) => id === next.id, next)} />} />
    </>
  );
}

function Row({ user, changed }: { user: User; changed(next: User): void }): JSX.Element {
  return (
    <li class="row">
      <div class="grow">
        <a href={`/campus/users/${user.id}`}>
          <bdi>{fullName(user)}</bdi>
        </a>
        <p class="quiet">
          <Num>{user.student_id ?? user.username}</Num> · <bdi>{user.department}</bdi> · <bdi>{user.campus}</bdi>
        </p>
      </div>
      <span class="badge">{word("campus.role", user.role)}</span>
      {user.is_active ? null : <span class="badge bad">{t("campus.inactive_person")}</span>}
      {user.is_verified ? (
        <span class="badge good">{t("campus.verified_person")}</span>
      ) : (
        <Deed act={async () => changed(await answerOf(api.POST("/api/campus/users/{user_id}/verify/", { params: { path: { user_id: user.id } } })))}>{t("campus.verify_person")}</Deed>
      )}
    </li>
  );
}
