// The shop's account: settings, number, password, sessions.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { PasswordForm, Sessions } from "../ui/account.tsx";
import { answerOf, type Schemas } from "../ui/api/client.ts";
import { keep, latest } from "../ui/api/session.ts";
import { changesOf, Check, Field, figureOf, Form, Submit, type Values } from "../ui/form.tsx";
import { t } from "../ui/i18n.ts";
import { Shown, useRead } from "../ui/list.tsx";
import { CodeForm } from "../ui/login.tsx";

import { api, PORTAL } from "./data.ts";

export function Account(): JSX.Element {
  const read = useRead(() => answerOf(api.GET("/api/merchant/settings/")));
  return (
    <>
      <h1>{t("merchant.account")}</h1>
      <Shown read={read}>{(settings) => <Settings settings={settings} reload={read.reload} />}</Shown>
      <NewNumber />
      <PasswordForm
        change={async (body) => {
          await answerOf(api.POST("/api/merchant/change-password/", { body }));
        }}
      />
      <Sessions portal={PORTAL} />
    </>
  );
}

const plainOf = (values: Values): Schemas["MerchantShopSettingsIn"] => ({
  name: values.name ?? "",
  email: values.email || null,
  address: values.address ?? "",
  city: values.city ?? "",
  low_stock_threshold: figureOf(values.low_stock_threshold),
});
const channelsOf = (values: Values): { sms: boolean; email: boolean } => ({ sms: values["notifications.sms"] === "true", email: values["notifications.email"] === "true" });

function changedIn(values: Values, before: Values): Schemas["MerchantShopSettingsIn"] {
  const notifications = changesOf(channelsOf(values), channelsOf(before));
  return { ...changesOf(plainOf(values), plainOf(before)), ...(Object.keys(notifications).length ? { notifications } : {}) };
}

function Settings({ settings, reload }: { settings: Schemas["MerchantShopSettingsOut"]; reload(): void }): JSX.Element {
  const saved = useSignal(false);
  const initial = {
    name: settings.name,
    email: settings.email ?? "",
    address: settings.address,
    city: settings.city,
    low_stock_threshold: String(settings.low_stock_threshold),
    "notifications.sms": settings.notifications.sms ? "true" : "",
    "notifications.email": settings.notifications.email ? "true" : "",
  };
  return (
    <section class="card">
      <h2>{t("merchant.settings")}</h2>
      <Form
        label={t("merchant.settings")}
        draft="merchant.settings"
        initial={initial}
        onSubmit={async (values, before) => {
          saved.value = false;
          const changed = await answerOf(api.PUT("/api/merchant/settings/", { body: changedIn(values, before) }));
          const session = latest(PORTAL);
          if (session) keep(PORTAL, { ...session, who: { ...session.who, name: changed.name } });
          saved.value = true;
          reload();
        }}
      >
        <Field name="name" label={t("merchant.field.name")} autocomplete="organization" required />
        <Field name="email" label={t("merchant.field.email")} type="email" autocomplete="email" />
        <Field name="address" label={t("merchant.field.address")} autocomplete="street-address" />
        <Field name="city" label={t("merchant.field.city")} autocomplete="address-level2" />
        <Field name="low_stock_threshold" label={t("merchant.field.low_stock_threshold")} inputmode="numeric" hint={t("merchant.field.low_stock_threshold.hint")} required />
        <Check name="notifications.sms" label={t("merchant.field.sms")} />
        <Check name="notifications.email" label={t("merchant.field.by_email")} />
        <Submit>{t("ui.save")}</Submit>
      </Form>
      <p role="status">{saved.value ? t("ui.saved") : ""}</p>
    </section>
  );
}

/** The log-in's number moves when the code that was sent to the new one is entered. */
function NewNumber(): JSX.Element {
  const challenge = useSignal<{ id: string; number: string } | null>(null);
  const moved = useSignal("");
  const waiting = challenge.value;
  return (
    <section class="card">
      <h2>{t("merchant.number")}</h2>
      {waiting ? (
        <CodeForm
          to={waiting.number}
          finish={async (otp) => {
            const shop = await answerOf(api.POST("/api/merchant/verify-mobile-change/", { body: { challenge_id: waiting.id, otp } }));
            challenge.value = null;
            moved.value = shop.mobile_number;
          }}
        />
      ) : (
        <Form
          label={t("merchant.number")}
          draft="merchant.number"
          secret={["password"]}
          onSubmit={async ({ new_mobile = "", password = "" }) => {
            const sent = await answerOf(api.POST("/api/merchant/change-mobile/", { body: { new_mobile, password } }));
            challenge.value = { id: sent.challenge_id, number: new_mobile };
          }}
        >
          <Field name="new_mobile" label={t("merchant.number.new")} type="tel" autocomplete="off" required />
          <Field name="password" label={t("ui.password")} type="password" autocomplete="current-password" required />
          <Submit>{t("ui.send_code")}</Submit>
        </Form>
      )}
      <p role="status">{moved.value ? t("merchant.number.moved", { number: moved.value }) : ""}</p>
    </section>
  );
}
