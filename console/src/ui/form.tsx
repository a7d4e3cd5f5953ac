// Forms: each control has its label, the API's message stands at its field, and what was typed survives a reload.
import { useSignal } from "@preact/signals";
import { createContext, type ComponentChildren, type JSX, type TargetedEvent } from "preact";
import { useContext, useEffect, useId, useRef } from "preact/hooks";

import { Refused, Unreachable, type Detail } from "./api/client.ts";
import { saidOfField, saidOfRefusal, t } from "./i18n.ts";
import { useSaid } from "./said.ts";

export type Values = Record<string, string>;

export interface State {
  values: Values;
  errors: Record<string, string>;
  busy: boolean;
  set(name: string, value: string): void;
  /** Set several values at once, such as the two halves of a position. */
  fill(given: Values): void;
  /** Put other values in the place of all, as where a row is removed. */
  replace(values: Values): void;
}

const Context = createContext<State | null>(null);

/** Return the form around a view: for parts of it that follow from what was typed, or that fill fields in. */
export function useForm(): State {
  const found = useContext(Context);
  if (found === null) throw new Error("a field is in a Form");
  return found;
}

/** Return the draft of a form, as it was kept. */
export function draftOf(name: string | undefined): Values {
  try {
    return name ? (JSON.parse(sessionStorage.getItem(`gatehouse.draft.${name}`) ?? "{}") as Values) : {};
  } catch {
    return {};
  }
}

/** Keep values as the draft of a form, or with null forget it. */
export function keepDraft(name: string | undefined, values: Values | null): void {
  if (!name) return;
  try {
    if (values === null) sessionStorage.removeItem(`gatehouse.draft.${name}`);
    else sessionStorage.setItem(`gatehouse.draft.${name}`, JSON.stringify(values));
  } catch {
    // no storage: the draft lives as long as the view
  }
}

/** Return the values that fit. */
const only = (values: Values, fits: (name: string, value: string) => boolean): Values =>
  Object.fromEntries(Object.entries(values).filter(([name, value]) => fits(name, value)));

/**
 * Return the fields of a body that differ from those of another. A form sends only these: what its person did not change
 * may have been changed in another tab meanwhile, and would be overwritten.
 */
export function changesOf<T extends object>(wanted: T, before: T): Partial<T> {
  const known = before as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(known[name]))) as Partial<T>;
}

/** Return the number that was typed. What is none is sent as it is, and the platform refuses it at its field. */
export const figureOf = (text = ""): number => (text.trim() === "" || Number.isNaN(Number(text)) ? (text.trim() as unknown as number) : Number(text));

/** Return what to show of an error: the platform's words, or what to do where it cannot be reached. */
export function messageOf(error: unknown): string {
  if (error instanceof Unreachable) return t("ui.unreachable");
  if (error instanceof Refused) return saidOfRefusal(error.code, error.message, error.details.length > 0 && error.code === "VALIDATION_ERROR");
  return t("ui.fault", { what: error instanceof Error ? error.message : String(error) });
}

export interface FormProps {
  /** What the form is for, as its accessible name. */
  label: string;
  /** The name under which typed values survive a reload; fields of secrets are never kept. */
  draft?: string;
  /** What the form is about, such as a thing of the API as it is now. */
  initial?: Values;
  /** Names of fields that are never kept in the draft. */
  secret?: readonly string[];
  /**
   * Raises Refused: its details are shown at their fields, the rest above the button. `before` has the values of the thing
   * as this form knows it: as it was read, or as this form last sent it.
   */
  onSubmit(values: Values, before: Values): Promise<void>;
  children: ComponentChildren;
  class?: string;
  /** A refusal that an earlier step got for fields of this one: shown from the beginning. */
  refused?: Refused | null;
}

/** Return the control that a field of a refusal belongs to: its own, or the one of the value that it is part of. */
function controlOf(field: string, controls: ReadonlySet<string | null>): string | null {
  for (let name = field; name; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) if (controls.has(name)) return name;
  return null;
}

const SPELLED = /^must be a (date|time)\b/;

