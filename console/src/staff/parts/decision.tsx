// A deed that needs words: a button that opens a small form, sends it, and says what the platform answered.
import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId } from "preact/hooks";

import { Dialog } from "../../ui/dialog.tsx";
import { Field, Form, Submit, type Values } from "../../ui/form.tsx";
import { t } from "../../ui/i18n.ts";

import { withPresent } from "./api.ts";

export interface DecisionProps {
  /** The button, and the title of the dialog unless `title` says more. */
  label: string;
  title?: string;
  /** The name under which what was typed is kept. */
  name: string;
  send?: string;
  tone?: "primary" | "danger" | "plain" | "";
  initial?: Values;
  /** Names of fields that are never kept, such as codes. */
  secret?: readonly string[];
  /** Raises Refused; its message is shown in the dialog, which stays open. */
  act(values: Values): Promise<void>;
  /** Called after a refusal, so that a view shows the present state; its row may be gone by then. */
  refused?(): void;
  children?: ComponentChildren;
}

// The one that is open, by its button. The dialog is not within its row: after a refusal the list is read again, and a row
// that is not in it any more would take the refusal with it.
interface Open {
  button: string;
  of: DecisionProps;
}
const opened = signal<Open | null>(null);

/** A button with its form in a dialog, which `OpenDecision` shows. */
export function Decision(props: DecisionProps): JSX.Element {
  const button = useId();
  // The same decision about a thing that was read again.
  useEffect(() => {
    if (opened.peek()?.button === button) opened.value = { button, of: props };
  });
  return (
    <button type="button" class={props.tone ?? ""} aria-haspopup="dialog" onClick={() => (opened.value = { button, of: props })}>
      {props.label}
    </button>
  );
}

/** The dialog of the decision that was opened in the view beside it; it ends with that view. */
export function OpenDecision(): JSX.Element | null {
  useEffect(
    () => () => {
      opened.value = null;
    },
    [],
  );
  if (opened.value === null) return null;
  const { button, of } = opened.value;
  const { label, title = label, name, send, initial, secret, act, refused, children } = of;
  const close = (): void => {
    if (opened.peek()?.button === button) opened.value = null;
  };
  return (
    <Dialog key={button} title={title} close={close}>
      <Form
        label={title}
        draft={`staff.${name}`}
        initial={initial}
        secret={secret}
        onSubmit={async (values) => {
          try {
            await act(values);
          } catch (error) {
            refused?.();
            throw withPresent(error);
          }
          close();
        }}
      >
        {children}
        <div class="row">
          <Submit>{send ?? label}</Submit>
          <button type="button" class="plain" onClick={close}>
            {t("staff.leave")}
          </button>
        </div>
      </Form>
    </Dialog>
  );
}

/** The reason that most deeds of staff need; it is written to the audit log. */
export function ReasonField({ name = "reason", label }: { name?: string; label?: string }): JSX.Element {
  return <Field name={name} label={label ?? t("staff.reason")} lines={2} required />;
}
