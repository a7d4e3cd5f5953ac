// The filters above a list, whose values live in a signal as long as the page is open.
import { useSignal, type Signal } from "@preact/signals";
import type { JSX, TargetedEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface FilterOf<Name> {
  name: Name;
  label: string;
  kind: "search" | "date" | "choice";
  /** Of a choice: its values with their words, the first of which is none of them. */
  options?: readonly (readonly [value: string, label: string])[];
}

const PAUSE_MS = 300;

/**
 * A text that is used when its typing pauses, as attributes of its input. `given` is the text that is used now: where it
 * changes by itself, such as with the address, it is shown.
 */
export function useTyped(given: string, use: (text: string) => void): { value: string; onInput(event: TargetedEvent<HTMLInputElement>): void } {
  const typed = useSignal(given);
  const used = useRef(given);
  const wake = useRef(0);
  useEffect(() => {
    if (given !== used.current) typed.value = given;
    used.current = given;
  }, [given]);
  useEffect(() => () => clearTimeout(wake.current), []); // of another view by then
  return {
    value: typed.value,
    onInput({ currentTarget: { value } }) {
      typed.value = value;
      clearTimeout(wake.current);
      wake.current = setTimeout(() => {
        used.current = value.trim();
        use(used.current);
      }, PAUSE_MS);
    },
  };
}

/** Show filters, and put what is chosen into their signal. */
export function Filters<T extends object>({ of, fields }: { of: Signal<T>; fields: readonly FilterOf<keyof T>[] }): JSX.Element {
  const valueOf = (name: keyof T): string => String(of.value[name]);
  const set = (name: keyof T, value: string): void => {
    of.value = { ...of.value, [name]: value };
  };
  return (
    <search class="row filters">
      {fields.map(({ name, label, kind, options }) => (
        <label key={String(name)} class={kind === "search" ? "grow" : ""}>
          {label}
          {kind === "choice" ? (
            <select value={valueOf(name)} onChange={(event) => set(name, event.currentTarget.value)}>
              {options?.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          ) : kind === "date" ? (
            <input type="date" value={valueOf(name)} onChange={(event) => set(name, event.currentTarget.value)} />
          ) : (
            <input type="search" autocomplete="off" value={valueOf(name)} onInput={(event) => set(name, event.currentTarget.value)} />
          )}
        </label>
      ))}
    </search>
  );
}
