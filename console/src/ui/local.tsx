// A local run has an outbox: the newest code that was sent to somebody is offered beside the field for it.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { t } from "./i18n.ts";

const HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);
const EVERY = 1000;

/** Whether this page was opened on the machine that runs the platform. */
export const isLocal = HOSTS.has(location.hostname);

const CHANNEL = "gatehouse.local";
const REPLY_MS = 400;

interface Offer {
  kind: "offer" | "used";
  to: string;
  code: string;
}

// A number that was typed as at home, such as 0300 1234567: messages carry it with its country.
const nationalPart = (to: string): string => (/^0[\d\s()-]+$/.test(to) ? to.replace(/\D/g, "").slice(1) : "");
const plain = (to: string): string => to.trim().toLowerCase().replace(/[\s()-]/g, "");

/** Whether a message to `sent` is for the one who was named as `asked` in a form. */
function isFor(asked: string, sent: string): boolean {
  const national = nationalPart(asked);
  return national ? sent.endsWith(national) : plain(asked).replace(/^\+/, "") === plain(sent).replace(/^\+/, "");
}

/** Offer a code to the form of another tab that waits for it; answer whether one took it. */
export function offerCode(to: string, code: string): Promise<boolean> {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve) => {
    const end = (taken: boolean): void => {
      channel.close();
      resolve(taken);
    };
    const timer = setTimeout(() => end(false), REPLY_MS);
    channel.onmessage = ({ data }: MessageEvent<Offer>) => {
      if (data.kind !== "used" || data.code !== code) return;
      clearTimeout(timer);
      end(true);
    };
    channel.postMessage({ kind: "offer", to, code } satisfies Offer);
  });
}

interface Message {
  to: string;
  body: string;
  sent_at: string;
}

/** Offer the newest code that was sent to a number or an address since this appeared; nothing on a real platform. */
export function LocalCode({ to, use }: { to: string; use(code: string): void }): JSX.Element | null {
  const code = useSignal<string | null>(null);
  const filler = useRef(use);
  filler.current = use;
  useEffect(() => {
    if (!isLocal || !to) return;
    let stopped = false;
    let wake = 0;
    const national = nationalPart(to);
    const asked = national ? "" : `?to=${encodeURIComponent(to)}`;
    const ask = async (): Promise<void> => {
      const answer = await fetch(`/_local/outbox/${asked}`).catch(() => null);
      if (stopped) return;
      if (answer?.status === 404) return; // a loopback host, yet not a local run
      if (answer?.ok) {
        const { messages } = (await answer.json()) as { messages: Message[] };
        code.value = messages.find((each) => !national || each.to.endsWith(national))?.body.match(/\b(?:\d{8}|\d{6})\b/)?.[0] ?? null;
      }
      wake = setTimeout(() => void ask(), EVERY);
    };
    void ask();
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }: MessageEvent<Offer>) => {
      if (data.kind !== "offer" || !isFor(to, data.to)) return;
      filler.current(data.code);
      channel.postMessage({ kind: "used", to, code: data.code } satisfies Offer);
    };
    return () => {
      stopped = true;
      channel.close();
      clearTimeout(wake);
    };
  }, [to]);
  const found = code.value;
  if (found === null) return null;
  return (
    <button type="button" class="plain" onClick={() => use(found)}>
      {t("ui.use_code", { code: found })}
    </button>
  );
}
