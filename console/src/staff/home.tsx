// The first view: what waits, how the platform does today, and what has happened, live.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { count, Num } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Unread } from "../ui/list.tsx";
import { follow, type LiveState } from "../ui/live.ts";

import { may } from "./parts/api.ts";
import { countAgain, stats } from "./parts/pending.ts";
import { Sum, Thing, Title, When } from "./parts/shown.tsx";

interface Act {
  at: string;
  action: string;
  entity_type: string;
  entity_id: string;
  actor_id?: string;
}

const SHOWN = 30;
// Counts follow what happens, at most this often.
const PAUSE = 1500;

export function Home(): JSX.Element {
  return may("read") ? <Dashboard /> : <Welcome />;
}

function Welcome(): JSX.Element {
  return (
    <>
      <Title>{t("staff.home_short")}</Title>
      <p>{t("staff.search.hint")}</p>
      <div class="numbers">
        {may("support") ? (
          <>
            <a href="/staff/lost-card">
              <b>{t("staff.lost.title")}</b>
              <span>{t("staff.lost.about")}</span>
            </a>
            <a href="/staff/queues/refunds?status=pending">
              <b>{t("staff.queue.refunds")}</b>
              <span>{t("staff.queue.refunds_about")}</span>
            </a>
          </>
        ) : null}
        <a href="/staff/queues/incidents?status=open">
          <b>{t("staff.queue.incidents")}</b>
          <span>{t("staff.queue.incidents_about")}</span>
        </a>
        <a href="/staff/queues/conflicts">
          <b>{t("staff.queue.conflicts")}</b>
          <span>{t("staff.queue.conflicts_about")}</span>
        </a>
      </div>
    </>
  );
}

function Dashboard(): JSX.Element {
  const news = useSignal<readonly Act[]>([]);
  const live = useSignal<LiveState>("connecting");
  const error = useSignal<unknown>(null);
  const again = async (): Promise<void> => {
    try {
      await countAgain();
      error.value = null;
    } catch (problem) {
      error.value = problem;
    }
  };
  useEffect(() => {
    let wake = 0;
    const soon = (): void => {
      clearTimeout(wake);
      wake = setTimeout(() => void again(), PAUSE);
    };
    const followed = follow({
      portal: "admin",
      channel: "admin",
      reload: again,
      take(message) {
        if (message.type === "activity") news.value = [{ ...(message.data as Act), at: message.at }, ...news.value].slice(0, SHOWN);
        soon();
      },
    });
    const stop = followed.state.subscribe((state) => (live.value = state));
    void again();
    return () => {
      clearTimeout(wake);
      stop();
      followed.end();
    };
  }, []);
  const found = stats.value;
  const seen = new Set(news.value.map((each) => `${each.entity_id}${each.action}`));
  const acts = [...news.value, ...(found?.recent_activity ?? []).filter((each) => !seen.has(`${each.entity_id}${each.action}`))].slice(0, SHOWN);
  return (
    <>
      <Title
        actions={
          <span class={`badge ${live.value === "live" ? "good" : "warn"}`} role="status">
            {live.value === "live" ? t("ui.live") : live.value === "connecting" ? t("ui.working") : t("ui.polling")}
          </span>
        }
      >
        {t("staff.home")}
      </Title>
      <Unread read={{ error: error.value, reload: () => void again() }} />
      {found ? (
        <>
          <section>
            <h2>{t("staff.waiting")}</h2>
            <div class="numbers">
              <Due to="/staff/queues/refunds?status=pending" label={t("staff.queue.refunds")} value={found.pending.refunds} />
              <Due to="/staff/queues/edits?status=pending" label={t("staff.queue.edits")} value={found.pending.edit_requests} />
              <Due to="/staff/queues/cards?status=requested" label={t("staff.queue.cards")} value={found.pending.card_requests} />
              <Due to="/staff/queues/conflicts" label={t("staff.queue.conflicts")} value={found.pending.conflicts} />
              <Due to="/staff/finances/payouts" label={t("staff.finances.payouts")} value={found.pending.payouts} />
            </div>
          </section>
          <section>
            <h2>{t("staff.platform")}</h2>
            <div class="numbers">
              <Figure label={t("staff.checkins_today")} value={found.check_ins_today} />
              <Figure label={t("staff.tickets_sold")} value={found.tickets_sold} />
              <div>
                {(found.revenue_by_currency.length ? found.revenue_by_currency : [found.revenue]).map((each) => (
                  <b key={each.currency}>
                    <Sum of={each} />
                  </b>
                ))}
                <span>{t("staff.revenue")}</span>
              </div>
              <Figure label={t("staff.group.customers")} value={found.customers} />
              <Figure label={t("staff.group.events")} value={found.events} />
              <Figure label={t("staff.active_cards")} value={found.active_cards} />
            </div>
          </section>
          <section class="panel" aria-label={t("staff.activity")}>
            <h2>{t("staff.activity")}</h2>
            {acts.length ? (
              <ul class="feed">
                {acts.map((each) => (
                  <li key={`${each.at}${each.entity_id}${each.action}`}>
                    <When at={each.at} />
                    <span>{word("staff.act", each.action)}</span>
                    <Thing id={each.entity_id} />
                    {each.actor_id ? (
                      <small>
                        {t("staff.by")} <Thing id={each.actor_id} />
                      </small>
                    ) : null}
                  </li>
                ))}
              </ul>
            ) : (
              <p class="quiet">{t("staff.none.activity")}</p>
            )}
          </section>
        </>
      ) : error.value ? null : (
        <p class="quiet">{t("ui.loading")}</p>
      )}
    </>
  );
}

function Due({ to, label, value }: { to: string; label: string; value: number }): JSX.Element {
  return (
    <a href={to} class={value ? "due" : ""}>
      <b>
        <Num>{count(value)}</Num>
      </b>
      <span>{label}</span>
    </a>
  );
}

function Figure({ label, value }: { label: string; value: number }): JSX.Element {
  return (
    <div>
      <b>
        <Num>{count(value)}</Num>
      </b>
      <span>{label}</span>
    </div>
  );
}
