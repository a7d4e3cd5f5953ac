// The gate itself: the camera above, the verdict below, and the settings of this place around them.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { Camera } from "../ui/camera.ts";
import { clock, count as shownCount, Num } from "../ui/format.tsx";
import { language, t } from "../ui/i18n.ts";

import { fetching, heads, sendSoon } from "./background.ts";
import { hasNfc, listen, readCards } from "./inputs.ts";
import { uselessness } from "./local.ts";
import { LogInAgain } from "./login.tsx";
import { barred, online } from "./net.ts";
import { Counter, Incident, LastScans, More } from "./panels.tsx";
import { loggedIn, person } from "./person.ts";
import { scan, scanStored } from "./scan.ts";
import { wakeSound } from "./senses.ts";
import { corrections, current, deciding, direction, event, gate, leaveReason, mode, queue, storageProblem, type Mode } from "./state.ts";
import { takeWhenQuiet, updateReady } from "./update.ts";
import { VerdictShown } from "./verdict.tsx";

type Panel = "last" | "incident" | "more";

function useCamera(): { video: { current: HTMLVideoElement | null }; problem: string; lit: boolean; hasTorch: boolean; torch(): void; start(): void } {
  const video = useRef<HTMLVideoElement>(null);
  const camera = useRef<Camera | null>(null);
  const problem = useSignal("");
  const lit = useSignal(false);
  const hasTorch = useSignal(true);
  const turn = useSignal(0);
  useEffect(() => {
    let ended = false;
    void (async () => {
      try {
        const { watch } = await import("../ui/camera.ts");
        if (video.current === null || ended) return;
        // A code that stays in the picture is one scan, as long as it stays.
        const started = await watch(video.current, ({ text, at }) => scan({ text, at }), Infinity);
        if (ended) started.stop();
        else camera.current = started;
        problem.value = "";
      } catch (error) {
        if (ended) return;
        const missing = error instanceof DOMException && (error.name === "NotFoundError" || error.name === "OverconstrainedError");
        problem.value = missing || !("mediaDevices" in navigator) ? "gate.camera.missing" : "gate.camera.refused";
      }
    })();
    return () => {
      ended = true;
      camera.current?.stop();
      camera.current = null;
    };
  }, [turn.value]);
  const torch = async (): Promise<void> => {
    const wanted = !lit.value;
    lit.value = (await camera.current?.torch(wanted).catch(() => false)) ?? false;
    if (wanted && !lit.value) hasTorch.value = false;
  };
  return { video, problem: problem.value, lit: lit.value, hasTorch: hasTorch.value, torch: () => void torch(), start: () => (turn.value += 1) };
}

/** Keep the screen lit while the gate is open; the browser ends it whenever the page is hidden. */
function useWakeLock(): void {
  useEffect(() => {
    let held: WakeLockSentinel | null = null;
    const hold = async (): Promise<void> => {
      if (document.visibilityState === "visible") held = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    };
    void hold();
    const again = (): void => void hold();
    document.addEventListener("visibilitychange", again);
    return () => {
      document.removeEventListener("visibilitychange", again);
      void held?.release().catch(() => undefined);
    };
  }, []);
}

function Band(): JSX.Element {
  const known = event.value;
  const zone = known?.event.timezone;
  const useless = known === null ? "no_data" : uselessness(known);
  const { own, others } = queue.value;
  const generated = known?.attendees?.generated_at;
  const parts = useful(useless, own, generated, zone);
  return (
    <div class={`state ${online.value ? "is-online" : "is-offline"} ${useless === "expired" ? "is-useless" : ""}`}>
      <p role="status">{parts.join(t("gate.comma"))}</p>
      <Warnings />
      {others ? <p class="note">{t("gate.others", { count: shownCount(others) })}</p> : null}
      {corrections.value ? <p class="note">{t("gate.corrections", { count: shownCount(corrections.value) })}</p> : null}
      {updateReady.value ? (
        <p class="note">
          {t("gate.update")}{" "}
          <button type="button" onClick={() => updateReady.value?.()}>
            {t("gate.update.now")}
          </button>
        </p>
      ) : null}
    </div>
  );
}

/** Say in a few words what this phone can do now. */
function useful(useless: string | null, own: number, generated: string | undefined, zone: string | undefined): string[] {
  return [
    t(online.value ? "gate.online" : "gate.offline"),
    own ? t("gate.waiting", { count: shownCount(own) }) : "",
    useless === "no_data" ? t(fetching.value ? "gate.fetching" : "gate.no_data") : "",
    useless === "expired" ? t("gate.expired") : "",
    useless === null && generated ? t("gate.data_of", { time: clock(generated, zone) }) : "",
  ].filter(Boolean);
}

