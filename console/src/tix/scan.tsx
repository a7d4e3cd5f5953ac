// Scanning at the door: by camera, by a hardware scanner that types, or by hand. The next scan replaces the verdict.
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { answerOf, Refused, type Schemas } from "../ui/api/client.ts";
import type { Camera } from "../ui/camera.ts";
import { Field, Form, messageOf, Submit } from "../ui/form.tsx";
import { clock } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { useSaid } from "../ui/said.ts";

import { api, deed, heardOf, zone, type Me, type Ticket } from "./api.ts";
import { nameOf, Recent } from "./recent.tsx";
import { signalVerdict } from "./senses.ts";
import { listenForScanner } from "./wedge.ts";

type Kind = "valid" | "duplicate" | "voided" | "unknown" | "writing" | "failed";
interface Verdict {
  kind: Kind;
  code: string;
  ticket: Ticket | null;
  message: string | null;
  turn: number;
}
const SIGNS: Readonly<Record<Kind, string>> = { valid: "✓", duplicate: "↻", voided: "✕", unknown: "?", writing: "…", failed: "!" };
const LONGEST = 200;
// The platform answers within five seconds. A scan that hangs must not hold up those behind it.
const PATIENCE_MS = 10_000;
// A reading without an answer is the same reading for so long. Later it is another person with that code.
const SAME_MS = 60_000;

const verdict = signal<Verdict | null>(null);
/** Who saw it: the next one who logs in here does not. */
let seenBy = "";
const waiting = signal(0);
/** Whether something was read after the verdict that is shown: that verdict is of somebody before. */
const isFormer = signal(false);
let turn = 0;
let queue: Promise<void> = Promise.resolve();

function refusal(error: unknown): Omit<Verdict, "code" | "turn"> {
  if (!(error instanceof Refused)) return { kind: "failed", ticket: null, message: messageOf(error) };
  const body = error.body as { ticket?: Ticket; duplicate?: boolean } | null;
  const ticket = body?.ticket ?? null;
  if (body?.duplicate) return { kind: "duplicate", ticket, message: null };
  if (error.code === "TICKET_VOIDED" || ticket?.voided_at) return { kind: "voided", ticket, message: null };
  if (error.code === "BEING_WRITTEN") return { kind: "writing", ticket: null, message: null };
  if (error.status === 404 || error.status === 400) return { kind: "unknown", ticket: null, message: null };
  return { kind: "failed", ticket: null, message: messageOf(error) };
}

async function admitted(code: string, key: { header: { "Idempotency-Key": string } }): Promise<Schemas["TixScannedOut"]> {
  const patience = new AbortController();
  const wake = setTimeout(() => patience.abort(new DOMException("no answer", "TimeoutError")), PATIENCE_MS);
  try {
    return await answerOf(api.PUT("/api/tix/tickets/{ticket_id}/scan", { params: { path: { ticket_id: code }, ...key }, signal: patience.signal }));
  } finally {
    clearTimeout(wake);
  }
}

async function decide(code: string): Promise<Omit<Verdict, "code" | "turn">> {
  // A path of dots is no ticket, and would name another route.
  if (code.length > LONGEST || /^\.*$/.test(code)) return { kind: "unknown", ticket: null, message: null };
  try {
    const { ticket } = await deed(`tix.scan:${code}`, (key) => admitted(code, key), SAME_MS);
    heardOf([ticket]);
    return { kind: "valid", ticket, message: null };
  } catch (error) {
    return refusal(error);
  }
}

/** Scan one code after the others that wait. */
function scan(raw: string): Promise<void> {
  const code = raw.trim();
  if (!code) return queue;
  waiting.value += 1;
  isFormer.value = true;
  queue = queue.then(async () => {
    const decided = await decide(code);
    waiting.value -= 1;
    turn += 1;
    isFormer.value = false;
    verdict.value = { ...decided, code: code.slice(0, LONGEST), turn };
    signalVerdict(decided.kind === "valid");
  });
  return queue;
}

