// One ticket: its code for the gate, and what can be done with it. A ticket that was opened works without a network.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { answerOf, Refused } from "../ui/api/client.ts";
import { save } from "../ui/file.ts";
import { messageOf } from "../ui/form.tsx";
import { money, Num, time } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Failure, useRead } from "../ui/list.tsx";
import { now } from "../ui/now.ts";

import { customerId, eventOf, isAway, mine } from "./api.ts";
import { calendarOf } from "./calendar.ts";
import { Give, HandOn, Refund, TakeBack } from "./giving.tsx";
import { dropTicket, keepTicket, keptTicket, noteOf, type KeptTicket } from "./keep.ts";
import { Fact, Title, When } from "./parts.tsx";
import { Status } from "./tickets.tsx";

interface Opened extends KeptTicket {
  /** Why there is no code, in the platform's words. */
  refused: string;
  offline: boolean;
}

async function read(id: string): Promise<Opened> {
  const path = { ticket_id: id };
  const code = answerOf(mine.GET("/api/v1/users/tickets/{ticket_id}/qr-code/", { params: { path } })).catch((error: unknown) => {
    if (error instanceof Refused && error.status !== 401 && !isAway(error)) return messageOf(error);
    throw error;
  });
  try {
    const [ticket, shown] = await Promise.all([answerOf(mine.GET("/api/v1/users/tickets/{ticket_id}/", { params: { path } })), code]);
    const event = await eventOf(ticket.event.id).catch(() => null);
    const found = { ticket, image: "", payload: "", event, at: new Date(now()).toISOString(), refused: "", offline: false };
    if (typeof shown === "string" || ticket.status !== "valid") {
      dropTicket(id);
      return { ...found, refused: typeof shown === "string" ? shown : "" };
    }
    const { image, payload } = shown;
    keepTicket({ ticket, image, payload, at: found.at, event: event && { timezone: event.timezone, ends_at: event.ends_at, venue: event.venue } });
    return { ...found, image, payload };
  } catch (error) {
    code.catch(() => undefined);
    const kept = keptTicket(id);
    if (error instanceof Refused && error.status === 404) dropTicket(id);
    if (isAway(error) && kept) return { ...kept, refused: "", offline: true };
    throw error;
  }
}

type Act = "give" | "hand_on" | "refund" | "take_back";

/** The view of one ticket. */
export function TicketView({ id }: { id: string }): JSX.Element {
  const opened = useRead(
    () => read(id),
    () => customerId() ?? "",
  );
  const gone = useSignal("");
  if (gone.value)
    return (
      <section class="narrow wide">
        <div role="status" class="outcome good">
          <Title text={t("shop.done")} />
          <p>{gone.value}</p>
        </div>
        <a class="button" href="/tickets">
          {t("shop.to_tickets")}
        </a>
      </section>
    );
  const found = opened.value;
  if (opened.error && found === null) return <Failure error={opened.error} again={opened.reload} />;
  if (found === null) return <p class="quiet">{t("ui.loading")}</p>;
  return <Whole opened={found} reload={opened.reload} left={(text) => (gone.value = text)} />;
}

function Whole({ opened, reload, left }: { opened: Opened; reload(): void; left(text: string): void }): JSX.Element {
  const { ticket, event, refused, offline } = opened;
  const zone = event?.timezone;
  const message = refused || t(`shop.no_code.${ticket.status}`);
  return (
    <article class="ticket">
      <p>
        <a href="/tickets">{t("shop.to_tickets")}</a>
      </p>
      {offline ? (
        <p class="band" role="status">
          {t("shop.ticket_offline", { at: time(opened.at) })}
        </p>
      ) : null}
      <div class="ticket-body">
        {opened.image ? <Pass opened={opened} /> : <p class="empty">{message}</p>}
        <div>
          <Title text={ticket.event.title}>
            <bdi>{ticket.event.title}</bdi>
          </Title>
          <p>
            <Status ticket={ticket} />
          </p>
          {ticket.message ? <blockquote class="message" dir="auto">{ticket.message}</blockquote> : null}
          <dl class="facts">
            <Fact name={t("shop.begins")}>
              <When at={ticket.event.starts_at} zone={zone} />
            </Fact>
            {ticket.event.venue_name ? (
              <Fact name={t("shop.venue")}>
                <bdi>{[ticket.event.venue_name, event?.venue?.address, event?.venue?.city].filter(Boolean).join(", ")}</bdi>
              </Fact>
            ) : null}
            <Fact name={t("shop.category")}>
              <bdi>{ticket.category.name}</bdi>
            </Fact>
            <Fact name={t("shop.holder")}>
              <bdi>{ticket.holder.name}</bdi>
            </Fact>
            <Fact name={t("shop.number")}>
              <Num>{ticket.number}</Num>
            </Fact>
            <Fact name={t("shop.price")}>
              <Num>{money(ticket.price)}</Num>
            </Fact>
            {ticket.scanned_at ? (
              <Fact name={t("shop.scanned")}>
                <When at={ticket.scanned_at} zone={zone} />
              </Fact>
            ) : null}
            {ticket.card_id ? <Fact name={t("shop.on_card")}>{t("shop.yes")}</Fact> : null}
          </dl>
          <Actions opened={opened} reload={reload} left={left} />
        </div>
      </div>
    </article>
  );
}

