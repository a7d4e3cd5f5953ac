// Whether an event's gates can open: each gate with its agents and phones, ready or not and why.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import type { Schemas } from "../../ui/api/client.ts";
import { count, Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead, type Page } from "../../ui/list.tsx";
import { Picked, type Named } from "../../ui/pick.tsx";
import { go, query } from "../../ui/router.ts";
import { api, ask, asked, isIn, may } from "../parts/api.ts";
import { Thing, Title, When } from "../parts/shown.tsx";
import { NewDevice, Ready } from "../things/device.tsx";

type Device = Schemas["AdminDeviceOut"];

interface Gate {
  name: string | null;
  devices: readonly Device[];
}
interface Board {
  title: string | null;
  gates: readonly Gate[];
}

const EVERY = 10_000;

async function devicesOf(eventId: string): Promise<Device[]> {
  const found: Device[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(() => api.GET("/api/devices/", { params: { query: asked({ event_id: eventId, page_size: "100" }, cursor) } }));
    found.push(...page.results.filter((each) => each.status !== "revoked"));
    cursor = page.next ?? undefined;
  } while (cursor);
  return found;
}

async function board(eventId: string): Promise<Board> {
  const [devices, event] = await Promise.all([devicesOf(eventId), may("read") ? ask(() => api.GET("/api/events/{event_id}/", { params: { path: { event_id: eventId } } })) : null]);
  const names = new Set<string | null>([...(event?.gates ?? []), ...devices.map((each) => each.gate)]);
  const gates = [...names].map((name) => ({ name, devices: devices.filter((each) => each.gate === name) }));
  return { title: event?.title ?? null, gates: gates.sort((a, b) => (a.name ?? "~").localeCompare(b.name ?? "~")) };
}

export function Readiness(): JSX.Element {
  const chosen = query.value.get("event") ?? "";
  return (
    <>
      <Title actions={chosen && may("devices") ? <NewDevice event={chosen} created={() => dispatchEvent(new Event("gatehouse:devices"))} /> : null}>{t("staff.readiness.title")}</Title>
      <Choose chosen={chosen} />
      {chosen ? <Gates key={chosen} event={chosen} /> : <p class="empty">{t("staff.readiness.choose")}</p>}
    </>
  );
}

// A search is sorted by title, else those that begin first are first.
async function soon(search: string): Promise<Page<Named>> {
  const filters = { search, ordering: search ? undefined : "starts_at", page_size: "50" };
  const pages = await Promise.all(["live", "published"].map((status) => ask(() => api.GET("/api/events/", { params: { query: asked({ ...filters, status }) } }))));
  return { results: pages.flatMap((page) => page.results.map(({ id, title }) => [id, title] as const)), next: pages.find(({ next }) => next)?.next };
}

function Choose({ chosen }: { chosen: string }): JSX.Element {
  const pick = (id: string): void => go(id ? `/staff/readiness?event=${encodeURIComponent(id)}` : "/staff/readiness", { replace: true });
  if (!may("read"))
    return (
      <div class="filters">
        <label>
          {t("staff.event_id")}
          <input value={chosen} onChange={(event) => pick(event.currentTarget.value.trim())} />
        </label>
      </div>
    );
  return (
    <div class="filters">
      <Picked label={t("staff.event")} none={t("staff.choose")} find={soon} value={chosen} choose={pick} />
    </div>
  );
}

function Gates({ event }: { event: string }): JSX.Element {
  const read = useRead(() => board(event));
  useEffect(() => {
    const again = (): void => {
      if (document.visibilityState === "visible" && isIn()) read.reload();
    };
    const wake = setInterval(again, EVERY);
    addEventListener("gatehouse:devices", again);
    return () => {
      clearInterval(wake);
      removeEventListener("gatehouse:devices", again);
    };
  }, []);
  return (
    <Shown read={read}>
      {({ gates }) => {
        const open = gates.filter((gate) => gate.devices.some((each) => each.ready));
        return (
          <>
            <p role="status" class={`note ${open.length === gates.length && gates.length ? "" : "bad"}`}>
              {gates.length ? t("staff.readiness.sum", { ready: count(open.length), all: count(gates.length) }) : t("staff.readiness.none")}
            </p>
            <div class="tiles">
              {gates.map((gate) => (
                <GateState key={gate.name ?? ""} gate={gate} />
              ))}
            </div>
          </>
        );
      }}
    </Shown>
  );
}

function GateState({ gate: { name, devices } }: { gate: Gate }): JSX.Element {
  const ready = devices.filter((each) => each.ready).length;
  return (
    <section class={`card gate-state ${ready ? "" : "unready"}`} aria-label={name ?? t("staff.readiness.no_gate")}>
      <div class="row">
        <b class="grow">{name ? <Num>{name}</Num> : t("staff.readiness.no_gate")}</b>
        <span class={`badge ${ready ? "good" : "bad"}`}>{ready ? t("staff.ready") : t("staff.not_ready")}</span>
      </div>
      {devices.length ? null : <p class="why">{t("staff.problem.no_device")}</p>}
      <ul class="feed">
        {devices.map((each) => (
          <li key={each.id}>
            <span class="grow">
              <Thing id={each.id} name={each.name} /> <small>{t(`staff.state.${each.kind}`)}</small>
            </span>
            <span>
              <Ready device={each} />
            </span>
            <small>
              {each.battery === null ? "" : `${each.battery} % · `}
              <When at={each.last_seen_at} />
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}