function Shown(): JSX.Element {
  const shown = verdict.value;
  return (
    <div class={`verdict ${shown?.kind ?? "ready"}`} role="status" aria-live="assertive" aria-busy={waiting.value > 0}>
      {shown === null ? (
        <p class="word">{t(waiting.value ? "ui.working" : "tix.scan.ready")}</p>
      ) : (
        <div key={shown.turn} class="said">
          <span class="sign" aria-hidden="true">
            {SIGNS[shown.kind]}
          </span>
          <p class="word">{t(`tix.verdict.${shown.kind}`)}</p>
          <p class="code">
            <bdi class="num">{shown.ticket?.number ?? shown.code}</bdi>
          </p>
          <Because shown={shown} />
        </div>
      )}
      {shown !== null && waiting.value && isFormer.value ? <p class="next">{t("ui.working")}</p> : null}
    </div>
  );
}

function Because({ shown }: { shown: Verdict }): JSX.Element | null {
  const { kind, ticket, message } = shown;
  if (message !== null) return <p>{message}</p>;
  if (kind === "duplicate" && ticket?.scanned_at)
    return (
      <p>
        {t("tix.scan.first")} <bdi class="num">{clock(ticket.scanned_at, zone.value)}</bdi>, <bdi>{nameOf(ticket.scanned_by)}</bdi>
      </p>
    );
  if (kind === "valid" && ticket?.extra) return <p dir="auto">{extraText(ticket.extra)}</p>;
  return kind === "valid" ? null : <p>{t(`tix.verdict.${kind}.why`)}</p>;
}

/** Return what is printed on a ticket as a line of text. */
export function extraText(extra: Ticket["extra"]): string {
  if (extra === null || typeof extra === "string") return extra ?? "";
  return Object.entries(extra)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}

function CameraView(): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const camera = useRef<Camera | null>(null);
  const wanted = useSignal(false);
  const state = useSignal<"off" | "starting" | "on">("off");
  const problem = useSaid();
  const stop = (): void => {
    camera.current?.stop();
    camera.current = null;
    state.value = "off";
    wanted.value = false;
  };
  useEffect(() => stop, []);
  const begin = async (): Promise<void> => {
    wanted.value = true;
    state.value = "starting";
    problem.value = "";
    try {
      const { watch } = await import("../ui/camera.ts");
      if (video.current === null) return;
      const started = await watch(video.current, ({ text }) => void scan(text));
      if (!wanted.peek()) started.stop();
      else {
        camera.current = started;
        state.value = "on";
      }
    } catch (error) {
      stop();
      problem.value = () => error instanceof DOMException ? t("tix.camera.refused") : messageOf(error);
    }
  };
  return (
    <div class="camera">
      <video ref={video} hidden={state.value === "off"} aria-label={t("tix.camera")} />
      <button type="button" class={state.value === "off" ? "primary" : ""} aria-busy={state.value === "starting"} onClick={() => (state.value === "off" ? void begin() : stop())}>
        {t(state.value === "off" ? "tix.camera.start" : "tix.camera.stop")}
      </button>
      <p class="problem" role="alert">
        {problem.value}
      </p>
    </div>
  );
}

export function Scan({ me }: { me: Me }): JSX.Element {
  const sent = useSignal(0);
  if (seenBy !== me.id) verdict.value = null;
  seenBy = me.id;
  useEffect(() => listenForScanner((code) => void scan(code)), []);
  return (
    <>
      <h1>{t("tix.nav.scan")}</h1>
      <div class="door">
        <section class="card" aria-label={t("tix.nav.scan")}>
          <Shown />
          <CameraView />
          <Form
            key={sent.value}
            label={t("tix.scan.typed")}
            class="inline"
            onSubmit={({ number = "" }) => {
              // The next number is typed while this one is decided.
              void scan(number);
              sent.value += 1;
              requestAnimationFrame(() => document.querySelector<HTMLInputElement>("input[name=number]")?.focus());
              return Promise.resolve();
            }}
          >
            <Field name="number" label={t("tix.scan.number")} hint={t("tix.scan.hint")} required more={{ autocapitalize: "characters", spellcheck: false }} autocomplete="off" />
            <Submit>{t("tix.scan.do")}</Submit>
          </Form>
        </section>
        <Recent />
      </div>
    </>
  );
}
