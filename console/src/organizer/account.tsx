// The organizer's account: profile, picture, bank account, password, sessions.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { PasswordForm, Sessions } from "../ui/account.tsx";
import { answerOf, refusalOf, authorized, type Schemas } from "../ui/api/client.ts";
import { keep, latest } from "../ui/api/session.ts";
import { changesOf, Deed, Field, Form, Submit, type Values } from "../ui/form.tsx";
import { Num } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Shown, useRead, type Read } from "../ui/list.tsx";

import { api, PORTAL, type Profile } from "./data.ts";

const PLAIN = ["email", "company_name", "address", "tax_number"] as const;

export function Account(): JSX.Element {
  const read: Read<Profile> = useRead(() => answerOf(api.GET("/api/organizer/profile/")));
  return (
    <>
      <h1>{t("organizer.account")}</h1>
      <Shown read={read}>
        {(profile) => (
          <>
            <Person profile={profile} reload={read.reload} />
            <Bank profile={profile} reload={read.reload} />
          </>
        )}
      </Shown>
      <PasswordForm
        change={async (body) => {
          await answerOf(api.POST("/api/organizer/profile/change-password/", { body }));
        }}
      />
      <Sessions portal={PORTAL} />
    </>
  );
}

interface PartProps {
  profile: Profile;
  reload(): void;
}

const bodyOf = (values: Values): Schemas["OrganizerProfileIn"] => ({
  name: values.name ?? "",
  ...Object.fromEntries(PLAIN.map((each) => [each, values[each] || null])),
});

function Person({ profile, reload }: PartProps): JSX.Element {
  const saved = useSignal(false);
  const initial = { name: profile.name, ...Object.fromEntries(PLAIN.map((each) => [each, profile[each] ?? ""])) };
  return (
    <section class="card">
      <div class="row title">
        <h2 class="grow">{t("organizer.profile")}</h2>
        <span class={`badge ${profile.status === "active" ? "good" : "warn"}`}>{word("organizer.account_state", profile.status)}</span>
      </div>
      <p>
        <Num>{profile.contact_mobile}</Num>
      </p>
      <Picture profile={profile} reload={reload} />
      <Form
        label={t("organizer.profile")}
        draft="organizer.profile"
        initial={initial}
        onSubmit={async (values, before) => {
          saved.value = false;
          const changed = await answerOf(api.PUT("/api/organizer/profile/", { body: changesOf(bodyOf(values), bodyOf(before)) }));
          const session = latest(PORTAL);
          if (session) keep(PORTAL, { ...session, who: { ...session.who, name: changed.name } });
          saved.value = true;
          reload();
        }}
      >
        <Field name="name" label={t("organizer.field.name")} autocomplete="organization" required />
        <Field name="email" label={t("organizer.field.email")} type="email" autocomplete="email" />
        <Field name="company_name" label={t("organizer.field.company_name")} />
        <Field name="address" label={t("organizer.field.address")} autocomplete="street-address" />
        <Field name="tax_number" label={t("organizer.field.tax_number")} />
        <Submit>{t("ui.save")}</Submit>
      </Form>
      <p role="status">{saved.value ? t("ui.saved") : ""}</p>
    </section>
  );
}

function Picture({ profile, reload }: PartProps): JSX.Element {
  const chosen = useSignal<File | null>(null);
  const send = async (): Promise<void> => {
    if (chosen.value === null) return;
    const body = new FormData();
    body.append("image", chosen.value);
    const response = await authorized(PORTAL, new Request("/api/organizer/profile/", { method: "PUT", body }));
    if (!response.ok) throw refusalOf(response, await response.json().catch(() => null));
    chosen.value = null;
    reload();
  };
  return (
    <div class="row">
      {profile.image_url ? <img class="portrait" src={profile.image_url} alt={t("organizer.picture.of", { name: profile.name })} /> : null}
      <label>
        {t("organizer.picture")}
        <br />
        <input type="file" accept="image/png,image/jpeg,image/webp" onChange={(event) => (chosen.value = event.currentTarget.files?.[0] ?? null)} />
      </label>
      {chosen.value ? <Deed act={send}>{t("organizer.picture.send")}</Deed> : null}
    </div>
  );
}

function Bank({ profile, reload }: PartProps): JSX.Element {
  const saved = useSignal(0);
  const { bank_account: bank } = profile;
  return (
    <section class="card">
      <h2>{t("organizer.bank")}</h2>
      {bank ? (
        <p>
          <bdi>{bank.title}</bdi> · <Num>{bank.iban}</Num>
        </p>
      ) : (
        <p class="band">{t("organizer.bank.none")}</p>
      )}
      <p class="hint">{t("organizer.bank.about")}</p>
      <Form
        key={saved.value}
        label={t("organizer.bank")}
        draft="organizer.bank"
        onSubmit={async ({ "bank_account.title": title = "", "bank_account.iban": iban = "" }) => {
          await answerOf(api.PUT("/api/organizer/profile/", { body: { bank_account: { title, iban } } }));
          saved.value += 1;
          reload();
        }}
      >
        <Field name="bank_account.title" label={t("organizer.field.account_title")} autocomplete="name" required />
        <Field name="bank_account.iban" label="IBAN" required />
        <Submit>{t(bank ? "organizer.bank.change" : "organizer.bank.add")}</Submit>
      </Form>
      <p role="status">{saved.value ? t("organizer.bank.saved") : ""}</p>
    </section>
  );
}
