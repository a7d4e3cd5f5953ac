// The customer's account, in parts that each have an address.
import type { JSX } from "preact";

import { PasswordForm, Sessions } from "../ui/account.tsx";
import { answerOf, type Schemas } from "../ui/api/client.ts";
import { keep, latest } from "../ui/api/session.ts";
import { changesOf, Check, Choice, Deed, Field, Form, Submit, type Values } from "../ui/form.tsx";
import { count, money, Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Listing, Shown, Unread, useList, useRead } from "../ui/list.tsx";
import { useSaid } from "../ui/said.ts";

import { logOut } from "./access.tsx";
import { mine, type Me } from "./api.ts";
import { Family } from "./family.tsx";
import { Title, When } from "./parts.tsx";
import { Payments } from "./payments.tsx";

const PARTS = ["profile", "family", "payments", "saved", "security"] as const;
const BLOOD = ["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"] as const satisfies readonly Schemas["BloodType"][];

/** The choices of a blood type, with none. */
export const bloodTypes = (): [string, string][] => [["", t("shop.not_said")], ...BLOOD.map((each): [string, string] => [each, each])];
/** Return a typed blood type as the API takes it. */
export const bloodType = (value: string | undefined): Schemas["BloodType"] | null => BLOOD.find((each) => each === value) ?? null;

/** One part of the account. */
export function Account({ part }: { part: string }): JSX.Element {
  const shown = PARTS.find((each) => each === part) ?? "profile";
  return (
    <>
      <Title text={t("shop.account")} />
      <nav class="tabs" aria-label={t("shop.account")}>
        {PARTS.map((each) => (
          <a key={each} href={each === "profile" ? "/account" : `/account/${each}`} aria-current={each === shown ? "page" : undefined}>
            {t(`shop.account.${each}`)}
          </a>
        ))}
      </nav>
      {shown === "profile" ? <Profile /> : null}
      {shown === "family" ? <Family /> : null}
      {shown === "payments" ? <Payments /> : null}
      {shown === "saved" ? <Saved /> : null}
      {shown === "security" ? <Security /> : null}
    </>
  );
}

function Profile(): JSX.Element {
  const me = useRead(() => answerOf(mine.GET("/api/v1/users/me/")));
  const figures = useRead(() => answerOf(mine.GET("/api/v1/users/analytics/")));
  return (
    <>
      {figures.value ? (
        <div class="figures">
          <Figure name={t("shop.upcoming")} value={count(figures.value.upcoming_events)} />
          <Figure name={t("shop.attended")} value={count(figures.value.events_attended)} />
          <Figure name={t("shop.spent")} value={money(figures.value.total_spent)} />
          <Figure name={t("shop.card_balance")} value={money(figures.value.card_balance)} />
        </div>
      ) : null}
      <Unread read={figures} />
      <Shown read={me}>{(found) => <ProfileForm me={found} reload={me.reload} />}</Shown>
    </>
  );
}

function Figure({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <p class="card">
      <span class="quiet">{name}</span>
      <br />
      <Num>
        <b>{value}</b>
      </Num>
    </p>
  );
}

/** Return the emergency contact that was typed, which is changed as a whole; null is none. */
export function contactOf(values: Values): Schemas["WebappContactIn"] | null {
  const [name = "", mobile_number = ""] = [values["emergency_contact.name"], values["emergency_contact.mobile_number"]];
  return name || mobile_number ? { name, mobile_number } : null;
}

const personOf = (values: Values): Schemas["WebappProfileIn"] => ({
  name: values.name ?? "",
  email: values.email || null,
  date_of_birth: values.date_of_birth || null,
  blood_type: bloodType(values.blood_type),
  emergency_contact: contactOf(values),
  language: values.language === "ur" ? "ur" : "en",
});
const channelsOf = (values: Values): { sms: boolean; email: boolean } => ({ sms: values.sms === "true", email: values.mail === "true" });

