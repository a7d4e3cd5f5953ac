// Lists of the API: pages by cursor, and the states that every list has.
import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren, JSX, Ref } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Refused, Unreachable } from "./api/client.ts";
import { messageOf } from "./form.tsx";
import { count } from "./format.tsx";
import { saidOfField, t } from "./i18n.ts";
import { root } from "./router.ts";
import { useSaid } from "./said.ts";

export interface Page<T> {
  results: readonly T[];
  next?: string | null;
  count?: number | null;
}

/** What a list shows, and how more of it is read. */
export interface Listed<T> {
  items: readonly T[];
  /** Read the first page again. */
  reload(): void;
  more(): void;
  hasMore: boolean;
  state: "loading" | "ready" | "more" | "failed";
  /** Whether the items are those of other filters, while the first of these are read. */
  isOld: boolean;
  error: unknown;
}

/** A list of the API. */
export interface Loaded<T> extends Listed<T> {
  count: number | null;
  /** Read what is shown again without a word, such as what others have changed. */
  refresh(): void;
  /** Put an answer of the API in the place of the item that it replaces. */
  replace(fits: (item: T) => boolean, by: T | null): void;
  /** Put a thing that was made here on top: the platform's list has it a moment later. */
  add(made: T): void;
}

const nothing = (): void => undefined;
// Pages of a list that is read again, so that it does not shrink under its reader.
const AGAIN_AT_MOST = 25;
type Edit<T> = (items: readonly T[]) => readonly T[];
const isSame = (one: unknown, other: unknown): boolean => {
  const { id } = one as { id?: unknown };
  return one === other || (id !== undefined && id === (other as { id?: unknown }).id);
};

/** Return items that are already here as a list. */
export const here = <T,>(items: readonly T[], reload = nothing): Listed<T> => ({ items, reload, more: nothing, hasMore: false, state: "ready", isOld: false, error: null });

/** Read a list; `read` is called with a cursor, and again from the beginning when `key()` changes. */
export function useList<T>(read: (cursor: string | undefined) => Promise<Page<T>>, key: () => string = () => ""): Loaded<T> {
  const items = useSignal<readonly T[]>([]);
  const next = useSignal<string | null>(null);
  const total = useSignal<number | null>(null);
  const state = useSignal<Loaded<T>["state"]>("loading");
  const isOld = useSignal(false);
  const error = useSignal<unknown>(null);
  const turn = useSignal(0);
  const running = useRef(0);
  const reader = useRef(read);
  reader.current = read;
  const asked = useRef(key);
  asked.current = key;
  const shown = useRef<string | null>(null);
  const failed = useRef<string | undefined>(undefined);
  // What was put in while a page was read, which does not have it.
  const edits = useRef<Edit<T>[]>([]);
  const edit = (change: Edit<T>): void => {
    edits.current.push(change);
    items.value = change(items.value);
  };

  const pages = async (cursor: string | undefined, wanted: number): Promise<Page<T>> => {
    let page = await reader.current(cursor);
    const results = [...page.results];
    for (let read = 1; page.next && results.length < wanted && read < AGAIN_AT_MOST; read += 1) {
      page = await reader.current(page.next);
      results.push(...page.results);
    }
    return { ...page, results };
  };
  const load = async (cursor: string | undefined, wanted = 0, isSilent = false): Promise<void> => {
    const mine = (running.current += 1);
    if (!isSilent) state.value = cursor === undefined ? "loading" : "more";
    edits.current = [];
    try {
      const page = await pages(cursor, wanted);
      if (mine !== running.current) return; // another filter was chosen meanwhile
      items.value = cursor === undefined ? edits.current.reduce((so, change) => change(so), page.results) : [...items.value, ...page.results];
      next.value = page.next ?? null;
      total.value = page.count ?? null;
      error.value = null;
      isOld.value = false;
      state.value = "ready";
    } catch (problem) {
      if (mine !== running.current) return;
      if (isOld.peek()) items.value = []; // rows that do not fit the filters above them
      isOld.value = false;
      error.value = problem;
      failed.current = cursor;
      state.value = "failed";
    }
  };

  useSignalEffect(() => {
    const wanted = asked.current();
    void turn.value;
    const isAgain = shown.current === wanted;
    shown.current = wanted;
    if (!isAgain) {
      next.value = null; // a cursor is of its filters
      isOld.value = items.peek().length > 0;
    }
    void load(undefined, isAgain ? items.peek().length : 0);
  });

  return {
    items: items.value,
    count: total.value,
    reload: () => (turn.value += 1),
    refresh: () => {
      if (state.peek() === "ready" || state.peek() === "failed") void load(undefined, items.peek().length, true);
    },
    replace: (fits, by) => edit((all) => all.flatMap((item) => (fits(item) ? (by === null ? [] : [by]) : [item]))),
    add: (made) => edit((all) => [made, ...all.filter((item) => !isSame(item, made))]),
    more: () => {
      if (state.peek() === "failed" && failed.current === undefined) turn.value += 1;
      else if (state.peek() === "ready" || state.peek() === "failed") void load(next.peek() ?? undefined);
    },
    hasMore: next.value !== null,
    state: state.value,
    isOld: isOld.value,
    error: error.value,
  };
}

