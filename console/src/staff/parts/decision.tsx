// A deed that needs words: a button that opens a small form, sends it, and says what the platform answered.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";

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
  /** Called after a refusal, so that a view shows the present state. */
  refused?(): void;
  children?: ComponentChildren;
}

/** A button with its form in a dialog. */
export function Decision({ label, title, name, send, tone = "", initial, secret, act, refused, children }: DecisionProps): JSX.Element {
  const open = useSignal(false);
  return (
    <>
      <button type="button" class={tone} aria-haspopup="dialog" onClick={() => (open.value = true)}>
        {label}
      </button>
      {open.value ? (
        <Dialog title={title ?? label} close={() => (open.value = false)}>
          <Form
            label={title ?? label}
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
              open.value = false;
            }}
          >
            {children}
            <div class="row">
              <Submit>{send ?? label}</Submit>
              <button type="button" class="plain" onClick={() => (open.value = false)}>
                {t("staff.leave")}
              </button>
            </div>
          </Form>
        </Dialog>
      ) : null}
    </>
  );
}

/** The reason that most deeds of staff need; it is written to the audit log. */
export function ReasonField({ name = "reason", label }: { name?: string; label?: string }): JSX.Element {
  return <Field name={name} label={label ?? t("staff.reason")} lines={2} required />;
}