/** How a date is spelled is no matter of a person who picks it, and picked none. */
function left(detail: Detail, form: HTMLFormElement | null): Detail {
  const control = form?.elements.namedItem(detail.field);
  const isEmpty = control instanceof HTMLInputElement && control.type.startsWith("date") && control.value === "";
  return isEmpty && SPELLED.test(detail.message) ? { ...detail, message: "must not be empty" } : detail;
}

/** A form whose button waits for the answer. */
export function Form({ label, draft, initial = {}, secret = [], onSubmit, children, class: name, refused }: FormProps): JSX.Element {
  // What was typed, over what the form is about: a field that nobody touched follows that when it is read again.
  const typed = useSignal<Values>(draftOf(draft));
  // What was sent, until it is read again.
  const sent = useRef<{ values: Values; over: Values }>({ values: {}, over: {} });
  const errors = useSignal<Readonly<Record<string, Detail>>>({});
  const problem = useSaid();
  const busy = useSignal(false);
  const form = useRef<HTMLFormElement>(null);

  const valuesOf = (own: Values): Values => ({ ...initial, ...only(sent.current.values, (name) => initial[name] === sent.current.over[name]), ...own });
  const store = (next: Values): void => {
    typed.value = next;
    keepDraft(draft, only(valuesOf(next), (name, value) => value !== initial[name] && !secret.includes(name)));
  };
  const state: State = {
    values: valuesOf(typed.value),
    errors: Object.fromEntries(Object.entries(errors.value).map(([field, { message }]) => [field, saidOfField(message)])),
    busy: busy.value,
    set(field, value) {
      state.fill({ [field]: value });
    },
    fill(given) {
      errors.value = Object.fromEntries(Object.entries(errors.value).filter(([field]) => !(field in given)));
      store({ ...typed.value, ...given });
    },
    replace(next) {
      errors.value = {};
      const gone = only(valuesOf(typed.value), (name) => !(name in next));
      store({ ...Object.fromEntries(Object.keys(gone).map((name) => [name, ""])), ...next });
    },
  };

  const explain = (error: unknown): void => {
    const controls = new Set([...(form.current?.elements ?? [])].map((each) => each.getAttribute("name")));
    const details = error instanceof Refused ? error.details : [];
    const found = details.map((detail) => ({ control: controlOf(detail.field, controls), detail: left(detail, form.current) }));
    const placed = found.filter(({ control }) => control !== null);
    errors.value = Object.fromEntries(placed.map(({ control, detail }) => [String(control), detail]));
    const rest = found.filter(({ control }) => control === null);
    const others = (): string[] => rest.map(({ detail: { field, message } }) => `${field}: ${saidOfField(message)}`);
    problem.value = placed.length && !rest.length ? "" : () => [messageOf(error), ...others()].join(" ");
    queueMicrotask(() => {
      const wrong = [...(form.current?.elements ?? [])].filter((each): each is HTMLElement => each instanceof HTMLElement && placed.some(({ control }) => control === each.getAttribute("name")));
      // A part that is folded away shows no message, and its fields take no focus.
      for (const each of wrong) for (let part = each.closest("details"); part; part = part.parentElement?.closest("details") ?? null) part.open = true;
      // The first as the form has them, whichever the platform names first.
      wrong[0]?.focus();
    });
  };

  useEffect(() => {
    if (refused) explain(refused);
  }, [refused]);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    problem.value = "";
    errors.value = {};
    try {
      const values = valuesOf(typed.value);
      await onSubmit(values, valuesOf({}));
      sent.current = { values, over: initial };
      typed.value = only(typed.value, (name, value) => value !== values[name]);
      keepDraft(draft, null);
    } catch (error) {
      explain(error);
    } finally {
      busy.value = false;
    }
  };

  return (
    <form ref={form} class={`form ${name ?? ""}`} aria-label={label} noValidate onSubmit={submit}>
      <Context.Provider value={state}>{children}</Context.Provider>
      <p class="problem" role="alert">
        {problem.value}
      </p>
    </form>
  );
}

