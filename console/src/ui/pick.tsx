// A choice of one of many: a list of the API with a search above it, where the list is longer than one page.
import { useSignal, type Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useId, useRef } from "preact/hooks";

import { useTyped } from "./filters.tsx";
import { useForm } from "./form.tsx";
import { count } from "./format.tsx";
import { t } from "./i18n.ts";
import { Unread, useRead, type Page, type Read } from "./list.tsx";

export type Named = readonly [id: string, label: string];

export interface PickedProps {
  name?: string;
  label: string;
  value: string;
  choose(id: string): void;
  /** The words of the first choice, which is none. */
  none: string;
  /** Read the first page of things whose name begins like a text; all things where it is empty. */
  find(text: string): Promise<Page<Named>>;
  /** What is chosen already, with its name, where that is known. */
  present?: Named | null;
  error?: string;
}

/** What a search has found, with what is chosen already: it stays a choice, also where the search does not find it. */
function useFound({ value, find, present }: PickedProps): { text: Signal<string>; read: Read<Page<Named>>; options: readonly Named[]; isLong: boolean } {
  const text = useSignal("");
  const read = useRead(
    () => find(text.peek()),
    () => text.value,
  );
  const names = useRef(new Map<string, string>());
  const isLong = useRef(false);
  const found = read.value?.results ?? [];
  isLong.current ||= Boolean(read.value?.next);
  if (present) names.current.set(...present);
  for (const each of found) names.current.set(...each);
  const isListed = !value || found.some(([each]) => each === value);
  return { text, read, options: isListed ? found : [[value, names.current.get(value) ?? value], ...found], isLong: isLong.current };
}

/** The field of the search; `list` is the id of the choice that it narrows. */
function Search({ label, text, list }: { label: string; text: Signal<string>; list: string }): JSX.Element {
  const typed = useTyped(text.value, (next) => (text.value = next));
  return (
    <input
      type="search"
      autocomplete="off"
      aria-label={t("ui.pick.search", { label })}
      placeholder={t("ui.pick.placeholder")}
      aria-controls={list}
      {...typed}
      // Enter would send the form around it.
      onKeyDown={(event) => (event.key === "Enter" ? event.preventDefault() : undefined)}
    />
  );
}

/** Choose one thing of a list. */
export function Picked(props: PickedProps): JSX.Element {
  const { name, label, value, choose, none, error } = props;
  const id = useId();
  const { text, read, options, isLong } = useFound(props);
  const shown = count(read.value?.results.length ?? 0);
  const described = [isLong ? `${id}-found` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;
  return (
    <div class={`field ${error ? "wrong" : ""}`}>
      <label for={id}>{label}</label>
      {isLong ? <Search label={label} text={text} list={id} /> : null}
      <select id={id} name={name} value={value} aria-busy={read.loading} aria-invalid={error ? "true" : undefined} aria-describedby={described} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">{none}</option>
        {options.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
      {isLong ? (
        <p class="hint" id={`${id}-found`} role="status">
          {read.loading ? t("ui.loading") : t(read.value?.next ? "ui.pick.more" : "ui.pick.found", { count: shown })}
        </p>
      ) : null}
      <Unread read={read} />
      {error ? (
        <p class="problem" id={`${id}-error`}>
          {error}
        </p>
      ) : null}
    </div>
  );
}

/** The same as a field of the form around it. */
export function Pick({ name, ...more }: Omit<PickedProps, "value" | "choose" | "error"> & { name: string }): JSX.Element {
  const form = useForm();
  return <Picked {...more} name={name} value={form.values[name] ?? ""} choose={(id) => form.set(name, id)} error={form.errors[name]} />;
}
