// What opens beside the verdict and never over it: the last scans, an incident, counting, and the settings.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { answerOf, connect, deed } from "../ui/api/client.ts";
import { Choice, Deed, Field, Form, Submit } from "../ui/form.tsx";
import { clock, count as shownCount, Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { useSaid } from "../ui/said.ts";
import { Settings } from "../ui/shell.tsx";

import { heads } from "./background.ts";
import { logOut, person } from "./person.ts";
import { count } from "./scan.ts";
import { isCorrected, send } from "./sender.ts";
import { lookOf } from "./senses.ts";
import { counted, corrections, current, event, listed, queue, sound } from "./state.ts";
import { forget, recent, type Entry } from "./store.ts";
import { First, Sign, whyOf, wordOf } from "./verdict.tsx";

function Panel({ title, close, children }: { title: string; close(): void; children: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section class="panel side" aria-label={title} onKeyDown={(key) => (key.key === "Escape" ? close() : undefined)}>
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" class="plain" onClick={close}>
          {t("ui.close")}
        </button>
      </header>
      {children}
    </section>
  );
}

function corrected({ answered }: Entry): string {
  if (answered === null) return "";
  if (answered.conflict) return t(`gate.conflict.${answered.conflict}`);
  if (answered.status === "rejected") return t("gate.rejected", { why: answered.error ?? answered.reason ?? "" });
  return t("gate.differs", { result: t(`gate.word.${lookOf({ result: answered.result })}`) });
}

/** What the platform found that differs from what was shown. */
function Correction({ entry }: { entry: Entry }): JSX.Element | null {
  if (!isCorrected(entry)) return null;
  return (
    <div class="correction">
      <p>{corrected(entry)}</p>
      {entry.answered?.with ? <First first={entry.answered.with} /> : null}
    </div>
  );
}

function Line({ entry }: { entry: Entry }): JSX.Element | null {
  const { outcome } = entry;
  const zone = event.value?.event.timezone;
  const state = entry.state === "done" ? "" : t(entry.state === "waiting" ? "gate.state.waiting" : "gate.state.asking");
  return (
    <li class={outcome === null ? "unknown" : lookOf(outcome)}>
      <Sign look={outcome === null ? "unknown" : lookOf(outcome)} />
      <div>
        <p>
          <strong>{outcome === null ? t("gate.state.asking") : wordOf(entry, outcome)}</strong> <Num>{clock(entry.scanned_at, zone)}</Num>
          {entry.delta !== null ? " " : null}
          {entry.delta !== null ? <Num>{entry.delta > 0 ? `+${entry.delta}` : entry.delta}</Num> : null}
        </p>
        {outcome?.name ? (
          <p>
            <bdi>{outcome.name}</bdi>
          </p>
        ) : null}
        {outcome !== null && whyOf(outcome) ? <p class="small">{whyOf(outcome)}</p> : null}
        {state ? <p class="small">{state}</p> : null}
        <Correction entry={entry} />
      </div>
    </li>
  );
}

/** The last twenty scans of this usher on this phone, with what the platform found of them. */
export function LastScans({ close }: { close(): void }): JSX.Element {
  const entries = useSignal<readonly Entry[] | null>(null);
  const problem = useSaid();
  const owner = person.value?.owner ?? "";
  useEffect(() => {
    recent(owner).then(
      (found) => (entries.value = found),
      () => (problem.value = () => t("gate.last.failed")),
    );
    corrections.value = 0;
  }, [owner, listed.value]);
  return (
    <Panel title={t("gate.last")} close={close}>
      {problem.value ? <p class="problem">{problem.value}</p> : null}
      {entries.value?.length === 0 ? <p class="empty">{t("gate.last.empty")}</p> : null}
      <ol class="lines">
        {entries.value?.map((entry) => (
          <Line key={entry.scan_id} entry={entry} />
        ))}
      </ol>
    </Panel>
  );
}

const TYPES = ["dispute", "lost_card", "medical", "security", "technical", "other"] as const;

/** Report an incident to the staff, about the person of the last scan if it concerns one. */
export function Incident({ close }: { close(): void }): JSX.Element {
  const about = useSignal(current.peek());
  const reported = useSignal(false);
  const photo = useRef<HTMLInputElement>(null);
  const entry = about.value;
  const shown = entry?.shown ?? null;
  const subject = entry?.outcome?.ticket_id ? { ticket_id: entry.outcome.ticket_id } : shown !== null && !("qr" in shown) ? shown : null;
  const submit = async ({ type = "other", note = "", about: concerns = "yes" }: Record<string, string>): Promise<void> => {
    const fields: Record<string, string> = { type, note, ...(concerns === "yes" ? subject : {}) };
    const file = photo.current?.files?.[0];
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    if (file) form.set("photo", file);
    await deed(`incident:${JSON.stringify(fields)}:${file?.name ?? ""}:${file?.size ?? 0}`, (header) =>
      answerOf(connect("usher").POST("/api/usher/scan/report/", { params: { header }, body: (file ? form : fields) as never, bodySerializer: file ? () => form : undefined })),
    );
    reported.value = true;
  };
  if (reported.value)
    return (
      <Panel key="done" title={t("gate.incident")} close={close}>
        <p role="status">{t("gate.incident.done")}</p>
        <button type="button" onClick={() => (reported.value = false)}>
          {t("gate.incident.another")}
        </button>
      </Panel>
    );
  return (
    <Panel key="form" title={t("gate.incident")} close={close}>
      <Form label={t("gate.incident")} draft="gate.incident" onSubmit={submit}>
        <Choice name="type" label={t("gate.incident.type")} options={TYPES.map((each) => [each, t(`gate.incident.${each}`)] as const)} />
        <Field name="note" label={t("gate.incident.note")} lines={3} required />
        {subject !== null ? (
          <Choice
            name="about"
            label={t("gate.incident.about")}
            options={[
              ["yes", entry?.outcome?.name ?? t("gate.incident.last_scan")],
              ["no", t("gate.incident.nobody")],
            ]}
          />
        ) : null}
        <div class="field">
          <label for="incident-photo">{t("gate.incident.photo")}</label>
          <input ref={photo} id="incident-photo" type="file" name="photo" accept="image/*" capture="environment" />
        </div>
        <Submit>{t("gate.incident.send")}</Submit>
      </Form>
    </Panel>
  );
}

/** Count people without a ticket. Each press is a record of its own, sent as soon as it can be. */
export function Counter({ stored }: { stored(): void }): JSX.Element {
  const total = useSignal(0);
  const problem = useSaid();
  const press = async (delta: number): Promise<void> => {
    try {
      await count(delta);
      total.value += delta;
      problem.value = "";
      stored();
    } catch {
      problem.value = () => t("gate.undecided.not_kept");
    }
  };
  return (
    <section class="panel side counter" aria-label={t("gate.mode.count")}>
      <p role="status">
        {t("gate.count.here")} <strong class="figure-value">{<Num>{shownCount(total.value)}</Num>}</strong>
      </p>
      <div class="presses">
        {[1, 5, -1, -5].map((delta) => (
          <button key={delta} type="button" class={delta > 0 ? "primary" : ""} aria-label={t(delta > 0 ? "gate.count.in" : "gate.count.out", { count: Math.abs(delta) })} onClick={() => void press(delta)}>
            <Num>{delta > 0 ? `+${delta}` : `−${-delta}`}</Num>
          </button>
        ))}
      </div>
      {heads.value ? <p>{t("gate.count.all", { count: shownCount(heads.value.counted_without_ticket) })}</p> : null}
      <p class="hint">{t("gate.count.hint")}</p>
      <p class="problem" role="alert">
        {problem.value}
      </p>
    </section>
  );
}

/** Settings, the state of the phone, and the log-out. */
export function More({ close }: { close(): void }): JSX.Element {
  const usher = person.value;
  const sure = useSignal(false);
  const leave = async (): Promise<void> => {
    if (usher === null) return;
    await send(usher);
    await counted();
    if (queue.value.own > 0 && !sure.value) {
      sure.value = true;
      return;
    }
    const forgotten = (): Promise<void> => forget(usher.event_id).catch(() => undefined);
    await forgotten();
    await logOut();
    await forgotten(); // what a sync brought until the session ended
  };
  return (
    <Panel title={t("gate.more")} close={close}>
      <p>
        {t("gate.usher")} <Num>{usher?.name}</Num>
      </p>
      <div class="row">
        <button type="button" aria-pressed={sound.value} onClick={() => (sound.value = !sound.value)}>
          {t(sound.value ? "gate.sound.on" : "gate.sound.off")}
        </button>
        <button type="button" onClick={() => void document.documentElement.requestFullscreen?.().catch(() => undefined)}>
          {t("gate.fullscreen")}
        </button>
      </div>
      <div class="row">
        <Settings />
      </div>
      <p class="hint">{t("gate.scanner.hint")}</p>
      <p role="alert">{sure.value ? t("gate.log_out.waiting", { count: shownCount(queue.value.own) }) : ""}</p>
      <Deed act={leave} class={sure.value ? "danger" : ""}>
        {t(sure.value ? "gate.log_out.sure" : "ui.log_out")}
      </Deed>
    </Panel>
  );
}
