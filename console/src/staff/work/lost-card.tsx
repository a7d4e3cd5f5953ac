// A lost card in one form: find it by its owner's number or by its UID, block it, and move what was on it.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Field, Form, Submit } from "../../ui/form.tsx";
import { money, Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Shown, useRead, useWhole, type Whole } from "../../ui/list.tsx";
import { go, query } from "../../ui/router.ts";
import type { Saying } from "../../ui/said.ts";
import { api, ask, asked, deed, may } from "../parts/api.ts";
import { Facts, Note, State, Sum, Thing, Title } from "../parts/shown.tsx";
import { recognize } from "../search/forms.ts";

type Card = Schemas["AdminCardDetailsOut"];
type Listed = Schemas["AdminCardOut"];

const MOST_CUSTOMERS = 5;

function cardsOf(customerId: string, whole: Whole): Promise<readonly Listed[]> {
  return whole((cursor) => ask(() => api.GET("/api/nfc-cards/", { params: { query: asked({ customer_id: customerId, page_size: "100" }, cursor) } })));
}

/** Return the cards of whom this number or name is, or the card with this UID. */
async function found(text: string, whole: Whole): Promise<readonly Listed[]> {
  if (!text) return [];
  const typed = recognize(text);
  if (typed.text.startsWith("cus_")) return cardsOf(typed.text, whole);
  const byUid = typed.kinds.includes("uid") ? (await ask(() => api.GET("/api/nfc-cards/", { params: { query: asked({ search: typed.uid }) } }))).results : [];
  const wanted = typed.kinds.includes("phone") ? typed.phones : typed.kinds.some((each) => each === "name" || each === "email") ? [typed.text] : [];
  const pages = await Promise.all(wanted.map((each) => ask(() => api.GET("/api/customers/", { params: { query: asked({ search: each, page_size: String(MOST_CUSTOMERS) }) } }))));
  const owners = new Set(pages.flatMap((page) => page.results.map((each) => each.id)));
  const theirs = (await Promise.all([...owners].map((each) => cardsOf(each, whole)))).flat();
  return [...new Map([...byUid, ...theirs].map((card) => [card.id, card])).values()];
}

export function LostCard(): JSX.Element {
  const wanted = (): string => query.value.get("uid") ?? query.value.get("customer") ?? query.value.get("find") ?? "";
  const chosen = query.value.get("uid") ?? "";
  const read = useWhole((whole) => found(wanted(), whole), wanted);
  return (
    <>
      <Title>{t("staff.lost.title")}</Title>
      <p class="quiet">{t("staff.lost.about")}</p>
      <section class="panel">
        <Form
          label={t("ui.search")}
          class="inline"
          initial={{ find: wanted() }}
          onSubmit={({ find = "" }) => {
            go(`/staff/lost-card?find=${encodeURIComponent(find.trim())}`);
            return Promise.resolve();
          }}
        >
          <Field name="find" label={t("staff.lost.find")} type="search" hint={t("staff.lost.find_hint")} required />
          <Submit>{t("ui.search")}</Submit>
        </Form>
      </section>
      {wanted() ? (
        <Shown read={read}>
          {(cards) => {
            const only = chosen || cards.length === 1 ? cards.find((each) => !chosen || each.uid === chosen) : undefined;
            if (cards.length === 0 && !read.loading) return <p class="empty">{t("staff.none.lost")}</p>;
            return only ? <Lost key={only.id} id={only.id} /> : <Choose cards={cards} />;
          }}
        </Shown>
      ) : null}
    </>
  );
}

