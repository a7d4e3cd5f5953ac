// Simulated gates: real reader agents whose network can be cut.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { Choice, Deed, Form, Field, Submit } from "../ui/form.tsx";
import { clock, count, Num } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { here, Listing, Shown, Unread, useRead, type Read } from "../ui/list.tsx";

import { read, write, type Agent, type Agents, type Demo, type Tap, type Verdict } from "./desk.ts";

const EVERY_MS = 2000;
// The lengths of a card's number in hex: 4, 7 and 8 bytes.
const UID = /^(?:[0-9a-f]{8}|[0-9a-f]{14}|[0-9a-f]{16})$/i;

/** The simulated gates of this run. */
export function Gates(): JSX.Element {
  const agents = useRead(() => read<Agents>("agents/"));
  const demo = useRead(() => read<Demo>("demo/"));
  const hasAgents = Boolean(agents.value?.agents.length);
  useEffect(() => {
    if (!hasAgents) return;
    const timer = setInterval(() => document.hidden || agents.reload(), EVERY_MS);
    return () => clearInterval(timer);
  }, [hasAgents]);
  return (
    <section aria-labelledby="gates">
      <h2 id="gates">{t("local.gates")}</h2>
      <p class="quiet">{t("local.gates.hint")}</p>
      <Unread read={demo} />
      <Shown read={agents}>
        {(found) => (
          <>
            {found.missing ? (
              <div class="empty" role="status">
                <p>{t("local.gates.missing")}</p>
                <p>
                  <bdi>{found.missing}</bdi>
                </p>
              </div>
            ) : (
              <Start found={found} agents={agents} />
            )}
            <ul class="gates">
              {found.agents.map((agent) => (
                <li key={agent.id} class="card">
                  <Gate agent={agent} agents={agents} cards={demo.value?.cards ?? []} />
                </li>
              ))}
            </ul>
          </>
        )}
      </Shown>
    </section>
  );
}

function Start({ found, agents }: { found: Agents; agents: Read<Agents> }): JSX.Element {
  const isFull = found.agents.length >= found.most;
  if (isFull) return <p class="quiet">{t("local.gates.full", { most: count(found.most) })}</p>;
  return (
    <Form
      label={t("local.gates.start")}
      class="start"
      onSubmit={async ({ gate }) => {
        await write("POST", "agents/", { gate });
        agents.reload();
      }}
    >
      <div class="row end">
        <Choice name="gate" label={t("local.gates.gate")} options={found.gates.map((gate) => [gate, gate])} />
        <Submit>{t("local.gates.start")}</Submit>
      </div>
    </Form>
  );
}

