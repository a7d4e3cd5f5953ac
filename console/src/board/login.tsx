// Log-in of the Board: as an usher, an organizer or staff.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, connect, leave, Refused } from "../ui/api/client.ts";
import { keep } from "../ui/api/session.ts";
import { Field, Form, Submit, type Values } from "../ui/form.tsx";
import { t } from "../ui/i18n.ts";
import { PhoneLogIn } from "../ui/login.tsx";

import { PORTALS, type BoardPortal } from "./data.ts";

async function asUsher({ event_id = "", username = "", password = "" }: Values): Promise<void> {
  const said = await answerOf(connect(null).POST("/api/usher/login/", { body: { event_id: event_id.trim(), username: username.trim(), password } }));
  const { usher, event } = said;
  keep("usher", { access: said.access, refresh: said.refresh, who: { id: usher.id, name: usher.name, username: usher.username, event_id: event.id } });
}

async function asStaff({ email = "", password = "", totp = "" }: Values): Promise<void> {
  const body = { email: email.trim(), password, totp: totp.replace(/\s/g, "") || null };
  // As the staff's own page: the refresh token comes as a cookie that no script reads.
  const said = await answerOf(connect(null).POST("/api/auth/login/", { params: { query: { cookie: "1" } }, body }));
  const { admin } = said;
  keep("admin", { access: said.access, refresh: said.refresh ?? undefined, csrf: said.csrf_token ?? undefined, who: { ...admin, must_enrol: said.must_enrol } });
}

async function asOrganizer(challengeId: string, code: string): Promise<void> {
  const said = await answerOf(connect(null).POST("/api/organizer/verify-otp/", { body: { challenge_id: challengeId, otp: code } }));
  const { organizer } = said;
  keep("organizer", { access: said.access, refresh: said.refresh, who: { id: organizer.id, name: organizer.name } });
}

function UsherForm({ event }: { event: string | null }): JSX.Element {
  return (
    <Form label={t("board.login.usher")} draft="board.usher" initial={event ? { event_id: event } : {}} secret={["password"]} onSubmit={asUsher}>
      {event ? null : <Field name="event_id" label={t("board.login.event")} hint={t("board.login.event_hint")} required />}
      <Field name="username" label={t("board.login.username")} autocomplete="username" required />
      <Field name="password" label={t("ui.password")} type="password" autocomplete="current-password" required />
      <Submit>{t("ui.log_in")}</Submit>
    </Form>
  );
}

function StaffForm(): JSX.Element {
  const code = useSignal(false);
  return (
    <Form
      label={t("board.login.admin")}
      draft="board.admin"
      secret={["password", "totp"]}
      onSubmit={async (values) => {
        try {
          await asStaff(values);
        } catch (error) {
          if (error instanceof Refused && /totp/i.test(error.message)) code.value = true;
          throw error;
        }
      }}
    >
      <Field name="email" label={t("board.login.email")} type="email" autocomplete="username" required />
      <Field name="password" label={t("ui.password")} type="password" autocomplete="current-password" required />
      {code.value ? <Field name="totp" label={t("board.login.totp")} inputmode="numeric" autocomplete="one-time-code" /> : null}
      <Submit>{t("ui.log_in")}</Submit>
    </Form>
  );
}

/** One portal's form. */
export function PortalLogIn({ portal, event }: { portal: BoardPortal; event: string | null }): JSX.Element {
  if (portal === "usher") return <UsherForm event={event} />;
  if (portal === "admin") return <StaffForm />;
  return (
    <PhoneLogIn
      title={t("board.login.organizer")}
      begin={async (number, password) => {
        const said = await answerOf(connect(null).POST("/api/organizer/login/", { body: { contact_mobile: number, password } }));
        return { challenge_id: said.challenge_id };
      }}
      finish={asOrganizer}
    />
  );
}

/** Choose as whom to look, then log in. */
export function LogIn({ event }: { event: string | null }): JSX.Element {
  const portal = useSignal<BoardPortal>("usher");
  return (
    <section class="card narrow">
      <h1>{t("board.login.title")}</h1>
      <p class="quiet">{t("board.login.hint")}</p>
      <fieldset class="who-choice">
        <legend>{t("board.login.as")}</legend>
        {PORTALS.map((each) => (
          <label key={each}>
            <input type="radio" name="portal" value={each} checked={portal.value === each} onChange={() => (portal.value = each)} />
            {t(`board.login.${each}`)}
          </label>
        ))}
      </fieldset>
      <PortalLogIn key={portal.value} portal={portal.value} event={event} />
    </section>
  );
}

const LOG_OUTS = { usher: "/api/usher/logout/", organizer: "/api/organizer/logout/", admin: "/api/auth/logout/" } as const;

/** End a session, here and on the platform. */
export const logOut = (portal: BoardPortal): Promise<void> => leave(portal, () => connect(portal).POST(LOG_OUTS[portal], {}));