function Choose({ cards }: { cards: readonly Listed[] }): JSX.Element {
  return (
    <section>
      <h2>{t("staff.lost.which")}</h2>
      <ul class="hits">
        {cards.map((card) => (
          <li key={card.id}>
            <a href={`/staff/lost-card?uid=${card.uid}`}>
              <b>
                <Num>{card.uid}</Num>
              </b>
              <small>
                <State value={card.status} />
              </small>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lost({ id }: { id: string }): JSX.Element {
  const turn = useSignal(0);
  const done = useSignal<readonly Saying[]>([]);
  const read = useRead(
    () => ask(() => api.GET("/api/nfc-cards/{card_id}/", { params: { path: { card_id: id } } })),
    () => String(turn.value),
  );
  return (
    <Shown read={read}>
      {(card) => (
        <section class="panel" aria-label={card.uid}>
          <h2>
            <Num>{card.uid}</Num> <State value={card.status} />
          </h2>
          <Facts
            of={[
              [t("staff.customer"), card.customer_id ? <Thing id={card.customer_id} /> : null],
              [t("staff.balance"), <Sum of={card.ledger.balance} />],
              [t("staff.group.tickets"), <Num>{card.tickets}</Num>],
              [t("staff.reason"), card.block_reason],
            ]}
          />
          {[0, 1].map((place) => (
            <Note key={place}>{done.value[place]?.()}</Note>
          ))}
          {card.status === "replaced" ? (
            <p>
              {t("staff.replaced_by")} <a href={`/staff/cards/${card.replaced_by ?? ""}`}>{card.replaced_by}</a>
            </p>
          ) : (
            <Handle card={card} finished={(said) => ((done.value = said), (turn.value += 1))} />
          )}
        </section>
      )}
    </Shown>
  );
}

async function block(card: Card, reason: string): Promise<void> {
  if (card.status === "blocked") return;
  const body = { status: "blocked" as const, reason, version: card.version };
  await deed(`lost.${card.id}`, body, (headers) => api.PUT("/api/nfc-cards/{card_id}/", { params: { path: { card_id: card.id } }, body, headers }));
}

async function move(card: Card, uid: string, reason: string): Promise<Saying> {
  const body = { to_uid: uid, reason };
  const moved = await deed(`replace.${card.id}`, body, (headers) => api.POST("/api/nfc-cards/{card_id}/transfer/", { params: { path: { card_id: card.id } }, body, headers }));
  return () => t("staff.lost.moved", { uid: moved.to_uid, tickets: moved.tickets, amount: money(moved.balance) });
}

async function claim(card: Card): Promise<Saying> {
  const body = { card_ids: [card.id], action: "claim_link" as const };
  const { results } = await deed(`claim.${card.id}`, body, (headers) => api.POST("/api/finances/unclaimed/", { body, headers }));
  const outcome = results[0];
  if (!outcome) return () => "";
  return () => outcome.message ?? `${t("staff.lost.claim")}: ${word("staff.state", outcome.state)}${outcome.amount ? ` · ${money(outcome.amount)}` : ""}`;
}

type Way = "replace" | "claim" | "block";

// Each step is kept by the platform: where a later one is refused, the card is blocked all the same, which is said.
function Handle({ card, finished }: { card: Card; finished(said: readonly Saying[]): void }): JSX.Element {
  const ways: Way[] = may("manage") ? ["replace", "claim", "block"] : ["block"];
  const way = useSignal<Way>(ways[0] ?? "block");
  return (
    <Form
      label={t("staff.lost.title")}
      draft={`staff.lost.${card.id}`}
      initial={{ reason: t("staff.lost.reason") }}
      onSubmit={async ({ reason = "", to_uid: uid = "" }) => {
        await block(card, reason);
        const said: Saying[] = [() => t("staff.lost.blocked")];
        try {
          if (way.value === "replace") said.push(await move(card, uid, reason));
          if (way.value === "claim") said.push(await claim(card));
        } catch (problem) {
          finished(said);
          throw problem;
        }
        finished(said);
      }}
    >
      <Field name="reason" label={t("staff.reason")} required />
      <fieldset>
        <legend>{t("staff.lost.then")}</legend>
        {ways.map((each) => (
          <label key={each} class="row">
            <input type="radio" name="way" checked={way.value === each} onChange={() => (way.value = each)} />
            <span class="grow">
              {t(`staff.lost.way.${each}`)}
              <small>
                <br />
                {t(`staff.lost.way.${each}_why`)}
              </small>
            </span>
          </label>
        ))}
      </fieldset>
      {may("manage") ? null : <p class="hint">{t("staff.lost.others")}</p>}
      {way.value === "replace" ? <Field name="to_uid" label={t("staff.lost.to_uid")} hint={t("staff.lost.to_hint")} required /> : null}
      <Submit class="danger">{way.value === "block" ? t("staff.block") : t(`staff.lost.send.${way.value}`)}</Submit>
    </Form>
  );
}
