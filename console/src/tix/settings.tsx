// The organization's settings, and the paper on which its tickets are printed.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, type Schemas } from "../ui/api/client.ts";
import { changesOf, Check, Choice, Field, Form, Submit, useForm, type Values } from "../ui/form.tsx";
import { t } from "../ui/i18n.ts";
import { Shown, useRead } from "../ui/list.tsx";

import { api, typed, type Me } from "./api.ts";

type Settings = Schemas["TixSettingsOut"];
type Paper = Schemas["TixPaperIn"];

const SIZES: Readonly<Record<NonNullable<Paper["size"]>, readonly [number, number]>> = {
  A3: [297, 420],
  A4: [210, 297],
  A5: [148, 210],
  A6: [105, 148],
  Letter: [216, 279],
  Legal: [216, 356],
};
const FLAGS = ["show_name", "show_number", "show_extra"] as const;

const shown = (value: unknown, otherwise: string | number): string => (typeof value === "string" || typeof value === "number" ? String(value) : String(otherwise));

function valuesOf(found: Settings): Values {
  const { paper } = found;
  return {
    name: found.name,
    logo_url: found.logo_url ?? "",
    timezone: found.timezone,
    ticket_prefix: found.ticket_prefix,
    max_users: String(found.max_users),
    "paper.size": shown(paper.size, "A4"),
    "paper.orientation": shown(paper.orientation, "portrait"),
    "paper.columns": shown(paper.columns, 3),
    "paper.rows": shown(paper.rows, 8),
    "paper.margin": shown(paper.margin, 10),
    "paper.gap": shown(paper.gap, 2),
    ...Object.fromEntries(FLAGS.map((flag) => [`paper.${flag}`, paper[flag] === false ? "" : "true"])),
  };
}

const lengthOf = (text = ""): number => (/^\d+([.,]\d+)?$/.test(text.trim()) ? Number(text.replace(",", ".")) : (text as unknown as number));

function paperOf(values: Values): Partial<Paper> {
  return {
    size: values["paper.size"] as Paper["size"],
    orientation: values["paper.orientation"] as Paper["orientation"],
    columns: typed(values["paper.columns"]),
    rows: typed(values["paper.rows"]),
    margin: lengthOf(values["paper.margin"]),
    gap: lengthOf(values["paper.gap"]),
    ...Object.fromEntries(FLAGS.map((flag) => [flag, values[`paper.${flag}`] === "true"])),
  };
}

function plainOf(values: Values): Schemas["TixSettingsIn"] {
  return {
    name: values.name ?? "",
    logo_url: values.logo_url?.trim() || null,
    timezone: values.timezone?.trim() ?? "",
    ticket_prefix: values.ticket_prefix?.trim() ?? "",
    max_users: typed(values.max_users),
  };
}

const read = (): Promise<Settings> => answerOf(api.GET("/api/tix/settings"));

/** Store what was changed. The platform takes `paper` as a whole: the rest of it is as it is now, fields of other clients too. */
async function store(values: Values, before: Values): Promise<void> {
  const paper = changesOf(paperOf(values), paperOf(before));
  const whole = Object.keys(paper).length ? { paper: { ...(await read()).paper, ...paper } as Paper } : {};
  await answerOf(api.PUT("/api/tix/settings", { body: { ...changesOf(plainOf(values), plainOf(before)), ...whole } }));
}

export function SettingsView({ me }: { me: Me }): JSX.Element {
  const settings = useRead(read);
  const saved = useSignal(0);
  if (me.role !== "admin")
    return (
      <>
        <h1>{t("tix.nav.settings")}</h1>
        <p class="empty">{t("tix.settings.admins")}</p>
      </>
    );
  return (
    <>
      <h1>{t("tix.nav.settings")}</h1>
      <Shown read={settings}>
        {(found) => (
          <Form
            key={saved.value}
            label={t("tix.nav.settings")}
            draft="tix.settings"
            initial={valuesOf(found)}
            onSubmit={async (values, before) => {
              await store(values, before);
              saved.value += 1;
              settings.reload();
            }}
          >
            <div class="tiles wide">
              <section class="card form">
                <h2>{t("tix.organization")}</h2>
                <Field name="name" label={t("tix.organization")} required />
                <Field name="ticket_prefix" label={t("tix.settings.prefix")} hint={t("tix.prefix.hint")} required />
                <Field name="timezone" label={t("tix.settings.timezone")} hint={t("tix.settings.timezone.hint")} required />
                <Field name="max_users" label={t("tix.settings.max_users")} inputmode="numeric" required />
                <Field name="logo_url" label={t("tix.settings.logo")} type="url" />
              </section>
              <section class="card form">
                <h2>{t("tix.settings.paper")}</h2>
                <div class="pair">
                  <Choice name="paper.size" label={t("tix.paper.size")} options={Object.keys(SIZES).map((each) => [each, each])} />
                  <Choice name="paper.orientation" label={t("tix.paper.orientation")} options={(["portrait", "landscape"] as const).map((each) => [each, t(`tix.paper.${each}`)])} />
                  <Field name="paper.columns" label={t("tix.paper.columns")} inputmode="numeric" required />
                  <Field name="paper.rows" label={t("tix.paper.rows")} inputmode="numeric" required />
                  <Field name="paper.margin" label={t("tix.paper.margin")} inputmode="decimal" required />
                  <Field name="paper.gap" label={t("tix.paper.gap")} inputmode="decimal" required />
                </div>
                {FLAGS.map((flag) => (
                  <Check key={flag} name={`paper.${flag}`} label={t(`tix.paper.${flag}`)} />
                ))}
                <Sheet />
              </section>
            </div>
            <Submit>{t("ui.save")}</Submit>
            <p role="status">{saved.value ? t("ui.saved") : ""}</p>
          </Form>
        )}
      </Shown>
    </>
  );
}

/** How a sheet will look, while its measures are typed. */
function Sheet(): JSX.Element | null {
  const { values } = useForm();
  const [short, long] = SIZES[(values["paper.size"] ?? "A4") as keyof typeof SIZES] ?? SIZES.A4;
  const [width, height] = values["paper.orientation"] === "landscape" ? [long, short] : [short, long];
  const [columns, rows] = [Number(values["paper.columns"]), Number(values["paper.rows"])];
  const [margin, gap] = [lengthOf(values["paper.margin"]), lengthOf(values["paper.gap"])];
  const across = (width - 2 * margin - gap * (columns - 1)) / columns;
  const down = (height - 2 * margin - gap * (rows - 1)) / rows;
  if (!(across > 1 && down > 1 && columns * rows <= 240)) return <p class="problem">{t("tix.paper.too_small")}</p>;
  const places = Array.from({ length: columns * rows }, (_, place) => [place % columns, Math.floor(place / columns)] as const);
  const code = Math.min(across, down) * 0.6;
  return (
    <figure class="sheet">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={t("tix.paper.preview", { count: columns * rows })}>
        <rect width={width} height={height} class="leaf" />
        {places.map(([column, row]) => {
          const [x, y] = [margin + column * (across + gap), margin + row * (down + gap)];
          return (
            <g key={`${column}/${row}`}>
              <rect x={x} y={y} width={across} height={down} class="ticket" rx="1" />
              <rect x={x + (down - code) / 2} y={y + (down - code) / 2} width={code} height={code} class="qr" />
            </g>
          );
        })}
      </svg>
      <figcaption class="hint">{t("tix.paper.preview", { count: columns * rows })}</figcaption>
    </figure>
  );
}
