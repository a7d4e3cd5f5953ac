// The caller's own account: password and sessions.
import type { JSX } from "preact";

import { PasswordForm, Sessions } from "../ui/account.tsx";
import { answerOf } from "../ui/api/client.ts";
import { Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";

import { api, type Me } from "./api.ts";

export function Account({ me }: { me: Me }): JSX.Element {
  return (
    <>
      <h1>{t("tix.nav.account")}</h1>
      <p>
        <strong>
          <bdi>{me.name}</bdi>
        </strong>{" "}
        · <Num>{me.email}</Num> · {t(`tix.role.${me.role}`)}
      </p>
      <div class="tiles wide">
        <PasswordForm hint={t("tix.password.hint")} change={async (passwords) => void (await answerOf(api.POST("/api/tix/auth/change-password", { body: passwords })))} />
        <Sessions portal="tix" />
      </div>
    </>
  );
}
