// What every account has: its sessions, and the change of its password.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, connect } from "./api/client.ts";
import type { Portal } from "./api/session.ts";
import { Deed, Field, Form, Submit } from "./form.tsx";
import { clock, Num } from "./format.tsx";
import { t } from "./i18n.ts";
import { Listing, useList } from "./list.tsx";

// What the platform calls a device that it does not know.
const UNKNOWN = "Unknown device";

/** The caller's sessions, each with its end. */
export function Sessions({ portal }: { portal: Portal }): JSX.Element {
  const api = connect(portal);
  const list = useList((cursor) => answerOf(api.GET("/api/sessions/", { params: { query: { cursor } } })));
  const end = async (id: string): Promise<void> => {
    await answerOf(api.DELETE("/api/sessions/{session_id}/", { params: { path: { session_id: id } } }));
    list.replace((each) => each.id === id, null);
  };
  return (
    <section class="card">
      <h2>{t("ui.sessions")}</h2>
      <Listing
        list={list}
        label={t("ui.sessions")}
        empty={t("ui.nothing")}
        row={(each) => (
          <li key={each.id} class="row">
            <span class="grow">
              <Num>{each.device && each.device !== UNKNOWN ? each.device : t("ui.sessions.unknown")}</Num>{" "}
              {each.current ? <span class="badge good">{t("ui.sessions.current")}</span> : null}
              <br />
              <small>
                {t("ui.sessions.used")} <Num>{clock(each.last_used_at)}</Num> · <Num>{each.address_hint}</Num>
              </small>
            </span>
            {each.current ? null : <Deed act={() => end(each.id)}>{t("ui.sessions.end")}</Deed>}
          </li>
        )}
      />
    </section>
  );
}

/** The form of a new password; every other session ends with the old one. */
export function PasswordForm({ change, hint }: { change(passwords: { old_password: string; new_password: string }): Promise<void>; hint?: string }): JSX.Element {
  const done = useSignal(0);
  return (
    <section class="card">
      <h2>{t("ui.password.change")}</h2>
      <Form
        key={done.value}
        label={t("ui.password.change")}
        onSubmit={async ({ old_password = "", new_password = "" }) => {
          await change({ old_password, new_password });
          done.value += 1;
        }}
      >
        <Field name="old_password" label={t("ui.password.old")} type="password" autocomplete="current-password" required />
        <Field name="new_password" label={t("ui.password.new")} type="password" autocomplete="new-password" hint={hint ?? t("ui.password.hint")} required />
        <Submit>{t("ui.save")}</Submit>
      </Form>
      <p role="status">{done.value ? t("ui.password.changed") : ""}</p>
    </section>
  );
}
