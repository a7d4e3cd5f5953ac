// One's own account: the second factor, the password, the sessions.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { Refused, type Schemas } from "../ui/api/client.ts";
import { PasswordForm, Sessions } from "../ui/account.tsx";
import { Deed, Field, Form, Submit } from "../ui/form.tsx";
import { t } from "../ui/i18n.ts";
import { Unread, useRead } from "../ui/list.tsx";
import { Qr } from "../ui/qr.tsx";
import { useSaid } from "../ui/said.ts";
import { Settings } from "../ui/shell.tsx";

import { api, ask, logOut, me } from "./parts/api.ts";
import { Decision } from "./parts/decision.tsx";
import { Copied, Facts, Note, Title } from "./parts/shown.tsx";

type Factor = Schemas["AdminSecondFactorOut"];

const digits = (text: string | undefined): string => (text ?? "").replaceAll(/\s/g, "");

/** Begin the second factor, show its secret, and switch it on with a code of it. */
function SetUp({ on, finished }: { on: boolean; finished(codes: readonly string[]): void }): JSX.Element {
  const begun = useSignal<Factor | null>(null);
  const factor = begun.value;
  if (factor?.secret)
    return (
      <>
        <p>{t("staff.factor.how")}</p>
        {factor.uri ? <Qr text={factor.uri} label={t("staff.factor.qr")} /> : null}
        <p>
          {t("staff.factor.secret")} <Copied>{factor.secret}</Copied>
        </p>
        <Form
          label={t("staff.factor.title")}
          onSubmit={async ({ code = "" }) => {
            const done = await ask(() => api.POST("/api/auth/totp/", { body: { code: digits(code) } }));
            begun.value = null;
            finished(done.recovery_codes ?? []);
          }}
        >
          <Field name="code" label={t("staff.login.totp")} inputmode="numeric" autocomplete="one-time-code" required />
          <Submit>{t("staff.factor.switch_on")}</Submit>
        </Form>
      </>
    );
  if (!on)
    return (
      <Deed class="primary" act={async () => void (begun.value = await ask(() => api.POST("/api/auth/totp/", { body: {} })))}>
        {t("staff.factor.begin")}
      </Deed>
    );
  return (
    <Decision
      label={t("staff.factor.replace")}
      name="factor.replace"
      secret={["current"]}
      act={async ({ current = "" }) => {
        begun.value = await ask(() => api.POST("/api/auth/totp/", { body: { current: digits(current) } }));
      }}
    >
      <Field name="current" label={t("staff.factor.current")} autocomplete="one-time-code" required />
    </Decision>
  );
}

function Codes({ codes }: { codes: readonly string[] }): JSX.Element {
  return (
    <section class="panel" role="status">
      <h2>{t("staff.factor.codes")}</h2>
      <p>{t("staff.factor.codes_why")}</p>
      <p class="code">
        <Copied>{codes.join(" ")}</Copied>
      </p>
    </section>
  );
}

function SecondFactor(): JSX.Element {
  const codes = useSignal<readonly string[]>([]);
  const said = useSaid();
  const on = useSignal<boolean | null>(null);
  // The account's own entry says whether a factor is on.
  const read = useRead(async () => {
    const id = me.peek()?.who.id;
    if (!id) return;
    try {
      on.value = (await ask(() => api.GET("/api/users/{user_id}/", { params: { path: { user_id: id } } }))).second_factor;
    } catch (error) {
      // A role that may not read users is asked when it acts.
      if (!(error instanceof Refused && error.status === 403)) throw error;
    }
  });
  return (
    <section class="card" aria-label={t("staff.second_factor")}>
      <h2>{t("staff.second_factor")}</h2>
      <Unread read={read} />
      {on.value === null ? null : <p>{on.value ? t("staff.factor.is_on") : t("staff.factor.is_off")}</p>}
      <Note>{said.value}</Note>
      <div class="row">
        {on.value === true ? null : (
          <SetUp
            on={false}
            finished={(next) => {
              codes.value = next;
              on.value = true;
            }}
          />
        )}
        {on.value === false ? null : (
          <>
            <SetUp on finished={(next) => (codes.value = next)} />
            <Decision
              label={t("staff.factor.new_codes")}
              name="factor.codes"
              secret={["code"]}
              act={async ({ code = "" }) => {
                codes.value = (await ask(() => api.POST("/api/auth/totp/", { body: { code: digits(code) } }))).recovery_codes ?? [];
              }}
            >
              <Field name="code" label={t("staff.login.totp")} autocomplete="one-time-code" required />
            </Decision>
            <Decision
              label={t("staff.factor.remove")}
              tone="danger"
              name="factor.remove"
              secret={["code"]}
              act={async ({ code = "" }) => {
                await ask(() => api.DELETE("/api/auth/totp/", { body: { code: digits(code) } }));
                on.value = false;
                said.value = () => t("staff.factor.removed");
              }}
            >
              <Field name="code" label={t("staff.login.totp")} autocomplete="one-time-code" required />
            </Decision>
          </>
        )}
      </div>
      {codes.value.length ? <Codes codes={codes.value} /> : null}
    </section>
  );
}

export function Account(): JSX.Element {
  const who = me.value?.who;
  return (
    <>
      <Title>{t("staff.account")}</Title>
      {who ? (
        <section class="panel">
          <Facts
            of={[
              [t("staff.name"), who.name],
              [t("staff.email"), String(who.email)],
              [t("staff.role"), t(`staff.role.${who.role ?? "support"}`)],
            ]}
          />
        </section>
      ) : null}
      <div class="two">
        <SecondFactor />
        <PasswordForm
          change={async (body) => {
            await ask(() => api.POST("/api/auth/change-password/", { body }));
            await logOut(); // a new password ends every session, this one too
          }}
        />
        <Sessions portal="admin" />
      </div>
    </>
  );
}

/** What an account sees first whose role requires a second factor that it does not have yet. */
export function Enrolment(): JSX.Element {
  const codes = useSignal<readonly string[]>([]);
  return (
    <>
      <header class="head">
        <p class="brand">{t("staff.brand")}</p>
        <div class="settings">
          <button type="button" class="plain" onClick={() => void logOut()}>
            {t("ui.log_out")}
          </button>
          <Settings />
        </div>
      </header>
      <main id="main" tabIndex={-1} class="doorway">
        <section class="card narrow">
          <h1>{t("staff.factor.title")}</h1>
          {codes.value.length ? (
            <>
              <Codes codes={codes.value} />
              <p>{t("staff.factor.log_in_again")}</p>
              <button type="button" class="primary" onClick={() => void logOut()}>
                {t("ui.log_in")}
              </button>
            </>
          ) : (
            <>
              <p>{t("staff.factor.required")}</p>
              <SetUp on={false} finished={(next) => (codes.value = next)} />
            </>
          )}
        </section>
      </main>
    </>
  );
}
