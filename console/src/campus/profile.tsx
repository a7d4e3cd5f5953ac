// The own profile: what is known of a person, the password, sessions, and the export of everything.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { Sessions } from "../ui/account.tsx";
import { answerOf } from "../ui/api/client.ts";
import { Deed, Field, Form, Submit } from "../ui/form.tsx";
import { save } from "../ui/file.ts";
import { Num } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { JobProgress } from "../ui/job.tsx";
import { Shown, useRead } from "../ui/list.tsx";
import { useSaid } from "../ui/said.ts";

import { api, deliver, fullName, me, readProfile, type Profile } from "./api.ts";
import { Title } from "./parts.tsx";

export default function ProfileView(): JSX.Element {
  const profile = useRead(readProfile);
  return (
    <>
      <Title>{t("campus.profile")}</Title>
      <Shown read={profile}>{(found) => <Facts profile={found} changed={profile.reload} />}</Shown>
    </>
  );
}

/** The photo of a person, or the first letters of the name. */
export function Portrait({ profile }: { profile: { first_name: string; last_name: string; profile_photo_url: string | null } }): JSX.Element {
  if (profile.profile_photo_url) return <img class="portrait" src={profile.profile_photo_url} alt={fullName(profile)} />;
  return (
    <span class="portrait" aria-hidden="true">
      {`${[...profile.first_name][0] ?? ""}${[...profile.last_name][0] ?? ""}`}
    </span>
  );
}

const CHANGEABLE = ["first_name", "last_name", "email", "student_id", "department", "campus", "year_level"] as const;
const labelOf = (name: (typeof CHANGEABLE)[number]): string => t(`campus.${name}`);

function Facts({ profile, changed }: { profile: Profile; changed(): void }): JSX.Element {
  const saved = useSaid();
  const initial = Object.fromEntries(CHANGEABLE.map((name) => [name, profile[name] ?? ""]));
  return (
    <div class="two">
      <section class="card">
        <div class="row">
          <Portrait profile={profile} />
          <div class="grow">
            <h2 class="of-row">
              <bdi>{fullName(profile)}</bdi>
            </h2>
            <p class="quiet">
              <Num>{profile.username}</Num> · {word("campus.role", profile.role)}
            </p>
            <span class={`badge ${profile.is_verified ? "good" : "warn"}`}>{t(profile.is_verified ? "campus.verified_person" : "campus.unverified_person")}</span>
          </div>
        </div>
        <p class="hint">{t("campus.profile.hint")}</p>
        <Form
          key={profile.id}
          label={t("campus.profile")}
          draft="campus.profile"
          initial={initial}
          onSubmit={async (values, before) => {
            const body = Object.fromEntries(CHANGEABLE.filter((name) => (values[name] ?? "") !== (before[name] ?? "")).map((name) => [name, values[name] || null]));
            saved.value = "";
            await answerOf(api.PUT("/api/campus/auth/profile/update/", { body }));
            saved.value = () => t("campus.saved");
            changed();
          }}
        >
          {CHANGEABLE.map((name) => (
            <Field key={name} name={name} label={labelOf(name)} type={name === "email" ? "email" : "text"} required={name !== "student_id" && name !== "year_level"} />
          ))}
          <Submit>{t("ui.save")}</Submit>
          <p role="status">{saved.value}</p>
        </Form>
      </section>
      <div>
        <Password />
        <Export />
        <Sessions portal="campus" />
      </div>
    </div>
  );
}

function Password(): JSX.Element {
  const changes = useSignal(0);
  return (
    <section class="card">
      <h2>{t("campus.password_change")}</h2>
      <Form
        key={changes.value}
        label={t("campus.password_change")}
        onSubmit={async ({ old_password = "", new_password = "" }) => {
          await answerOf(api.POST("/api/campus/auth/password-change/", { body: { old_password, new_password } }));
          changes.value += 1;
        }}
      >
        <Field name="old_password" label={t("campus.old_password")} type="password" autocomplete="current-password" required />
        <Field name="new_password" label={t("campus.new_password")} hint={t("campus.password_hint")} type="password" autocomplete="new-password" required />
        <Submit>{t("ui.save")}</Submit>
      </Form>
      <p role="status">{changes.value ? t("campus.password_changed") : ""}</p>
    </section>
  );
}

function Export(): JSX.Element {
  const job = useSignal("");
  const path = `/api/campus/reports/individual/${me().id}/`;
  return (
    <section class="card">
      <h2>{t("campus.own_data")}</h2>
      <p class="quiet">{t("campus.own_data.what")}</p>
      <div class="row">
        <Deed
          act={async () => {
            const { job: started } = await deliver(path, { format: "zip" });
            job.value = started?.job_id ?? "";
          }}
        >
          {t("campus.own_data.all")}
        </Deed>
        <Deed
          act={async () => {
            const { file, name, job: started } = await deliver(path, { format: "pdf" });
            if (file) save(file, name);
            else job.value = started?.job_id ?? "";
          }}
        >
          {t("campus.own_data.report")}
        </Deed>
      </div>
      {job.value ? <JobProgress key={job.value} portal="campus" id={job.value} /> : null}
    </section>
  );
}
