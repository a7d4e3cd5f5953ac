// Readers at gates: their state, a new one with its enrolment code, and what can be done to one.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Check, Field, Form, Submit } from "../../ui/form.tsx";
import { Num, time } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { Qr } from "../../ui/qr.tsx";
import { match, query } from "../../ui/router.ts";
import { useSaid, type Saying } from "../../ui/said.ts";
import { api, ask, asked, may } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { Register } from "../parts/register.tsx";
import { Copied, Facts, Note, Nothing, State, Thing, Title, When } from "../parts/shown.tsx";
import { deviceById } from "../search/ask.ts";

import { History } from "./history.tsx";

type Known = Schemas["AdminDeviceOut"];

/** Whether a device is ready, and each reason why it is not. */
export function Ready({ device }: { device: Known }): JSX.Element {
  return (
    <>
      <span class={`badge ${device.ready ? "good" : "bad"}`}>{device.ready ? t("staff.ready") : t("staff.not_ready")}</span>
      {device.why.length ? <div class="why">{device.why.map((each) => word("staff.problem", each)).join(", ")}</div> : null}
    </>
  );
}

export function Devices(): JSX.Element {
  const turn = useSignal(0);
  return (
    <>
      <Title actions={may("devices") ? <NewDevice event={query.value.get("event_id") ?? ""} created={() => (turn.value += 1)} /> : null}>{t("staff.group.devices")}</Title>
      <Register<Known>
        label={t("staff.group.devices")}
        exportedBy={["devices", "read"]}
        turn={turn.value}
        filters={[
          { name: "search", label: t("staff.search_short"), kind: "search" },
          { name: "event_id", label: t("staff.event_id") },
          { name: "gate", label: t("staff.gate") },
          { name: "kind", label: t("staff.kind"), values: ["agent", "phone"] },
          { name: "status", label: t("staff.status"), values: ["provisioned", "enrolled", "revoked"] },
          { name: "online", label: t("staff.online"), values: ["true", "false"] },
        ]}
        columns={[t("staff.name"), t("staff.kind"), t("staff.gate"), t("staff.event"), t("staff.status"), t("staff.readiness.is"), t("staff.last_seen"), t("staff.queued")]}
        empty={t("staff.none.devices")}
        read={(filters, cursor) => ask(() => api.GET("/api/devices/", { params: { query: asked(filters, cursor) } }))}
        row={(device) => (
          <tr key={device.id}>
            <th scope="row">
              <Thing id={device.id} name={device.name} />
            </th>
            <td>{word("staff.state", device.kind)}</td>
            <td>
              <Num>{device.gate}</Num>
            </td>
            <td>
              <Thing id={device.event_id} />
            </td>
            <td>
              <State value={device.status} />
            </td>
            <td>
              <Ready device={device} />
            </td>
            <td>
              <When at={device.last_seen_at} />
            </td>
            <td>
              <Num>{device.queue_depth}</Num>
            </td>
          </tr>
        )}
      />
    </>
  );
}

/** Provision a device; its code is shown once, in letters and as a QR code. */
export function NewDevice({ event, created }: { event: string; created(): void }): JSX.Element {
  const open = useSignal(false);
  const made = useSignal<Schemas["AdminProvisionOut"] | null>(null);
  const close = (): void => {
    open.value = false;
    made.value = null;
  };
  const found = made.value;
  return (
    <>
      <button type="button" class="primary" aria-haspopup="dialog" onClick={() => (open.value = true)}>
        {t("staff.new_device")}
      </button>
      {open.value ? (
        <Dialog title={t("staff.new_device")} close={close}>
          {found === null ? (
            <Form
              label={t("staff.new_device")}
              draft="staff.device"
              initial={{ event_id: event }}
              onSubmit={async ({ event_id: of = "", gate = "", name = "" }) => {
                made.value = await ask(() => api.POST("/api/devices/", { body: { event_id: of.trim(), gate, name } }));
                created();
              }}
            >
              <Field name="event_id" label={t("staff.event_id")} required />
              <div class="pair">
                <Field name="gate" label={t("staff.gate")} required />
                <Field name="name" label={t("staff.name")} required />
              </div>
              <Submit>{t("staff.new_device")}</Submit>
            </Form>
          ) : (
            <>
              <p>{t("staff.enrol_how")}</p>
              <Qr text={found.enrollment_code} label={t("staff.enrol_qr")} />
              <p class="code">
                <Copied>{found.enrollment_code}</Copied>
              </p>
              <p class="hint">{t("staff.until_time", { at: time(found.expires_at) })}</p>
              <button type="button" onClick={close}>
                {t("ui.close")}
              </button>
            </>
          )}
        </Dialog>
      ) : null}
    </>
  );
}

