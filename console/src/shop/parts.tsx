// Small parts that several views of the shop share.
import { signal, useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";

import { Unreachable } from "../ui/api/client.ts";
import { time } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Failure } from "../ui/list.tsx";
import { now } from "../ui/now.ts";

import type { Category, ShopEvent } from "./api.ts";

/** The name of the view, for the document's title. */
export const heading = signal("");

/** The first heading of a view. */
export function Title({ children, text }: { children?: ComponentChildren; text: string }): JSX.Element {
  useEffect(() => {
    heading.value = text;
  }, [text]);
  return <h1>{children ?? text}</h1>;
}

/** A view whose script is fetched when it is first shown. */
export function lazily<P extends object>(load: () => Promise<(props: P) => JSX.Element>): (props: P) => JSX.Element {
  let ready: ((props: P) => JSX.Element) | null = null;
  return function Later(props: P): JSX.Element {
    const turn = useSignal(0);
    const error = useSignal<unknown>(null);
    useEffect(() => {
      if (ready !== null) return;
      error.value = null;
      load().then(
        (view) => {
          ready = view;
          turn.value += 1;
        },
        (cause: unknown) => (error.value = new Unreachable("a part of the page did not arrive", { cause })),
      );
    }, []);
    void turn.value;
    // Scripts of an older release may be gone: a reload brings those of the newer one.
    if (error.value) return <Failure error={error.value} again={() => location.reload()} />;
    if (ready === null) return <p class="quiet">{t("ui.loading")}</p>;
    const View = ready;
    return <View {...props} />;
  };
}

/** The present by the platform's clock, which moves on every `every` milliseconds. */
export function useNow(every: number): number {
  const turn = useSignal(0);
  useEffect(() => {
    const wake = setInterval(() => (turn.value += 1), every);
    return () => clearInterval(wake);
  }, [every]);
  void turn.value;
  return now();
}

const WHEN: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
/** A time in the zone of its event. */
export function When({ at, zone }: { at: string; zone?: string | null }): JSX.Element {
  return (
    <time dateTime={at}>
      <bdi>{time(at, zone, WHEN)}</bdi>
    </time>
  );
}

export type Sale = "cancelled" | "over" | "none" | "soon" | "ended" | "sold_out" | "few" | "on_sale";

/** Say where the sale of one category is; `at` is the present. */
export function saleOf(category: Category, at: number): Sale {
  if (category.sales_start && Date.parse(category.sales_start) > at) return "soon";
  if (category.sales_end && Date.parse(category.sales_end) <= at) return "ended";
  if (category.available <= 0) return "sold_out";
  return category.available <= Math.max(5, category.capacity / 20) ? "few" : "on_sale";
}

const BEST_FIRST: readonly Sale[] = ["on_sale", "few", "soon", "sold_out", "ended"];

/** Say where the sale of a whole event is: the best that any of its categories offers. */
export function saleOfEvent(event: ShopEvent, at: number): Sale {
  if (event.status === "cancelled") return "cancelled";
  if (event.status === "ended" || event.status === "archived" || Date.parse(event.ends_at) <= at) return "over";
  const all = new Set(event.ticket_categories.map((each) => saleOf(each, at)));
  return BEST_FIRST.find((each) => all.has(each)) ?? "none";
}

const TONES: Readonly<Record<Sale, string>> = { cancelled: "bad", over: "", none: "", soon: "warn", ended: "", sold_out: "bad", few: "warn", on_sale: "good" };

/** The state of a sale in words, with the time or the number that it depends on. */
export function SaleState({ sale, category, zone }: { sale: Sale; category?: Category; zone?: string }): JSX.Element {
  const from = sale === "soon" && category?.sales_start ? time(category.sales_start, zone) : "";
  const text = from ? t("shop.sale.soon_at", { at: from }) : sale === "few" && category ? t("shop.sale.few_left", { count: category.available }) : t(`shop.sale.${sale}`);
  return <span class={`badge ${TONES[sale]}`}>{text}</span>;
}

/** A place: its name, and its city where it has one. */
export function Place({ event }: { event: Pick<ShopEvent, "venue"> }): JSX.Element | null {
  if (!event.venue) return null;
  return (
    <bdi>
      {event.venue.name}
      {event.venue.city ? `, ${event.venue.city}` : ""}
    </bdi>
  );
}

/** A fact with its name. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
