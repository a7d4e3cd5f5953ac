// One person as the office sees them: role, verification, access, card, and the tried log-ins.
import type { JSX } from "preact";

import { answerOf, type Schemas } from "../../ui/api/client.ts";
import { Check, Choice, Field, Form, Submit } from "../../ui/form.tsx";
import { Num, time } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Listing, Shown, useList, useRead } from "../../ui/list.tsx";
import { match } from "../../ui/router.ts";
import { useSaid } from "../../ui/said.ts";
import { api, fullName, me } from "../api.ts";
import { Title } from "../parts.tsx";
import { Portrait } from "../profile.tsx";

import { ROLES } from "./users.tsx";

type User = Schemas["CampusAuditedUserOut"];
const TEXTS = ["first_name", "last_name", "student_id", "department", "campus", "year_level", "card_uid"] as const;
const CHECKS = ["is_verified", "is_active"] as const;

export default function UserView(): JSX.Element {
  const id = match("/campus/users/:id")?.id ?? "";
  const user = useRead(() => answerOf(api.GET("/api/campus/users/{user_id}/", { params: { path: { user_id: id } } })));
  return (
    <>
      <Shown read={user}>{(found) => <Facts key={found.id} user={found} changed={user.reload} />}</Shown>
      <h2>{t("campus.log_ins")}</h2>
      <LogIns id={id} />
    </>
  );
}

function Facts({ user, changed }: { user: User; changed(): void }): JSX.Element {
  const saved = useSaid();
  const isOwn = user.id === me().id;
  const initial: Record<string, string> = {
    ...Object.fromEntries(TEXTS.map((name) => [name, user[name] ?? ""])),
    ...Object.fromEntries(CHECKS.map((name) => [name, user[name] ? "true" : ""])),
    role: user.role,
  };
  return (
    <>
      <div class="row">
        <Portrait profile={user} />
        <div class="grow">
          <Title>{fullName(user)}</Title>
          <p class="quiet">
            <Num>{user.username}</Num> · <Num>{user.email}</Num>
          </p>
        </div>
      </div>
      <section class="card">
        <Form
          label={t("campus.user.change")}
          draft={`campus.user.${user.id}`}
          initial={initial}
          onSubmit={async (values, before) => {
            const texts = TEXTS.filter((name) => (values[name] ?? "") !== before[name]).map((name) => [name, values[name] || null] as const);
            const checks = CHECKS.filter((name) => (values[name] ?? "") !== before[name]).map((name) => [name, values[name] === "true"] as const);
            const role = values.role === before.role ? {} : { role: values.role };
            saved.value = "";
            const body = { ...Object.fromEntries<string | boolean | null>([...texts, ...checks]), ...role } as Schemas["CampusUserChangeIn"];
            await answerOf(api.PUT("/api/campus/users/{user_id}/", { params: { path: { user_id: user.id } }, body }));
            saved.value = () => t("campus.saved");
            changed();
          }}
        >
          <div class="pair">
            {isOwn ? null : <Choice name="role" label={t("campus.role")} options={ROLES.map((each) => [each, word("campus.role", each)] as const)} />}
            {TEXTS.map((name) => (
              <Field key={name} name={name} label={t(`campus.${name}`)} required={!["student_id", "year_level", "card_uid"].includes(name)} />
            ))}
          </div>
          <Check name="is_verified" label={t("campus.user.verified")} hint={t("campus.user.verified_hint")} />
          {isOwn ? null : <Check name="is_active" label={t("campus.user.active")} hint={t("campus.user.active_hint")} />}
          <Submit>{t("ui.save")}</Submit>
          <p role="status">{saved.value}</p>
        </Form>
      </section>
    </>
  );
}

function LogIns({ id }: { id: string }): JSX.Element {
  const list = useList(async (cursor) => {
    const params = { path: { user_id: id }, query: { audit: true, cursor } };
    const { audit } = await answerOf(api.GET("/api/campus/users/{user_id}/", { params }));
    return audit ?? { results: [], next: null };
  });
  return (
    <Listing
      list={list}
      label={t("campus.log_ins")}
      empty={<p>{t("ui.nothing")}</p>}
      columns={[t("campus.when"), t("campus.result"), t("campus.device"), t("campus.network")]}
      row={(each) => (
        <tr key={each.id}>
          <td>{time(each.at)}</td>
          <td>{word("campus.log_in_result", each.result)}</td>
          <td>
            <bdi>{each.device ?? "–"}</bdi>
          </td>
          <td>
            <Num>{each.address_hint ?? "–"}</Num>
          </td>
        </tr>
      )}
    />
  );
}
