// What was sent, as conversations: one for each number and address, the newest activity first.
import { signal, useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { clock, count, Num } from "../ui/format.tsx";
import { copied } from "../ui/copy.ts";
import { t } from "../ui/i18n.ts";
import { Listing, type Listed } from "../ui/list.tsx";
import { offerCode } from "../ui/local.tsx";
import { go, query } from "../ui/router.ts";
import { useSaid } from "../ui/said.ts";

import { codeIn, read, type Message } from "./desk.ts";

const EVERY_MS = 2000;

interface Conversation {
  to: string;
  messages: readonly Message[];
}

/** Read the outbox now and again while the page is seen; only what is new is sent. */
function useOutbox(): Listed<Message> {
  const items = useSignal<readonly Message[]>([]);
  const state = useSignal<Listed<Message>["state"]>("loading");
  const error = useSignal<unknown>(null);
  const turn = useRef<() => void>(() => undefined);
  useEffect(() => {
    let stopped = false;
    let wake = 0;
    const ask = async (): Promise<void> => {
      clearTimeout(wake);
      if (!document.hidden) {
        const since = items.value[0]?.sent_at;
        try {
          const { messages } = await read<{ messages: Message[] }>(`outbox/${since ? `?since=${encodeURIComponent(since)}` : ""}`);
          if (stopped) return;
          // Those of the newest moment are sent again: another may have come in the same millisecond.
          if (!since || messages.length > items.value.filter(({ sent_at: at }) => at === since).length) {
            items.value = since ? [...messages, ...items.value.filter(({ sent_at: at }) => at < since)] : messages;
          }
          error.value = null;
          state.value = "ready";
        } catch (problem) {
          if (stopped) return;
          error.value = problem;
          state.value = "failed";
        }
      }
      if (!stopped) wake = setTimeout(() => void ask(), EVERY_MS);
    };
    turn.current = () => void ask();
    const seen = (): void => void (document.hidden ? undefined : ask());
    document.addEventListener("visibilitychange", seen);
    void ask();
    return () => {
      stopped = true;
      clearTimeout(wake);
      document.removeEventListener("visibilitychange", seen);
    };
  }, []);
  return { items: items.value, state: state.value, error: error.value, hasMore: false, isOld: false, reload: () => turn.current(), more: () => turn.current() };
}

function conversationsOf(messages: readonly Message[], words: string): Conversation[] {
  const found = new Map<string, Message[]>();
  const wanted = words.toLowerCase().trim();
  for (const message of messages) {
    const text = `${message.to} ${message.subject ?? ""} ${message.body}`.toLowerCase();
    if (wanted && !text.includes(wanted)) continue;
    const own = found.get(message.to);
    if (own) own.push(message);
    else found.set(message.to, [message]);
  }
  return [...found].map(([to, own]) => ({ to, messages: own }));
}

const notice = signal("");

/** The outbox: whom something was sent to at the left, what was sent at the right. */
export function Outbox(): JSX.Element {
  const outbox = useOutbox();
  const words = useSignal("");
  const conversations = conversationsOf(outbox.items, words.value);
  const asked = query.value.get("to");
  const shown = conversations.find(({ to }) => to === asked) ?? conversations[0];
  return (
    <section aria-labelledby="outbox">
      <h2 id="outbox">{t("local.outbox")}</h2>
      <p class="quiet">{t("local.outbox.hint")}</p>
      <p class="unseen" role="status">
        {notice.value}
      </p>
      <div class="outbox">
        <div>
          <label class="field find">
            <span class="unseen">{t("local.outbox.find")}</span>
            <input type="search" placeholder={t("local.outbox.find")} value={words.value} onInput={(event) => (words.value = event.currentTarget.value)} />
          </label>
          <Listing
            list={{ ...outbox, items: conversations }}
            label={t("local.outbox.people")}
            empty={words.value ? t("local.outbox.none_found") : t("local.outbox.empty")}
            row={({ to, messages }) => (
              <li key={to} class={to === shown?.to ? "chosen" : ""}>
                <button type="button" class="conversation" aria-pressed={to === shown?.to} onClick={() => go(`/_local/?to=${encodeURIComponent(to)}`, { replace: true })}>
                  <span class="conversation-to">
                    <Num>{to}</Num>
                  </span>
                  <span class="quiet">
                    <Num>{clock(messages[0]?.sent_at ?? "")}</Num> · {t("local.outbox.count", { count: count(messages.length) })}
                  </span>
                </button>
              </li>
            )}
          />
        </div>
        {shown ? <Thread conversation={shown} /> : null}
      </div>
    </section>
  );
}

function Thread({ conversation: { to, messages } }: { conversation: Conversation }): JSX.Element {
  return (
    <section class="thread" aria-label={t("local.outbox.thread", { to })}>
      <h3>
        <Num>{to}</Num>
      </h3>
      <ol>
        {messages.slice(0, 100).map((message) => (
          <Bubble key={`${message.sent_at}${message.body}`} message={message} />
        ))}
      </ol>
    </section>
  );
}

function Bubble({ message }: { message: Message }): JSX.Element {
  const code = codeIn(message.body);
  return (
    <li class="bubble">
      <p class="quiet">
        {t(`local.channel.${message.channel}`)} · <time dateTime={message.sent_at}>{clock(message.sent_at)}</time>
      </p>
      {message.subject ? (
        <p>
          <strong dir="auto">{message.subject}</strong>
        </p>
      ) : null}
      <p class="body" dir="auto">
        {linked(message.body)}
      </p>
      {message.attachments?.length ? <p class="quiet">{t("local.outbox.attached", { names: message.attachments.join(", ") })}</p> : null}
      {code ? <UseCode to={message.to} code={code} /> : null}
    </li>
  );
}

/** Copy a code, and offer it to the form of another tab that waits for it. */
function UseCode({ to, code }: { to: string; code: string }): JSX.Element {
  const said = useSaid();
  const use = async (): Promise<void> => {
    const filled = offerCode(to, code);
    const isCopied = await copied(code);
    const isFilled = await filled;
    said.value = () => t(isFilled ? "local.code.filled" : isCopied ? "local.code.copied" : "local.code.select");
    notice.value = `${code}: ${said.value}`;
  };
  return (
    <p class="row">
      <button type="button" onClick={() => void use()}>
        {t("ui.use_code", { code })}
      </button>
      <span class="quiet">{said.value}</span>
    </p>
  );
}

/** Return a text with its addresses as links; the platform's own open here. */
function linked(text: string): ComponentChildren[] {
  return text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/).map((part, place) => {
    if (place % 2 === 0) return part;
    const url = new URL(part);
    // The same machine by another name is this run too.
    const isOwn = url.port === location.port && ["localhost", "127.0.0.1"].includes(url.hostname);
    return (
      <a key={place} href={isOwn ? url.pathname + url.search + url.hash : part} dir="ltr" {...(isOwn ? {} : { target: "_blank", rel: "noopener noreferrer" })}>
        {part}
      </a>
    );
  });
}
