// A ticket that leaves: as a gift, handed on to a customer, or given back for its money.
import type { JSX } from "preact";

import { answerOf, deed } from "../ui/api/client.ts";
import { session } from "../ui/api/session.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Deed, Field, Form, Submit } from "../ui/form.tsx";
import { money } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";

import { mine, type Ticket } from "./api.ts";
import { dropTicket, note } from "./keep.ts";

export interface GivingProps {
  ticket: Ticket;
  close(): void;
  /** The ticket is still the customer's, in another state. */
  changed(): void;
  /** The ticket is another's now; `text` says so. */
  left(text: string): void;
}

const given = (values: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim()));

/** Give the ticket to a number, which need not be registered. */
export function Give({ ticket, close, changed, left }: GivingProps): JSX.Element {
  const send = async (values: Record<string, string>): Promise<void> => {
    const { mobile_number = "", name, message } = given(values);
    const body = { mobile_number, ...(name ? { name } : {}), ...(message ? { message } : {}) };
    const path = { ticket_id: ticket.id };
    const gift = await deed(`gift:${ticket.id}:${JSON.stringify(body)}`, (header) => answerOf(mine.POST("/api/v1/users/tickets/{ticket_id}/gift/", { body, params: { path, header } })));
    if (gift.status === "claimed") {
      dropTicket(ticket.id);
      note(ticket.id, null);
      left(t("shop.given_at_once", { number: mobile_number }));
      return;
    }
    note(ticket.id, gift.status === "pending" ? { kind: "gift", about: name ? `${name}, ${mobile_number}` : mobile_number, at: gift.created_at } : null);
    changed();
  };
  return (
    <Dialog title={t("shop.give")} close={close}>
      <p>{t("shop.give_hint")}</p>
      <Form label={t("shop.give")} draft={`give.${ticket.id}`} onSubmit={send}>
        <Field name="mobile_number" label={t("ui.number")} type="tel" autocomplete="off" required />
        <Field name="name" label={t("shop.their_name")} more={{ maxLength: 100 }} />
        <Field name="message" label={t("shop.message")} lines={2} hint={t("shop.message_hint")} />
        <Submit>{t("shop.give")}</Submit>
      </Form>
    </Dialog>
  );
}

/** Hand the ticket on to a registered customer, at once and for good. */
export function HandOn({ ticket, close, left }: GivingProps): JSX.Element {
  const send = async (values: Record<string, string>): Promise<void> => {
    const { mobile_number = "", message } = given(values);
    const body = { mobile_number, ...(message ? { message } : {}) };
    const path = { ticket_id: ticket.id };
    const moved = await deed(`transfer:${ticket.id}:${JSON.stringify(body)}`, (header) => answerOf(mine.POST("/api/v1/users/tickets/{ticket_id}/transfer/", { body, params: { path, header } })));
    dropTicket(ticket.id);
    note(ticket.id, null);
    left(t("shop.handed_on", { number: moved.mobile_number }));
  };
  return (
    <Dialog title={t("shop.hand_on")} close={close}>
      <p>{t("shop.hand_on_hint")}</p>
      <Form label={t("shop.hand_on")} draft={`hand_on.${ticket.id}`} onSubmit={send}>
        <Field name="mobile_number" label={t("ui.number")} type="tel" autocomplete="off" required />
        <Field name="message" label={t("shop.message")} lines={2} />
        <Submit>{t("shop.hand_on")}</Submit>
      </Form>
    </Dialog>
  );
}

/** Ask for the ticket's money back. */
export function Refund({ ticket, close, changed }: GivingProps): JSX.Element {
  const send = async ({ reason = "" }: Record<string, string>): Promise<void> => {
    const path = { ticket_id: ticket.id };
    const asked = await deed(`refund:${ticket.id}:${reason}`, (header) => answerOf(mine.POST("/api/v1/users/tickets/{ticket_id}/refund-request/", { body: { reason }, params: { path, header } })));
    note(ticket.id, { kind: "refund", about: money(asked.amount), at: asked.created_at });
    changed();
  };
  return (
    <Dialog title={t("shop.refund")} close={close}>
      <p>{t("shop.refund_hint")}</p>
      <Form label={t("shop.refund")} draft={`refund.${ticket.id}`} onSubmit={send}>
        <Field name="reason" label={t("shop.reason")} lines={3} required />
        <Submit>{t("shop.refund")}</Submit>
      </Form>
    </Dialog>
  );
}

/** Take a gift back that nobody has claimed yet: it is given to one's own number. */
export function TakeBack({ ticket, close, changed }: GivingProps): JSX.Element {
  const number = session("webapp").value?.who.mobile_number;
  const take = async (): Promise<void> => {
    const body = { mobile_number: typeof number === "string" ? number : "" };
    const path = { ticket_id: ticket.id };
    await deed(`take_back:${ticket.id}`, (header) => answerOf(mine.POST("/api/v1/users/tickets/{ticket_id}/gift/", { body, params: { path, header } })));
    note(ticket.id, null);
    changed();
  };
  return (
    <Dialog title={t("shop.take_back")} close={close}>
      <p>{t("shop.take_back_hint")}</p>
      <Deed class="primary" act={take}>
        {t("shop.take_back")}
      </Deed>
    </Dialog>
  );
}
