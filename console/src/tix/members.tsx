// The organization's members, and the invite by which others join.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, inWords, type Schemas } from "../ui/api/client.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Deed, Field, Form, Submit } from "../ui/form.tsx";
import { count, Num, time } from "../ui/format.tsx";
import { copied } from "../ui/copy.ts";
import { t } from "../ui/i18n.ts";
import { Listing, Shown, useList, useRead } from "../ui/list.tsx";

import { api, typed, type Me } from "./api.ts";

type Member = Schemas["TixMemberOut"];

export function Members({ me }: { me: Me }): JSX.Element {
  const leaving = useSignal<Member | null>(null);
  const list = useList((cursor) => answerOf(api.GET("/api/tix/members", { params: { query: { cursor } } })));
  const admin = me.role === "admin";
  const goes = leaving.value;
  return (
    <>
      <h1>{t("tix.nav.members")}</h1>
      {admin ? <Invite key={list.items.length} /> : null}
      <Listing
        list={list}
        label={t("tix.nav.members")}
        empty={t("ui.nothing")}
        row={(each) => (
          <li key={each.id} class="row">
            <span class="grow">
              <strong>
                <bdi>{each.name}</bdi>
              </strong>{" "}
              <span class="quiet">
                <Num>{each.email}</Num>
              </span>
            </span>
            <span class="badge">{t(`tix.role.${each.role}`)}</span>
            {each.email_verified ? null : <span class="badge warn">{t("tix.unverified")}</span>}
            <span class="quiet">
              <Num>{time(each.joined_at, me.organization.timezone, { dateStyle: "medium" })}</Num>
            </span>
            {admin && each.id !== me.id ? (
              <button type="button" class="danger" aria-haspopup="dialog" onClick={() => (leaving.value = each)}>
                {t("tix.member.remove")}
              </button>
            ) : null}
          </li>
        )}
      />
      {goes ? (
        <Dialog title={t("tix.member.remove")} close={() => (leaving.value = null)}>
          <p>
            <bdi>{goes.name}</bdi> · <Num>{goes.email}</Num>
          </p>
          <p>{t("tix.member.remove.hint")}</p>
          <Deed
            class="danger"
            act={async () => {
              await answerOf(api.DELETE("/api/tix/members/{user_id}", { params: { path: { user_id: goes.id } } }));
              leaving.value = null;
              list.reload();
            }}
          >
            {t("tix.member.remove.sure")}
          </Deed>
        </Dialog>
      ) : null}
    </>
  );
}

function Invite(): JSX.Element {
  const settings = useRead(() => answerOf(api.GET("/api/tix/settings")));
  return (
    <section class="card" aria-label={t("tix.invite")}>
      <h2>{t("tix.invite")}</h2>
      <Shown read={settings}>
        {(found) => (
          <>
            <p class="quiet">{t("tix.invite.places", { members: count(found.members), most: count(found.max_users) })}</p>
            {found.invite_code ? <Code found={found} code={found.invite_code} /> : <p>{t("tix.invite.none")}</p>}
            <details>
              <summary>{t("tix.invite.new")}</summary>
              <Form
                label={t("tix.invite.new")}
                draft="tix.invite"
                initial={{ invite_days: "7", invite_uses: "10" }}
                onSubmit={async ({ invite_days, invite_uses }) => {
                  await answerOf(api.PUT("/api/tix/settings", { body: { rotate_invite: true, invite_days: typed(invite_days), invite_uses: typed(invite_uses) } }));
                  settings.reload();
                }}
              >
                <div class="pair">
                  <Field name="invite_days" label={t("tix.invite.days")} inputmode="numeric" required />
                  <Field name="invite_uses" label={t("tix.invite.uses")} inputmode="numeric" required />
                </div>
                <p class="hint">{t("tix.invite.new.hint")}</p>
                <Submit>{t("tix.invite.new")}</Submit>
              </Form>
            </details>
          </>
        )}
      </Shown>
    </section>
  );
}

function Code({ found, code }: { found: Schemas["TixSettingsOut"]; code: string }): JSX.Element {
  const isCopied = useSignal(false);
  const link = `${location.origin}/tix?invite=${encodeURIComponent(code)}`;
  return (
    <>
      <p class="invite-code">
        <Num>{code}</Num>
      </p>
      <p>
        <Num>{link}</Num>{" "}
        <Deed
          act={async () => {
            if (!(await copied(link))) throw inWords(new Error(), () => t("ui.copy.refused"));
            isCopied.value = true;
          }}
        >
          {t(isCopied.value ? "tix.copied" : "tix.copy")}
        </Deed>
      </p>
      <p class="quiet">
        {found.invite_expires_at ? (
          <>
            {t("tix.invite.until")} <Num>{time(found.invite_expires_at, found.timezone)}</Num>
          </>
        ) : null}
        {found.invite_expires_at && found.invite_uses !== null ? " · " : null}
        {found.invite_uses === null ? null : t("tix.invite.left", { count: count(found.invite_uses) })}
      </p>
    </>
  );
}
