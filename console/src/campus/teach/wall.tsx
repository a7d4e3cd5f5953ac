// What the room looks at: the rotating code as QR and digits, and who has submitted, live.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { answerOf, deed, refusalOf, type Schemas } from "../../ui/api/client.ts";
import { Deed, messageOf } from "../../ui/form.tsx";
import { clock, count, Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Unread, useRead } from "../../ui/list.tsx";
import { follow, type LiveState } from "../../ui/live.ts";
import { now as present } from "../../ui/now.ts";
import { match } from "../../ui/router.ts";
import { api, type AttendanceRecord, type CampusEvent } from "../api.ts";
import { periodOf } from "../period.ts";

import { useAwake } from "./awake.ts";

type Live = Schemas["CampusRealtimeOut"];
interface Shown {
  code: string;
  image: string;
  /** By the platform's clock, as this device knows it. */
  changesAt: number;
}
// The platform takes a code for one more step after it has changed.
const STEP = 30_000;
const RETRY = 2000;
const TICK = 250;
// A time step may begin a moment later at the platform than its answer's date says, which has whole seconds.
const AFTER = 200;

const PATH = "/api/campus/events/{event_id}/qr/";

export default function Wall(): JSX.Element {
  const id = match("/campus/events/:id/show")?.id ?? "";
  const event = useRead(() => answerOf(api.GET("/api/campus/events/{event_id}/", { params: { path: { event_id: id } } })));
  useAwake();
  return (
    <div class="wall">
      <header>
        <h1>{event.value?.title ?? t("campus.wall")}</h1>
        <p class="quiet">
          {event.value ? (
            <>
              <bdi>{event.value.location}</bdi> · <Num>{clock(event.value.start_datetime, event.value.timezone)}</Num>
            </>
          ) : null}
        </p>
      </header>
      <Unread read={event} />
      <Code id={id} event={event.value} />
      <Room id={id} />
    </div>
  );
}

function useCode(id: string): { shown: Shown | null; now: number; error: unknown; refresh(): Promise<void> } {
  const shown = useSignal<Shown | null>(null);
  const error = useSignal<unknown>(null);
  const now = useSignal(present());
  const take = (found: Schemas["CampusQrOut"], response: Response): void => {
    const asOf = Date.parse(response.headers.get("Date") ?? "") || present();
    const life = Math.min(STEP, Math.max(0, Date.parse(found.expires_at) - asOf));
    shown.value = { code: found.code, image: found.qr_image.replace(/^data:image\/png;base64,/, ""), changesAt: present() + life };
    error.value = null;
  };
  useEffect(() => {
    let wake = 0;
    let isGone = false;
    let isReading = false;
    const read = async (): Promise<void> => {
      if (isReading) return; // one chain of readings, whatever wakes it
      isReading = true;
      try {
        const { data, error: refusal, response } = await api.GET(PATH, { params: { path: { event_id: id } } });
        if (!response.ok || !data) throw refusalOf(response, refusal);
        if (!isGone) take(data, response);
      } catch (problem) {
        if (!isGone) error.value = problem;
      }
      isReading = false;
      if (!isGone) wake = setTimeout(() => void read(), error.peek() ? RETRY : Math.max(AFTER, (shown.peek()?.changesAt ?? 0) - present() + AFTER));
    };
    const again = (): void => {
      if (document.visibilityState !== "visible" || (shown.peek()?.changesAt ?? 0) > present()) return;
      clearTimeout(wake); // a hidden tab's timers are late
      void read();
    };
    const ticks = setInterval(() => (now.value = present()), TICK);
    document.addEventListener("visibilitychange", again);
    void read();
    return () => {
      isGone = true;
      clearTimeout(wake);
      clearInterval(ticks);
      document.removeEventListener("visibilitychange", again);
    };
  }, [id]);
  const refresh = async (): Promise<void> => {
    const path = { event_id: id };
    await deed(`campus.qr:${id}`, async (header) => {
      const { data, error: refusal, response } = await api.POST("/api/campus/events/{event_id}/qr/refresh/", { params: { path, header } });
      if (!response.ok || !data) throw refusalOf(response, refusal);
      take(data, response);
    });
  };
  return { shown: shown.value, now: now.value, error: error.value, refresh };
}

