// The snapshot of an event: all attendees and cards once, then what changed. One tab at a time fetches it.
import { Refused, Unreachable, type Schemas } from "../ui/api/client.ts";

import { fingerprintKey } from "./code.ts";
import { isSettled } from "./local.ts";
import { ask, stays } from "./net.ts";
import { change, store, type Head, type KeptEvent } from "./store.ts";

// Rows of one write: a longer one would keep a scan waiting.
const ROWS = 150;
const LONG_MS = 30_000;

type What = "attendees" | "cards";
type Page = Schemas["UsherAttendeesOut"] | Schemas["UsherCardsOut"];

/** Do a work in one tab at a time; nothing where another tab is at it. */
export async function alone(name: string, work: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return work();
  await navigator.locks.request(`gatehouse.gate.${name}`, { ifAvailable: true }, async (lock) => {
    if (lock !== null) await work();
  });
}

const wait = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

async function replace(owner: string, what: What, eventId: string, page: Page, turn: string): Promise<void> {
  const database = await store();
  for (let place = 0; place < page.results.length; place += ROWS) {
    // A log-out has this phone forget the attendees: a page that was on its way brings none back.
    stays(owner);
    const kept = database.transaction(what, "readwrite");
    const rows = page.results.slice(place, place + ROWS).map((each) => ({ ...each, event_id: eventId, turn }));
    await Promise.all([...rows.map((row) => kept.store.put(row as never)), kept.done]);
  }
  if (page.deleted.length) {
    const kept = database.transaction(what, "readwrite");
    await Promise.all([...page.deleted.map((each) => kept.store.delete([eventId, each])), kept.done]);
  }
}

/** Forget what an earlier full sync had, and the present one has not. */
async function sweep(what: What, eventId: string, turn: string): Promise<void> {
  const database = await store();
  const range = IDBKeyRange.bound([eventId, ""], [eventId, "\uffff"]);
  const kept = database.transaction(what, "readwrite");
  for (let cursor = await kept.store.openCursor(range); cursor !== null; cursor = await cursor.continue()) {
    if (cursor.value.turn !== turn) await cursor.delete();
  }
  await kept.done;
}

/** Forget passages of this phone that the rows of a delta have: the platform knew them when it was asked. */
async function settled(eventId: string, page: Schemas["UsherAttendeesOut"], asked: number): Promise<void> {
  const kept = (await store()).transaction("passages", "readwrite");
  for (const row of page.results) {
    const found = await kept.store.get([eventId, row.ticket_id]);
    if (found !== undefined && isSettled(found, row, asked)) await kept.store.delete([eventId, row.ticket_id]);
  }
  await kept.done;
}

async function pages(owner: string, eventId: string, what: What, since: string | undefined): Promise<void> {
  const turn = crypto.randomUUID();
  let from = since;
  for (;;) {
    const asked = Date.now();
    const query = from === undefined ? "" : `?since=${encodeURIComponent(from)}`;
    const page = await ask<Page>(owner, "GET", `/api/usher/sync/${what}/${query}`, undefined, { milliseconds: LONG_MS, quiet: true });
    if (!Array.isArray(page.results) || typeof page.cursor !== "string") throw new Unreachable("no snapshot");
    // A delta has its rows under the turn of the full snapshot before it.
    const before = (await change(eventId, (event) => event))?.turns?.[what];
    const mine = page.full || before === undefined ? turn : before;
    await replace(owner, what, eventId, page, mine);
    if (what === "attendees") await settled(eventId, page as Schemas["UsherAttendeesOut"], asked);
    if (!page.full || !page.next) await finish(what, eventId, page, mine);
    if (!page.next) return;
    from = page.next;
  }
}

async function finish(what: What, eventId: string, page: Page, turn: string): Promise<void> {
  if (page.full) await sweep(what, eventId, turn);
  const key = "fingerprint_key" in page ? await fingerprintKey(page.fingerprint_key) : undefined;
  const head: Head = { cursor: page.cursor, generated_at: page.generated_at, expires_at: page.expires_at };
  await change(eventId, (event) =>
    event === undefined
      ? undefined
      : { ...event, [what]: head, fingerprint_key: key ?? event.fingerprint_key, turns: { ...event.turns, [what]: turn } },
  );
}

/** Fetch what changed since the last time, or everything. Raises Unreachable, Refused, NoSession. */
export async function refresh(owner: string, kept: KeptEvent): Promise<void> {
  const { event_id: eventId } = kept;
  await alone(`snapshot.${eventId}`, async () => {
    for (const what of ["attendees", "cards"] as const) {
      try {
        await pages(owner, eventId, what, kept[what]?.cursor);
      } catch (error) {
        // A cursor of another life of the event, or one that is too old: once more from the beginning.
        if (!(error instanceof Refused) || error.code !== "INVALID_CURSOR") throw error;
        await wait(200);
        await pages(owner, eventId, what, undefined);
      }
    }
  });
}