export interface ListingProps<T> {
  list: Listed<T>;
  label: string;
  /** What stands where there is nothing: what the list is for and how to fill it. */
  empty: ComponentChildren;
  row(item: T): JSX.Element;
  /** Column heads, each a text or its own `<th>`, empty above deeds: a table; without them the rows are items of a list. */
  columns?: readonly (string | JSX.Element)[];
}

/** Read more of a list: say how many there are now, and keep the focus where the button that was pressed is gone. */
function useMore<T>(list: Listed<T>): { place: Ref<HTMLElement>; said: string; more(): void } {
  const place = useRef<HTMLElement>(null);
  const said = useSaid();
  const asked = useRef(false);
  useEffect(() => {
    if (!asked.current || list.state === "more" || list.state === "loading") return;
    asked.current = false;
    if (list.state === "ready") said.value = () => t("ui.listed", { count: count(list.items.length) });
    if (document.activeElement === document.body) place.current?.focus();
  }, [list.state]);
  return {
    place,
    said: said.value,
    more: () => {
      asked.current = true;
      said.value = "";
      list.more();
    },
  };
}

/** Show a list with its states; `row` gives `<tr>` where there are columns, else `<li>`. */
export function Listing<T>({ list, label, empty, row, columns }: ListingProps<T>): JSX.Element {
  const rows = list.items.map((item) => row(item));
  const { place, said, more } = useMore(list);
  return (
    // The table's own region has the name where there is one: two landmarks of one name are one too many.
    <section ref={place} tabIndex={-1} class={`listing ${list.isOld ? "old" : ""}`} aria-label={columns && rows.length ? undefined : label} aria-busy={list.state === "loading"}>
      {list.isOld ? <Wait /> : null}
      {rows.length ? <Rows columns={columns} label={label} rows={rows} /> : null}
      {list.state === "loading" && !list.isOld ? <p class="quiet">{t("ui.loading")}</p> : null}
      {list.state === "ready" && !rows.length && !list.hasMore ? <div class="empty">{empty}</div> : null}
      {list.state === "failed" ? <Failure error={list.error} again={rows.length ? more : list.reload} /> : null}
      {list.hasMore && list.state !== "failed" ? (
        <button type="button" aria-busy={list.state === "more"} onClick={more}>
          {list.state === "more" ? t("ui.loading") : t("ui.more")}
        </button>
      ) : null}
      <span class="unseen" role="status">
        {said}
      </span>
    </section>
  );
}

function Rows({ columns, label, rows }: { columns?: ListingProps<unknown>["columns"]; label: string; rows: JSX.Element[] }): JSX.Element {
  return columns ? <Table columns={columns} label={label} rows={rows} /> : <ul class="rows">{rows}</ul>;
}

/** Says above what is shown that something else is being read: the former does not pass for it. */
export function Wait(): JSX.Element {
  return (
    <p class="wait">
      <span class="badge">{t("ui.loading")}</span>
    </p>
  );
}

function Table({ columns, label, rows }: { columns: readonly (string | JSX.Element)[]; label: string; rows: JSX.Element[] }): JSX.Element {
  return (
    <div class="scroller" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((each) =>
              typeof each === "string" ? (
                <th key={each} scope="col">
                  {each || <span class="unseen">{t("ui.actions")}</span>}
                </th>
              ) : (
                each
              ),
            )}
          </tr>
        </thead>
        <tbody>{rows}</tbody>
      </table>
    </div>
  );
}

/**
 * Say why something could not be read, and offer to try again. Where it was the whole view, it has the view's heading;
 * a thing that is gone has the way to what is there.
 */
export function Failure({ error, again }: { error: unknown; again?: () => void }): JSX.Element {
  const offline = error instanceof Unreachable;
  const gone = error instanceof Refused && error.status === 404;
  const place = useRef<HTMLDivElement>(null);
  const whole = useSignal(false);
  useEffect(() => {
    const main = place.current?.closest("main");
    whole.value = main?.querySelector("h1") === null && main.querySelector(".failure") === place.current;
  }, []);
  return (
    <div ref={place} class={`failure ${offline ? "offline" : ""}`} role="alert">
      {whole.value ? <h1>{t(gone ? "ui.gone" : "ui.not_read")}</h1> : null}
      <p>{messageOf(error)}</p>
      {/* No field of a form is beside it that could show them. */}
      {error instanceof Refused
        ? error.details.map(({ field, message }) => (
            <p key={field}>
              <bdi>{field}</bdi>: {saidOfField(message)}
            </p>
          ))
        : null}
      {error instanceof Refused && error.requestId ? <p class="hint">{t("ui.request", { id: error.requestId })}</p> : null}
      {again ? (
        <button type="button" onClick={again}>
          {t("ui.again")}
        </button>
      ) : null}{" "}
      {whole.value && gone ? (
        <a class="button" href={root.value}>
          {t("ui.first")}
        </a>
      ) : null}
    </div>
  );
}