function Code({ id, event }: { id: string; event: CampusEvent | null }): JSX.Element {
  const { shown, now, error, refresh } = useCode(id);
  const left = shown ? Math.max(0, Math.ceil((shown.changesAt - now) / 1000)) : 0;
  const isDead = shown !== null && now > shown.changesAt + STEP;
  const isFull = useSignal(document.fullscreenElement !== null);
  useEffect(() => {
    const changed = (): void => void (isFull.value = document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  return (
    <section class="code" aria-label={t("campus.wall.code")}>
      <Period event={event} now={now} />
      {shown && !isDead ? (
        <>
          <img class="qr" src={`data:image/png;base64,${shown.image}`} alt={t("campus.wall.qr")} />
          <p class="digits">
            <Num>{shown.code.replace(/(\d{4})(?=\d)/, "$1 ")}</Num>
          </p>
          <div class="countdown">
            <progress max={STEP / 1000} value={left} aria-hidden="true" />
            <p role="timer" aria-live="off">
              {t("campus.wall.next", { n: left })}
            </p>
          </div>
        </>
      ) : (
        <p class="quiet">{error ? "" : t("ui.loading")}</p>
      )}
      <p class="problem" role="alert">
        {error ? `${messageOf(error)} ${shown ? t(isDead ? "campus.wall.dead" : "campus.wall.retry") : ""}` : ""}
      </p>
      <div class="row">
        <Deed act={refresh}>{t("campus.wall.refresh")}</Deed>
        <button type="button" onClick={() => void (isFull.value ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => undefined)}>
          {t(isFull.value ? "campus.wall.leave_full" : "campus.wall.full")}
        </button>
        <a class="button" href={`/campus/events/${id}`}>
          {t("ui.close")}
        </a>
      </div>
    </section>
  );
}

function Period({ event, now }: { event: CampusEvent | null; now: number }): JSX.Element | null {
  if (event === null) return null;
  const { is, opensAt } = periodOf(event, now);
  if (is === "open") return null;
  return (
    <p class="band" role="status">
      {t(`campus.wall.${is}`, { time: opensAt === null ? "" : clock(new Date(opensAt).toISOString(), event.timezone) })}
    </p>
  );
}

interface Person {
  name: string;
  at: string;
}

function Room({ id }: { id: string }): JSX.Element {
  const live = useSignal<Live | null>(null);
  const state = useSignal<LiveState>("connecting");
  const people = useSignal<readonly Person[]>([]);
  const isNamed = useSignal(true);
  const add = (found: readonly Person[]): void => {
    const known = new Map([...found, ...people.peek()].map((each) => [`${each.name} ${each.at}`, each]));
    people.value = [...known.values()].sort((one, other) => other.at.localeCompare(one.at));
  };
  const trouble = useSignal<unknown>(null);
  const reader = useRef<() => void>(() => undefined);
  useEffect(() => {
    const path = { event_id: id };
    let hasEarlier = false;
    const take = (found: Live): void => {
      live.value = found;
      add(found.recent_submissions.map(({ first_name, last_name, submitted_at: at }) => ({ name: `${first_name} ${last_name}`, at })));
    };
    const earlier = async (): Promise<void> => {
      const { results } = await answerOf(api.GET("/api/campus/events/{event_id}/attendance/", { params: { path, query: { page_size: 100 } } }));
      add((results as AttendanceRecord[]).map(({ student, submitted_at: at }) => ({ name: student.full_name, at })));
      hasEarlier = true;
    };
    const read = async (): Promise<void> => {
      try {
        if (!hasEarlier) await earlier();
        take(await answerOf(api.GET("/api/campus/analytics/realtime/{event_id}/", { params: { path } })));
        trouble.value = null;
      } catch (problem) {
        trouble.value = problem;
      }
    };
    const followed = follow({
      portal: "campus",
      channel: `attendance-${id}`,
      take: ({ type, data }) => {
        if (type === "attendance-update") take(data as Live);
      },
      reload: read,
      ticket: () => answerOf(api.GET("/api/campus/analytics/realtime/ws/{event_id}/", { params: { path } })),
    });
    const unfollow = followed.state.subscribe((next) => (state.value = next));
    void read();
    reader.current = () => void read();
    return () => {
      unfollow();
      followed.end();
    };
  }, [id]);
  const known = live.value;
  const total = known?.total_registered ?? 0;
  const expected = known?.expected ?? null;
  return (
    <section class="room" aria-label={t("campus.wall.room")}>
      <p class="total" aria-live="polite">
        <Num>{known === null ? "–" : expected === null ? count(total) : `${count(total)} / ${count(expected)}`}</Num>
        <small>{t(expected === null ? "campus.wall.submitted" : "campus.wall.of_expected")}</small>
      </p>
      {expected ? <progress max={expected} value={Math.min(total, expected)} aria-label={t("campus.wall.of_expected")} /> : null}
      <p class="hint" role="status">
        {t(state.value === "live" ? "ui.live" : state.value === "connecting" ? "ui.loading" : "ui.polling")}
      </p>
      <label class="row">
        <input type="checkbox" checked={isNamed.value} onChange={(event) => (isNamed.value = event.currentTarget.checked)} />
        {t("campus.wall.names")}
      </label>
      {isNamed.value ? (
        <ol class="people" aria-label={t("campus.wall.people")} tabIndex={0}>
          {people.value.map(({ name, at }) => (
            <li key={`${name} ${at}`}>
              <bdi>{name}</bdi>
              <Num>{clock(at)}</Num>
            </li>
          ))}
        </ol>
      ) : null}
      <Unread read={{ error: trouble.value, reload: () => reader.current() }} />
      {people.value.length || trouble.value ? null : <p class="quiet">{t("campus.wall.nobody")}</p>}
    </section>
  );
}
