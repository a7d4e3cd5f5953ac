// A list with its filters in the address, so that back and reload keep them.
import { useComputed } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { useAgain } from "../../ui/again.ts";
import { useTyped } from "../../ui/filters.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Listing, useList, type Loaded, type Page } from "../../ui/list.tsx";
import { go, path, query } from "../../ui/router.ts";

import { isIn, may, type Permission } from "./api.ts";
import { Exports } from "./exports.tsx";

/** A filter: a text, a date, or one of some values, whose words are found under `staff.state`. */
export interface Filter {
  name: string;
  label: string;
  kind?: "text" | "date" | "search";
  values?: readonly string[];
}

export type Filters = Readonly<Record<string, string>>;

/** Return the filters that the address has. */
function filtersOf(filters: readonly Filter[]): Filters {
  const found: Record<string, string> = {};
  for (const { name } of filters) {
    const value = query.value.get(name);
    if (value) found[name] = value;
  }
  return found;
}

function choose(name: string, value: string): void {
  const next = new URLSearchParams(query.peek());
  if (value) next.set(name, value);
  else next.delete(name);
  go(`${path.peek()}${next.size ? `?${next}` : ""}`, { replace: true });
}

/** The filters of a list. A text is used when its typing pauses. */
export function FilterRow({ filters }: { filters: readonly Filter[] }): JSX.Element {
  return (
    <div class="filters" role="search" aria-label={t("staff.filters")}>
      {filters.map((filter) => (
        <FilterField key={filter.name} filter={filter} />
      ))}
    </div>
  );
}

function FilterField({ filter: { name, label, kind = "text", values } }: { filter: Filter }): JSX.Element {
  const id = useId();
  const typed = useTyped(query.value.get(name) ?? "", (text) => choose(name, text));
  if (values)
    return (
      <label for={id}>
        {label}
        <select id={id} value={query.value.get(name) ?? ""} onChange={(event) => choose(name, event.currentTarget.value)}>
          <option value="">{t("staff.any")}</option>
          {values.map((value) => (
            <option key={value} value={value}>
              {word("staff.state", value)}
            </option>
          ))}
        </select>
      </label>
    );
  return (
    <label for={id}>
      {label}
      <input
        id={id}
        {...({ type: kind } as object)}
        {...typed}
      />
    </label>
  );
}

export interface RegisterProps<T> {
  label: string;
  filters?: readonly Filter[];
  columns: readonly string[];
  empty: ComponentChildren;
  read(filters: Filters, cursor: string | undefined): Promise<Page<T>>;
  row(item: T, list: Loaded<T>): JSX.Element;
  /** What makes something that this list then shows. */
  maker?(list: Loaded<T>): ComponentChildren;
  /** Who may have a file of it: anybody with one of these permissions. The platform decides, too. */
  exportedBy?: readonly Permission[];
  /** Rises when the list is to be read again. */
  turn?: number;
}

const EVERY = 30_000;

/** Follow what others do to a queue: its rows are read again while it is looked at, unless the pointer is at one's deed. */
export function useFollowed(list: { refresh(): void }): void {
  useAgain(() => {
    if (isIn() && !document.querySelector(".listing :is(a, button):hover")) list.refresh();
  }, EVERY);
}

/** A register whose rows wait for somebody, and are followed. */
export function Queue<T>(props: RegisterProps<T>): JSX.Element {
  return <Register<T> {...props} maker={(list) => <Followed list={list} />} />;
}

function Followed({ list }: { list: { refresh(): void } }): null {
  useFollowed(list);
  return null;
}

/** A list of the API as a table, with filters, cursor and states. */
export function Register<T>({ label, filters = [], columns, empty, read, row, maker, exportedBy = [], turn = 0 }: RegisterProps<T>): JSX.Element {
  const wanted = useComputed(() => JSON.stringify(filtersOf(filters)));
  const list = useList<T>(
    (cursor) => read(filtersOf(filters), cursor),
    () => wanted.value,
  );
  const before = useRef(turn);
  useEffect(() => {
    if (before.current !== turn) list.reload();
    before.current = turn;
  }, [turn]);
  return (
    <>
      {maker?.(list)}
      {may(...exportedBy) ? (
        <div class="register-files">
          {/* With a format the same list answers with the job of a file. */}
          <Exports what={label} start={async ({ format = "" }) => (await read({ ...filtersOf(filters), format }, undefined)) as never} />
        </div>
      ) : null}
      {filters.length ? <FilterRow filters={filters} /> : null}
      <Listing list={list} label={label} empty={empty} columns={columns} row={(item) => row(item, list)} />
    </>
  );
}