/** What keeps this phone from its work. */
function Warnings(): JSX.Element {
  return (
    <div role="alert">
      {storageProblem.value ? <p class="loud">{t("gate.storage", { why: storageProblem.value })}</p> : null}
      {barred.value ? <p class="loud">{barred.value}</p> : null}
    </div>
  );
}

function Heads(): JSX.Element | null {
  const found = heads.value;
  if (found === null) return null;
  return (
    <dl class="heads" aria-label={t("gate.heads")}>
      <div>
        <dt>{t("gate.heads.inside")}</dt>
        <dd>
          <Num>{shownCount(found.inside)}</Num>
          {found.inside_at_most > found.inside ? <span class="upper"> {t("gate.heads.at_most", { count: shownCount(found.inside_at_most) })}</span> : null}
        </dd>
      </div>
      <div>
        <dt>{t("gate.heads.admitted")}</dt>
        <dd>
          <Num>{shownCount(found.admitted)}</Num>
        </dd>
      </div>
      {found.on_leave ? (
        <div>
          <dt>{t("gate.heads.on_leave")}</dt>
          <dd>
            <Num>{shownCount(found.on_leave)}</Num>
          </dd>
        </div>
      ) : null}
    </dl>
  );
}

function Typed(): JSX.Element {
  const text = useSignal("");
  return (
    <form
      class="typed"
      aria-label={t("gate.typed")}
      onSubmit={(submitted) => {
        submitted.preventDefault();
        const given = text.value.trim();
        if (!given) return;
        text.value = "";
        scan({ text: given, typed: true });
      }}
    >
      <input
        type="text"
        name="typed"
        aria-label={t("gate.typed")}
        placeholder={t("gate.typed")}
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        enterkeyhint="go"
        dir="ltr"
        value={text.value}
        onInput={(typed) => (text.value = typed.currentTarget.value)}
      />
      <button type="submit" class="primary">
        {t("gate.check")}
      </button>
    </form>
  );
}

function Modes(): JSX.Element {
  const reEntry = event.value?.event.re_entry_allowed ?? false;
  const modes: Mode[] = reEntry ? ["scan", "leave", "return", "count"] : ["scan", "count"];
  return (
    <div class="modes" role="group" aria-label={t("gate.modes")}>
      {modes.map((each) => (
        <button key={each} type="button" aria-pressed={mode.value === each} onClick={() => (mode.value = each)}>
          {t(`gate.mode.${each}`)}
        </button>
      ))}
    </div>
  );
}

/** The name of a gate by hand; news of the event while somebody types leave it as it is. */
function TypedGate(): JSX.Element {
  const typed = useSignal(gate.value ?? "");
  useEffect(() => void (typed.value = gate.value ?? ""), [gate.value]);
  return (
    <input
      aria-label={t("gate.gate")}
      placeholder={t("gate.gate")}
      maxLength={80}
      value={typed.value}
      onInput={(event) => (typed.value = event.currentTarget.value)}
      onChange={(event) => (gate.value = event.currentTarget.value.trim() || null)}
    />
  );
}