function Actions({ opened, reload, left }: { opened: Opened; reload(): void; left(text: string): void }): JSX.Element {
  const { ticket, event, offline } = opened;
  const act = useSignal<Act | null>(null);
  const said = noteOf(ticket.id);
  const close = (): void => {
    act.value = null;
  };
  const changed = (): void => {
    close();
    reload();
  };
  const canMove = ticket.status === "valid" && ticket.scan_status === "not_scanned" && !offline;
  const saveCalendar = (): void => save(new Blob([calendarOf(ticket, event)], { type: "text/calendar" }), `${ticket.number}.ics`);
  const props = { ticket, close, changed, left };
  return (
    <>
      {said && ticket.status === "valid" ? (
        <div class="band">
          <p>{t(`shop.note.${said.kind}.text`, { about: said.about, at: time(said.at) })}</p>
          {said.kind === "gift" ? (
            <button type="button" aria-haspopup="dialog" onClick={() => (act.value = "take_back")}>
              {t("shop.take_back")}
            </button>
          ) : null}
        </div>
      ) : null}
      <div class="row actions">
        <button type="button" onClick={saveCalendar}>
          {t("shop.calendar")}
        </button>
        {opened.image ? (
          <a class="button" href={opened.image} download={`${ticket.number}.png`}>
            {t("shop.save_code")}
          </a>
        ) : null}
        {canMove
          ? (["give", "hand_on", "refund"] as const).map((each) => (
              <button key={each} type="button" aria-haspopup="dialog" onClick={() => (act.value = each)}>
                {t(`shop.${each}`)}
              </button>
            ))
          : null}
      </div>
      {act.value === "give" ? <Give {...props} /> : null}
      {act.value === "hand_on" ? <HandOn {...props} /> : null}
      {act.value === "refund" ? <Refund {...props} /> : null}
      {act.value === "take_back" ? <TakeBack {...props} /> : null}
    </>
  );
}

/** The code: always black on white, whichever colours the page has. */
function Pass({ opened }: { opened: Opened }): JSX.Element {
  const full = useSignal(false);
  const { ticket } = opened;
  return (
    <div class="pass">
      <img src={opened.image} alt={t("shop.code_of", { number: ticket.number })} />
      <p>
        <Num>{ticket.number}</Num>
      </p>
      <button type="button" class="primary" onClick={() => (full.value = true)}>
        {t("shop.full_screen")}
      </button>
      {full.value ? <FullScreen opened={opened} close={() => (full.value = false)} /> : null}
    </div>
  );
}

/** The code on a white screen that stays lit: as bright as a page can make it. */
function FullScreen({ opened, close }: { opened: Opened; close(): void }): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    let lock: WakeLockSentinel | null = null;
    let stopped = false;
    const stay = async (): Promise<void> => {
      // Refused on low battery, and lost when the page is hidden: then the screen behaves as usual.
      const held = await navigator.wakeLock?.request("screen").catch(() => null);
      if (stopped) void held?.release();
      else lock = held ?? null;
    };
    const again = (): void => {
      if (document.visibilityState === "visible") void stay();
    };
    dialog?.showModal();
    void stay();
    document.addEventListener("visibilitychange", again);
    dialog?.requestFullscreen?.().catch(() => undefined); // the dialog fills the window without it
    return () => {
      stopped = true;
      document.removeEventListener("visibilitychange", again);
      void lock?.release();
      if (document.fullscreenElement) void document.exitFullscreen();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const { ticket } = opened;
  return (
    <dialog ref={element} class="full-code" aria-label={t("shop.code_of", { number: ticket.number })} onClose={close}>
      <img src={opened.image} alt={t("shop.code_of", { number: ticket.number })} />
      <p class="full-name">
        <bdi>{ticket.event.title}</bdi>
      </p>
      <p>
        <bdi>{ticket.category.name}</bdi> · <bdi>{ticket.holder.name}</bdi> · <Num>{ticket.number}</Num>
      </p>
      <button type="button" onClick={() => element.current?.close()}>
        {t("ui.close")}
      </button>
    </dialog>
  );
}
