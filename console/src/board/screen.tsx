// The Board of one event: a picture that can be read across a hall, and that says how old it is.
import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX, RefObject } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";

import { Refused } from "../ui/api/client.ts";
import { session } from "../ui/api/session.ts";
import { messageOf } from "../ui/form.tsx";
import { count, time } from "../ui/format.tsx";
import { language, t } from "../ui/i18n.ts";
import { Failure } from "../ui/list.tsx";
import { choose, scheme } from "../ui/scheme.ts";

import type { BoardPortal } from "./data.ts";
import { Feed } from "./feed.tsx";
import { Gates } from "./gates.tsx";
import { Inside } from "./inside.tsx";
import { PortalLogIn } from "./login.tsx";
import { Board } from "./model.ts";
import { Pace } from "./pace.tsx";
import { stayAwake } from "./wake.ts";

// Data that is older is marked: a picture that stands still must not pass for a quiet gate.
const OLD = 30_000;

export interface ScreenProps {
  portal: BoardPortal;
  event: string;
  /** Called when the session may see the event. */
  shown(): void;
  /** Called when it may not; returns whether another session is tried. */
  refused(): boolean;
}

/** Follow one event as long as this is shown. */
export function Screen({ portal, event, shown, refused }: ScreenProps): JSX.Element {
  const board = useMemo(() => new Board(portal, event), [portal, event]);
  const hasSession = session(portal).value !== null;
  const wall = useRef<HTMLElement>(null);
  useEffect(() => {
    if (hasSession) void board.begin();
    return () => board.end();
  }, [board, hasSession]);
  useEffect(() => stayAwake(), []);
  useSignalEffect(() => {
    const facts = board.facts.value;
    if (facts === null) return;
    document.title = `${facts.title} · ${t("board.title")}`;
    shown();
  });
  useSignalEffect(() => {
    const error = board.error.value;
    if (board.facts.peek() === null && error instanceof Refused && (error.status === 403 || error.status === 404)) refused();
  });

  const facts = board.facts.value;
  if (facts === null) {
    if (!hasSession) return <LogInAgain portal={portal} event={event} />;
    const error = board.error.value;
    return error ? <Failure error={error} again={() => void board.begin()} /> : <p class="quiet">{t("ui.loading")}</p>;
  }
  return (
    <>
      {hasSession ? null : <LogInAgain portal={portal} event={event} />}
      <section class="wall" ref={wall} aria-label={facts.title}>
        <header class="wall-head">
          <div>
            <h1>
              <bdi>{facts.title}</bdi>
            </h1>
            <p class="quiet">{time(facts.startsAt, facts.zone)}</p>
          </div>
          <State board={board} />
          <Controls wall={wall} />
        </header>
        <div class="wall-grid">
          <Inside board={board} facts={facts} />
          <Pace key={language.value} board={board} zone={facts.zone} />
          <Gates board={board} facts={facts} />
          <Feed board={board} facts={facts} />
        </div>
      </section>
    </>
  );
}

function LogInAgain({ portal, event }: { portal: BoardPortal; event: string }): JSX.Element {
  return (
    <section class="card narrow expired">
      <h2>{t("board.expired")}</h2>
      <p class="quiet" role="alert">
        {t("board.expired.hint")}
      </p>
      <PortalLogIn portal={portal} event={event} />
    </section>
  );
}

function ageOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return t("board.age.seconds", { seconds });
  return t("board.age.minutes", { minutes: count(Math.floor(seconds / 60)) });
}

function State({ board }: { board: Board }): JSX.Element {
  const now = useSignal(Date.now());
  useEffect(() => {
    const clock = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(clock);
  }, []);
  const state = board.live.value;
  const heardAt = board.heardAt.value;
  const age = heardAt === null ? null : now.value - heardAt;
  const old = age !== null && age > OLD;
  const error = board.error.value;
  return (
    <div class={`state ${state} ${old || error ? "old" : ""}`}>
      <p role="status">
        <span class="dot" aria-hidden="true" />
        {state === "live" ? t("ui.live") : state === "polling" ? t("board.polling") : t("board.connecting")}
      </p>
      {age === null ? null : <p class="age">{ageOf(age)}</p>}
      {error ? <p class="problem">{messageOf(error)}</p> : old ? <p class="problem">{t("board.old")}</p> : null}
    </div>
  );
}

function Controls({ wall }: { wall: RefObject<HTMLElement | null> }): JSX.Element {
  const full = useSignal(false);
  useEffect(() => {
    const changed = (): void => void (full.value = document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  const dark = scheme.value === "dark";
  return (
    <div class="controls">
      <button type="button" aria-pressed={dark} onClick={() => choose(dark ? "auto" : "dark")}>
        <span aria-hidden="true">☾</span> {t("board.night")}
      </button>
      {document.fullscreenEnabled ? (
        <button
          type="button"
          onClick={() => void (full.value ? document.exitFullscreen() : wall.current?.requestFullscreen())}
        >
          <span aria-hidden="true">⛶</span> {full.value ? t("board.full.leave") : t("board.full")}
        </button>
      ) : null}
    </div>
  );
}