function Place(): JSX.Element {
  const gates = event.value?.event.gates ?? [];
  return (
    <div class="place">
      {gates.length ? (
        <label>
          <span class="unseen">{t("gate.gate")}</span>
          <select value={gate.value ?? ""} onChange={(chosen) => (gate.value = chosen.currentTarget.value || null)}>
            <option value="">{t("gate.gate.none")}</option>
            {gates.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <TypedGate />
      )}
      <button
        type="button"
        class={`direction ${direction.value}`}
        aria-pressed={direction.value === "exit"}
        aria-label={t("gate.direction", { now: t(`gate.direction.${direction.value}`) })}
        onClick={() => (direction.value = direction.value === "entry" ? "exit" : "entry")}
      >
        <span aria-hidden="true">{direction.value === "entry" ? "⤓" : "⤒"}</span> {t(`gate.direction.${direction.value}`)}
      </button>
    </div>
  );
}

/** Take what scanners type, send what was decided here at once, and make the sound ready at the first touch. */
function useScans(): void {
  useEffect(() => listen((reading) => scan(reading)), []);
  useEffect(() => {
    if (scanStored.value) sendSoon();
  }, [scanStored.value]);
  useEffect(() => {
    const woken = (): void => wakeSound();
    for (const each of ["pointerdown", "keydown"]) addEventListener(each, woken);
    return () => {
      for (const each of ["pointerdown", "keydown"]) removeEventListener(each, woken);
    };
  }, []);
}

function Side({ panel, close }: { panel: Panel | "count" | null; close(): void }): JSX.Element | null {
  switch (panel) {
    case "last":
      return <LastScans close={close} />;
    case "incident":
      return <Incident close={close} />;
    case "more":
      return <More close={close} />;
    case "count":
      return <Counter stored={sendSoon} />;
    case null:
      return null;
  }
}

/** Cards by Web NFC, which browsers give only after a press. */
function CardReader(): JSX.Element {
  const reading = useSignal<AbortController | null>(null);
  useEffect(() => () => reading.value?.abort(), []);
  const toggle = (): void => {
    if (reading.value !== null) {
      reading.value.abort();
      reading.value = null;
      return;
    }
    const ending = new AbortController();
    reading.value = ending;
    readCards((card) => scan(card), ending.signal).catch(() => (reading.value = null));
  };
  return (
    <button type="button" aria-pressed={reading.value !== null} onClick={toggle}>
      {t("gate.nfc")}
    </button>
  );
}

/** Take a new release between two scans: not while something is decided, typed, or looked at. */
function useQuietUpdate(hasPanel: boolean): void {
  useEffect(
    () =>
      takeWhenQuiet(() => {
        const typed = document.querySelectorAll<HTMLInputElement>("main.gate :is(.typed input, input.reason, input[type=password])");
        return hasPanel || deciding.peek() > 0 || mode.peek() !== "scan" || [...typed].some((each) => each.value !== "");
      }),
    [hasPanel],
  );
}

/** The view of an usher at work. */
export function Station(): JSX.Element {
  const panel = useSignal<Panel | null>(null);
  const camera = useCamera();
  useWakeLock();
  useScans();
  useQuietUpdate(panel.value !== null);
  const known = event.value;
  const usher = person.value;
  useEffect(() => {
    document.title = `${known?.event.title ?? t("gate.title")} · Gatehouse`;
  }, [known?.event.title, language.value]);
  const toggle = (which: Panel) => (): void => void (panel.value = panel.value === which ? null : which);
  const counting = mode.value === "count";
  return (
    <main id="main" class="gate" tabIndex={-1}>
      <header class="top">
        <h1>
          <bdi>{known?.event.title ?? t("gate.title")}</bdi>
        </h1>
        <Place />
        <Heads />
      </header>
      <Band />
      {usher !== null && !loggedIn() ? <LogInAgain /> : null}
      <div class="stage">
        <section class={`eye ${panel.value !== null || counting ? "covered" : ""}`} aria-label={t("gate.camera")}>
          <video ref={camera.video} muted playsInline aria-label={t("gate.camera")} />
          {camera.problem ? (
            <div class="dark">
              <p>{t(camera.problem)}</p>
              <button type="button" onClick={camera.start}>
                {t("gate.camera.start")}
              </button>
            </div>
          ) : (
            <div class="aim" aria-hidden="true" />
          )}
        </section>
        <Side panel={panel.value ?? (counting ? "count" : null)} close={() => (panel.value = null)} />
        <VerdictShown entry={current.value} />
      </div>
      <footer class="tools">
        <Modes />
        {mode.value === "leave" ? (
          <input
            class="reason"
            aria-label={t("gate.leave_reason")}
            placeholder={t("gate.leave_reason")}
            maxLength={500}
            value={leaveReason.value}
            onInput={(typed) => (leaveReason.value = typed.currentTarget.value)}
          />
        ) : null}
        <Typed />
        <div class="buttons">
          <button type="button" aria-expanded={panel.value === "last"} onClick={toggle("last")}>
            {t("gate.last")}
          </button>
          <button type="button" aria-expanded={panel.value === "incident"} onClick={toggle("incident")}>
            {t("gate.incident")}
          </button>
          {camera.problem || !camera.hasTorch ? null : (
            <button type="button" aria-pressed={camera.lit} onClick={camera.torch}>
              {t("gate.torch")}
            </button>
          )}
          {hasNfc() ? <CardReader /> : null}
          <button type="button" aria-expanded={panel.value === "more"} onClick={toggle("more")}>
            {t("gate.more")}
          </button>
        </div>
      </footer>
    </main>
  );
}