/** Says that a part of a view could not be read, or not all of it: a part that is left out is missed by nobody. */
export function Unread({ read }: { read: { error: unknown; reload?(): void; loading?: boolean; cut?: Read<unknown>["cut"] } }): JSX.Element | null {
  if (read.error) return <Failure error={read.error} again={read.reload} />;
  if (!read.cut) return null;
  return (
    <p class="hint">
      {t("ui.cut", { count: count(read.cut.count) })}{" "}
      <button type="button" class="plain" aria-busy={read.loading} onClick={read.cut.more}>
        {read.loading ? t("ui.loading") : t("ui.more")}
      </button>
    </p>
  );
}

export interface Read<T> {
  value: T | null;
  error: unknown;
  loading: boolean;
  /** Whether the value is of another `key()`, while that of this one is read. */
  isOld: boolean;
  reload(): void;
  /** How many were read of lists that go on, and how to read more of these; absent where all is here. */
  cut?: { count: number; more(): void };
}

/** Read one thing of the API; again when `key()` changes. The former value stays while the next is read. */
export function useRead<T>(read: () => Promise<T>, key: () => string = () => ""): Read<T> {
  const value = useSignal<T | null>(null);
  const error = useSignal<unknown>(null);
  const loading = useSignal(true);
  const isOld = useSignal(false);
  const turn = useSignal(0);
  const shown = useRef<string | null>(null);
  const running = useRef(0);
  const reader = useRef(read);
  reader.current = read;
  const asked = useRef(key);
  asked.current = key;
  useSignalEffect(() => {
    const wanted = asked.current();
    void turn.value;
    if (value.peek() !== null && shown.current !== wanted) isOld.value = true;
    shown.current = wanted;
    const mine = (running.current += 1);
    loading.value = true;
    reader.current().then(
      (found) => {
        if (mine !== running.current) return;
        value.value = found;
        error.value = null;
        isOld.value = false;
        loading.value = false;
      },
      (problem: unknown) => {
        if (mine !== running.current) return;
        error.value = problem;
        loading.value = false;
      },
    );
  });
  return { value: value.value, error: error.value, loading: loading.value, isOld: isOld.value, reload: () => (turn.value += 1) };
}

/** Reads a list that is shown as a whole, such as the options of a choice. */
export type Whole = <T>(read: (cursor: string | undefined) => Promise<Page<T>>) => Promise<readonly T[]>;

// As many options as a choice has before its reader asks for more.
const PAGES_OF_CHOICE = 10;

/** Read lists as wholes, so many pages of each: where one goes on, `Unread` says so, and its reader may read more. */
export function useWhole<T>(read: (whole: Whole) => Promise<T>, key: () => string = () => ""): Read<T> {
  const pages = useSignal(PAGES_OF_CHOICE);
  const left = useSignal<number | null>(null);
  const running = useRef(0);
  const found = useRead(
    async () => {
      const mine = (running.current += 1);
      let cut: number | null = null;
      const whole = async <I,>(next: (cursor: string | undefined) => Promise<Page<I>>): Promise<readonly I[]> => {
        const items: I[] = [];
        let cursor: string | undefined;
        for (let page = 0; page < pages.peek(); page += 1) {
          const answer = await next(cursor);
          items.push(...answer.results);
          if (!answer.next) return items;
          cursor = answer.next;
        }
        cut = Math.max(cut ?? 0, items.length);
        return items;
      };
      const value = await read(whole);
      if (mine === running.current) left.value = cut;
      return value;
    },
    () => `${pages.value} ${key()}`,
  );
  return left.value === null ? found : { ...found, cut: { count: left.value, more: () => (pages.value *= 2) } };
}

/** Show what was read, or its loading and error states. */
export function Shown<T>({ read, children }: { read: Read<T>; children(value: T): ComponentChildren }): JSX.Element {
  if (read.value !== null)
    return (
      <>
        {read.isOld && read.loading ? <Wait /> : null}
        <Unread read={read} />
        {children(read.value)}
      </>
    );
  if (read.error) return <Failure error={read.error} again={read.reload} />;
  return <p class="quiet">{t("ui.loading")}</p>;
}