function ProfileForm({ me, reload }: { me: Me; reload(): void }): JSX.Element {
  const news = useSaid();
  const initial = {
    name: me.name,
    email: me.email ?? "",
    date_of_birth: me.date_of_birth ?? "",
    blood_type: me.blood_type ?? "",
    "emergency_contact.name": me.emergency_contact?.name ?? "",
    "emergency_contact.mobile_number": me.emergency_contact?.mobile_number ?? "",
    language: me.language,
    sms: me.notifications.sms ? "true" : "",
    mail: me.notifications.email ? "true" : "",
  };
  const save = async (values: Values, before: Values): Promise<void> => {
    news.value = "";
    const notifications = changesOf(channelsOf(values), channelsOf(before));
    const body = { ...changesOf(personOf(values), personOf(before)), ...(Object.keys(notifications).length ? { notifications } : {}) };
    const changed = await answerOf(mine.PUT("/api/v1/users/profile/", { body }));
    const now = latest("webapp");
    if (now) keep("webapp", { ...now, who: { ...now.who, name: changed.name } });
    news.value = () => t("ui.saved");
    reload();
  };
  return (
    <section class="card">
      <p>
        {t("ui.number")}: <Num>{me.mobile_number}</Num>
      </p>
      <Form label={t("shop.account.profile")} draft="profile" initial={initial} onSubmit={save} class="two">
        <Field name="name" label={t("shop.name")} autocomplete="name" required />
        <Field name="email" label={t("shop.email")} type="email" autocomplete="email" />
        <Field name="date_of_birth" label={t("shop.born")} type="date" autocomplete="bday" />
        <Choice name="blood_type" label={t("shop.blood")} options={bloodTypes()} />
        <Field name="emergency_contact.name" label={t("shop.contact_name")} />
        <Field name="emergency_contact.mobile_number" label={t("shop.contact_number")} type="tel" hint={t("shop.contact_hint")} />
        <Choice name="language" label={t("shop.notice_language")} options={[["en", "English"], ["ur", "اردو"]]} />
        <div>
          <Check name="sms" label={t("shop.by_sms")} />
          <Check name="mail" label={t("shop.by_mail")} />
        </div>
        <Submit>{t("ui.save")}</Submit>
      </Form>
      <p role="status">{news.value}</p>
    </section>
  );
}

function Saved(): JSX.Element {
  const list = useList((cursor) => answerOf(mine.GET("/api/v1/users/favorites/", { params: { query: { cursor } } })));
  const remove = async (id: string): Promise<void> => {
    await answerOf<unknown>(mine.DELETE("/api/v1/users/favorites/{event_id}/", { params: { path: { event_id: id } } }));
    list.replace((each) => each.event_id === id, null);
  };
  return (
    <Listing
      list={list}
      label={t("shop.account.saved")}
      empty={<p>{t("shop.no_saved")}</p>}
      row={({ event_id: id, event }) => (
        <li key={id} class="row">
          <div class="grow">
            <h2>{event ? <a href={`/e/${id}`}>{<bdi>{event.title}</bdi>}</a> : <Num>{id}</Num>}</h2>
            {event ? (
              <p>
                <When at={event.starts_at} zone={event.timezone} />
              </p>
            ) : null}
          </div>
          <Deed act={() => remove(id)}>{t("shop.remove")}</Deed>
        </li>
      )}
    />
  );
}

/** End every session of this account, this one last. */
async function logOutEverywhere(): Promise<void> {
  for (;;) {
    const { results } = await answerOf(mine.GET("/api/sessions/", { params: { query: { page_size: 100 } } }));
    const others = results.filter(({ current }) => !current);
    await Promise.all(others.map(({ id }) => answerOf<unknown>(mine.DELETE("/api/sessions/{session_id}/", { params: { path: { session_id: id } } }))));
    if (results.length < 100) break;
  }
  await logOut();
}

function Security(): JSX.Element {
  return (
    <>
      <PasswordForm
        change={async (body) => {
          await answerOf<unknown>(mine.POST("/api/v1/users/change-password/", { body }));
        }}
      />
      <Sessions portal="webapp" />
      <p class="row">
        <Deed class="danger" act={logOutEverywhere}>
          {t("shop.log_out_everywhere")}
        </Deed>
      </p>
    </>
  );
}
