// Is a report genuine? For anybody: by its id, by the code on its page, and by the file itself.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { answerOf, connect, Refused, type Schemas } from "../ui/api/client.ts";
import { watch, type Camera } from "../ui/camera.ts";
import { Field, Form, messageOf, Submit } from "../ui/form.tsx";
import { count, Num, time } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { go, match } from "../ui/router.ts";
import { useSaid, type Saying } from "../ui/said.ts";

import { Title } from "./parts.tsx";

type Checked = Schemas["CampusCheckedReportOut"];
const open = connect(null);

/** Return the id of a report in what was typed or scanned: the id, or an address that ends with it. */
export function idIn(text: string): string {
  const trimmed = text.trim().replace(/\/+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** Spell JSON as it is hashed: sorted names, no spaces (RFC 8785). */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`;
}

/** Return the hash of a copy. A JSON report carries its own hash and signature, which are no part of what is hashed. */
export async function hashOf(file: Blob): Promise<string> {
  let bytes: ArrayBuffer | Uint8Array<ArrayBuffer> = await file.arrayBuffer();
  try {
    const report = JSON.parse(await file.text()) as Record<string, unknown>;
    if ("sha256" in report && "signature" in report) {
      const rest = Object.entries(report).filter(([name]) => name !== "sha256" && name !== "signature");
      bytes = new TextEncoder().encode(canonical(Object.fromEntries(rest)));
    }
  } catch {
    // another format: its bytes are hashed
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export default function Check(): JSX.Element {
  const id = match("/campus/verify/:id")?.id ?? "";
  const found = useSignal<Checked | null>(null);
  const problem = useSaid();
  const isScanning = useSignal(false);
  const running = useRef(0);
  const check = async (hash?: string): Promise<void> => {
    const mine = (running.current += 1);
    problem.value = "";
    try {
      const params = { path: { report_id: id }, query: { sha256: hash } };
      const said = await answerOf(open.GET("/api/campus/reports/verify/{report_id}/", { params }));
      if (mine === running.current) found.value = said; // else it is of another report
    } catch (error) {
      if (mine !== running.current) return;
      found.value = null;
      problem.value = () => (error instanceof Refused && error.status === 404 ? t("campus.check.unknown") : messageOf(error));
    }
  };
  useEffect(() => {
    if (id) void check();
  }, [id]);
  const show = (text: string): void => go(`/campus/verify/${encodeURIComponent(idIn(text))}`);
  return (
    <section class="narrow wide">
      <Title>{t("campus.verify_report")}</Title>
      <p class="quiet">{t("campus.check.what")}</p>
      <section class="card">
        <Form
          key={id}
          label={t("campus.verify_report")}
          initial={{ report: id }}
          onSubmit={async ({ report = "" }) => {
            if (idIn(report) === id) await check();
            else show(report);
          }}
        >
          <Field name="report" label={t("campus.report.id")} hint={t("campus.check.id_hint")} required />
          <Submit>{t("campus.check.check")}</Submit>
        </Form>
        {isScanning.value ? (
          <Scan
            seen={(text) => {
              isScanning.value = false;
              show(text);
            }}
            failed={(why) => {
              isScanning.value = false;
              problem.value = why;
            }}
          />
        ) : (
          <button type="button" onClick={() => (isScanning.value = true)}>
            {t("campus.check.scan")}
          </button>
        )}
      </section>
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <div role="status">{found.value ? <Verdict found={found.value} /> : null}</div>
      {found.value ? <Copy check={check} failed={() => (problem.value = () => t("campus.check.unreadable"))} /> : null}
    </section>
  );
}

function Scan({ seen, failed }: { seen(text: string): void; failed(why: Saying): void }): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let camera: Camera | null = null;
    let isGone = false;
    if (video.current) {
      watch(video.current, ({ text }) => seen(text)).then(
        (started) => (isGone ? started.stop() : void (camera = started)),
        () => failed(() => t("campus.camera.denied")),
      );
    }
    return () => {
      isGone = true;
      camera?.stop();
    };
  }, []);
  return <video ref={video} class="view" muted playsInline aria-label={t("campus.code.view")} />;
}

/** Choose a copy: it stays on this device, only its hash is sent. */
function Copy({ check, failed }: { check(hash: string): Promise<void>; failed(): void }): JSX.Element {
  const id = useId();
  return (
    <section class="card field">
      <label for={id}>{t("campus.check.copy")}</label>
      <input
        id={id}
        type="file"
        onChange={(event) => {
          const input = event.currentTarget;
          const file = input.files?.[0];
          if (!file) return;
          void hashOf(file)
            .then(check, failed)
            .finally(() => (input.value = "")); // so that the same file can be chosen again
        }}
      />
      <p class="hint">{t("campus.check.copy_hint")}</p>
    </section>
  );
}

function Verdict({ found }: { found: Checked }): JSX.Element {
  const said = found.valid ? (found.matches ? "same" : "genuine") : "changed";
  return (
    <section class={`card verdict ${found.valid ? "good" : "bad"}`}>
      <h2>
        <span aria-hidden="true">{found.valid ? "✓" : "✗"} </span>
        {t(`campus.check.${said}`)}
      </h2>
      {found.matches ? <p>{t(`campus.check.version_${found.matches}`)}</p> : null}
      <dl class="facts">
        <dt>{t("campus.report.kind")}</dt>
        <dd>
          {word("campus.report_kind", found.kind)} · {found.format.toUpperCase()}
        </dd>
        {found.event_title ? (
          <>
            <dt>{t("campus.event")}</dt>
            <dd>
              <bdi>{found.event_title}</bdi>
            </dd>
          </>
        ) : null}
        <dt>{t("campus.report.generated")}</dt>
        <dd>{time(found.generated_at)}</dd>
        <dt>{t("campus.report.rows")}</dt>
        <dd>{count(found.rows)}</dd>
        <dt>SHA-256</dt>
        <dd>
          <Num>{found.sha256}</Num>
        </dd>
      </dl>
    </section>
  );
}