export function Device(): JSX.Element {
  const id = match("/staff/devices/:id")?.id ?? "";
  const said = useSaid();
  const turn = useSignal(0);
  const read = useRead(
    () => deviceById(id).then((device) => ({ device })),
    () => String(turn.value),
  );
  const changed = (words: Saying | ""): void => {
    said.value = words;
    turn.value += 1;
  };
  return (
    <Shown read={read}>
      {({ device }) =>
        device === null ? (
          <Nothing>{t("staff.device_missing")}</Nothing>
        ) : (
          <>
            <Title actions={<DeviceDeeds device={device} changed={changed} />}>
              <Num>{device.name}</Num> <State value={device.status} />
            </Title>
            <Note>{said.value}</Note>
            <section class="panel" aria-label={t("staff.facts")}>
              <Facts
                of={[
                  [t("staff.readiness.is"), <Ready device={device} />],
                  [t("staff.kind"), word("staff.state", device.kind)],
                  [t("staff.event"), <Thing id={device.event_id} />],
                  [t("staff.gate"), device.gate ? <Num>{device.gate}</Num> : null],
                  [t("staff.usher"), device.usher_id ? <Thing id={device.usher_id} /> : null],
                  [t("staff.online"), device.online ? t("staff.yes") : t("staff.no")],
                  [t("staff.last_seen"), device.last_seen_at ? <When at={device.last_seen_at} /> : null],
                  [t("staff.queued"), device.queue_depth === null ? null : <Num>{device.queue_depth}</Num>],
                  [t("staff.missing"), device.missing_seq ? <Num>{device.missing_seq}</Num> : null],
                  [t("staff.battery"), device.battery === null ? null : <Num>{device.battery} %</Num>],
                  [t("staff.clock"), device.clock_offset_ms === null ? null : <Num>{device.clock_offset_ms} ms</Num>],
                  [t("staff.snapshot"), device.snapshot_age_s === null ? null : <Num>{Math.round(device.snapshot_age_s / 60)} min</Num>],
                  [t("staff.version"), device.app_version ? <Num>{device.app_version}</Num> : null],
                  [t("staff.last_error"), device.last_error],
                  [t("staff.enrolled_at"), device.enrolled_at ? <When at={device.enrolled_at} /> : null],
                  [t("staff.revoked_at"), device.revoked_at ? <When at={device.revoked_at} /> : null],
                  [t("staff.id"), <Copied>{device.id}</Copied>],
                ]}
              />
            </section>
            <History id={device.id} turn={turn.value} />
          </>
        )
      }
    </Shown>
  );
}

function DeviceDeeds({ device, changed }: { device: Known; changed(words: Saying | ""): void }): JSX.Element | null {
  if (!may("devices") || device.status === "revoked") return null;
  const path = { params: { path: { device_id: device.id } } };
  return (
    <>
      <Decision
        label={t("staff.change_device")}
        name={`device.${device.id}`}
        initial={{ name: device.name, gate: device.gate ?? "" }}
        act={async ({ name = "", gate = "", wipe = "" }) => {
          const body = { ...(name !== device.name ? { name } : {}), ...(gate && gate !== device.gate ? { gate } : {}), ...(wipe ? { wipe: true } : {}) };
          await ask(() => api.PUT("/api/devices/{device_id}/", { ...path, body }));
          changed(() => t("staff.corrected"));
        }}
      >
        <div class="pair">
          <Field name="name" label={t("staff.name")} required />
          <Field name="gate" label={t("staff.gate")} />
        </div>
        <Check name="wipe" label={t("staff.wipe")} hint={t("staff.wipe_hint")} />
      </Decision>
      <Decision
        label={t("staff.revoke")}
        tone="danger"
        name={`revoke.${device.id}`}
        act={async () => {
          await ask(() => api.DELETE("/api/devices/{device_id}/", path));
          changed(() => t("staff.revoked"));
        }}
      >
        <p>{t("staff.revoke_why")}</p>
      </Decision>
    </>
  );
}