export interface FieldProps {
  name: string;
  label: string;
  type?: "text" | "password" | "tel" | "email" | "number" | "date" | "datetime-local" | "search" | "url" | "file";
  hint?: string;
  autocomplete?: string;
  inputmode?: "text" | "numeric" | "decimal" | "tel" | "email" | "search";
  lines?: number;
  required?: boolean;
  /** Attributes of the control that are rarely needed, such as `min` or `maxLength`. */
  more?: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** An input of any type: which attributes go with which type is the caller's matter. */
function Input(attributes: Readonly<Record<string, unknown>>): JSX.Element {
  return <input {...attributes} />;
}

/** One labelled control of a form. */
export function Field(props: FieldProps): JSX.Element {
  const { name, label, type = "text", hint, lines, required = false, more = {} } = props;
  const form = useForm();
  const id = useId();
  const error = form.errors[name];
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;
  const common = {
    id,
    name,
    value: form.values[name] ?? "",
    required,
    autocomplete: props.autocomplete,
    inputMode: props.inputmode,
    "aria-invalid": error ? ("true" as const) : undefined,
    "aria-describedby": described,
  };
  const onInput = (event: TargetedEvent<HTMLInputElement | HTMLTextAreaElement>): void =>
    form.set(name, event.currentTarget.value);
  return (
    <div class={`field ${error ? "wrong" : ""}`}>
      <label for={id}>
        {label}
        {required ? null : <small> {t("ui.optional")}</small>}
      </label>
      {lines ? <textarea {...common} rows={lines} onInput={onInput} /> : <Input {...more} {...common} type={type} onInput={onInput} />}
      {hint ? (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
      {error ? (
        <p class="problem" id={`${id}-error`}>
          {error}
        </p>
      ) : null}
    </div>
  );
}

export interface ChoiceProps {
  name: string;
  label: string;
  options: readonly (readonly [value: string, label: string])[];
  hint?: string;
}

/** A choice of one of few. */
export function Choice({ name, label, options, hint }: ChoiceProps): JSX.Element {
  const form = useForm();
  const id = useId();
  const error = form.errors[name];
  const chosen = form.values[name] ?? options[0]?.[0] ?? "";
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;
  useEffect(() => {
    if (form.values[name] === undefined && chosen) form.set(name, chosen);
  }, [chosen]);
  return (
    <div class={`field ${error ? "wrong" : ""}`}>
      <label for={id}>{label}</label>
      <select id={id} name={name} value={chosen} aria-invalid={error ? "true" : undefined} aria-describedby={described} onChange={(event) => form.set(name, event.currentTarget.value)}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      {hint ? (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
      {error ? (
        <p class="problem" id={`${id}-error`}>
          {error}
        </p>
      ) : null}
    </div>
  );
}

/** A yes or no; its value is "true" or "". */
export function Check({ name, label, hint }: { name: string; label: string; hint?: string }): JSX.Element {
  const form = useForm();
  const id = useId();
  const error = form.errors[name];
  return (
    <div class={`field check ${error ? "wrong" : ""}`}>
      <input id={id} name={name} type="checkbox" aria-invalid={error ? "true" : undefined} aria-describedby={[hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined} checked={form.values[name] === "true"} onChange={(event) => form.set(name, event.currentTarget.checked ? "true" : "")} />
      <label for={id}>{label}</label>
      {hint ? (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
      {error ? (
        <p class="problem" id={`${id}-error`}>
          {error}
        </p>
      ) : null}
    </div>
  );
}

/** The button that sends the form. */
export function Submit({ children, class: name }: { children: ComponentChildren; class?: string }): JSX.Element {
  const { busy } = useForm();
  return (
    <button type="submit" class={`primary ${name ?? ""}`} aria-disabled={busy} aria-busy={busy}>
      {busy ? t("ui.working") : children}
    </button>
  );
}

/** A button of a deed that waits for its answer and shows the refusal beside it. */
export function Deed({ children, act, class: name, disabled = false }: { children: ComponentChildren; act(): Promise<void>; class?: string; disabled?: boolean }): JSX.Element {
  const busy = useSignal(false);
  const problem = useSaid();
  const run = async (): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    problem.value = "";
    try {
      await act();
    } catch (error) {
      problem.value = () => messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <span class="deed">
      <button type="button" class={name} aria-busy={busy.value} disabled={disabled} onClick={run}>
        {busy.value ? t("ui.working") : children}
      </button>
      <span class="problem" role="alert">
        {problem.value}
      </span>
    </span>
  );
}