function Gate({ agent, agents, cards }: { agent: Agent; agents: Read<Agents>; cards: Demo["cards"] }): JSX.Element {
  const verdict = useSignal<Verdict | null>(null);
  const at = `agents/${agent.id}/`;
  const waiting = agent.state?.queue_depth ?? 0;
  const snapshot = agent.state?.snapshot;
  return (
    <section aria-label={`${agent.gate} ${agent.id}`}>
      <div class="row">
        <h3 class="grow">
          <Num>{agent.gate}</Num> <small>{agent.id}</small>
        </h3>
        <span class={`badge ${agent.connected ? "good" : "warn"}`}>{t(agent.connected ? "local.gates.connected" : "local.gates.cut_off")}</span>
      </div>
      {agent.error ? <p class="problem">{agent.error}</p> : null}
      <div class="row">
        <Deed
          act={async () => {
            await write("PUT", `${at}network/`, { connected: !agent.connected });
            agents.reload();
          }}
        >
          {t(agent.connected ? "local.gates.cut" : "local.gates.connect")}
        </Deed>
        <Deed
          act={async () => {
            await write("POST", `${at}sync/`);
            agents.reload();
          }}
        >
          {t("local.gates.sync")}
        </Deed>
        <Deed
          class="plain"
          act={async () => {
            await write("DELETE", at);
            agents.reload();
          }}
        >
          {t("local.gates.end")}
        </Deed>
      </div>
      <p class="quiet">
        {waiting ? t("local.gates.waiting", { count: count(waiting) }) : t("local.gates.none_waiting")}
        {" · "}
        {snapshot?.generated_at ? t("local.gates.snapshot", { count: count(snapshot.tickets ?? 0), time: clock(snapshot.generated_at) }) : t("local.gates.no_snapshot")}
      </p>
      <Form
        label={t("local.gates.tap")}
        draft={`local.tap.${agent.id}`}
        onSubmit={async ({ what = "" }) => {
          verdict.value = null;
          const plain = what.replace(/[\s:-]/g, "");
          const answer = await write<Agent>("POST", `${at}tap/`, UID.test(plain) ? { uid: plain } : { code: what.trim() });
          verdict.value = answer.verdict ?? null;
          agents.reload();
        }}
      >
        <div class="row end">
          <div class="grow">
            <Field name="what" label={t("local.gates.what")} more={{ list: `${agent.id}-cards`, dir: "ltr", spellcheck: false }} required />
          </div>
          <Submit>{t("local.gates.tap")}</Submit>
        </div>
        <datalist id={`${agent.id}-cards`}>
          {cards.map(({ uid, of }) => (
            <option key={uid} value={uid} label={of} />
          ))}
        </datalist>
      </Form>
      <div role="status">{verdict.value ? <Shape verdict={verdict.value} /> : null}</div>
      <Listing
        list={here(agent.taps ?? [], agents.reload)}
        label={t("local.gates.taps")}
        columns={[t("local.gates.time"), t("local.gates.what_short"), t("local.gates.here"), t("local.gates.platform")]}
        empty={t("local.gates.no_taps")}
        row={(tap) => <Line key={tap.sequence} tap={tap} />}
      />
      {agent.screen?.length ? (
        <details>
          <summary>{t("local.gates.screen")}</summary>
          <pre class="screen" dir="ltr" tabIndex={0}>
            {agent.screen.slice(-24).join("\n")}
          </pre>
        </details>
      ) : null}
    </section>
  );
}

/** A verdict as the gate shows it: a word and a shape besides the colour. */
function Shape({ verdict }: { verdict: Verdict }): JSX.Element {
  const isIn = verdict.result === "valid";
  const isOpen = verdict.result === "kept" || verdict.result === "already_scanned" || (isIn && verdict.by !== "platform");
  return (
    <div class={`verdict ${isOpen ? "warn" : isIn ? "good" : "bad"}`}>
      <p class="verdict-word">
        <span aria-hidden="true">{isIn ? "✓ " : isOpen ? "△ " : "✕ "}</span>
        {word("local.result", verdict.result)}
      </p>
      <p>
        {verdict.by ? t(`local.by.${verdict.by}`) : null}
        {verdict.reason ? ` · ${word("local.reason", verdict.reason)}` : null}
      </p>
      {verdict.attendee?.name ? (
        <p>
          <Num>{[verdict.attendee.name, verdict.ticket?.tier, verdict.ticket?.number].filter(Boolean).join(" · ")}</Num>
        </p>
      ) : null}
      {verdict.why ? (
        <p class="quiet">
          <bdi>{verdict.why}</bdi>
        </p>
      ) : null}
    </div>
  );
}

function Line({ tap }: { tap: Tap }): JSX.Element {
  const here = tap.at_gate ? word("local.result", tap.at_gate) : "–";
  return (
    <tr>
      <td>
        <Num>{clock(tap.scanned_at)}</Num>
      </td>
      <td>{tap.what === "code" ? t("local.gates.code") : <Num>{tap.what}</Num>}</td>
      <td>{here}</td>
      <td>
        {tap.state === "pending" ? <span class="badge warn">{t("local.gates.pending")}</span> : tap.state === "dead" ? <span class="badge bad">{t("local.gates.dead")}</span> : tap.result ? word("local.result", tap.result) : "–"}
      </td>
    </tr>
  );
}
