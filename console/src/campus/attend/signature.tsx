// The fourth step: a signature, drawn with a finger, a pen or a mouse; those who cannot draw type their name.
import { useSignal } from "@preact/signals";
import type { JSX, TargetedPointerEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { t } from "../../ui/i18n.ts";
import { me } from "../api.ts";

import { change, flow, goOn, type Strokes } from "./flow.ts";

const WIDTH = 600;
const HEIGHT = 200;
type Point = readonly [x: number, y: number];

/** Return strokes as the path of an SVG; a dot becomes a short line. */
export function pathOf(strokes: Strokes): string {
  const said = ([x, y]: Point): string => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
  return strokes
    .map((stroke) => {
      const [first = [0, 0] as Point] = stroke;
      const rest = stroke.length > 1 ? stroke.slice(1) : [[first[0] + 1, first[1] + 1] as Point];
      return `M${said(first)}${rest.map((point) => `L${said(point)}`).join("")}`;
    })
    .join("");
}

export function SignatureStep(): JSX.Element {
  const isTyped = useSignal(flow.peek()?.typed !== "");
  return (
    <section class="card">
      <p>{t("campus.signature.what")}</p>
      <fieldset class="kinds">
        <legend class="unseen">{t("campus.signature.how")}</legend>
        {([false, true] as const).map((typed) => (
          <label key={String(typed)} class="kind">
            <input type="radio" name="kind" checked={isTyped.value === typed} onChange={() => (isTyped.value = typed)} />
            {t(typed ? "campus.signature.typed" : "campus.signature.drawn")}
          </label>
        ))}
      </fieldset>
      {isTyped.value ? <Typed /> : <Drawn />}
    </section>
  );
}

function use(data: string): void {
  change({ signature: { data, sentFor: null } });
  goOn();
}

function Drawn(): JSX.Element {
  const strokes = flow.value?.strokes ?? [];
  const current = useSignal<readonly Point[]>([]);
  const pointer = useRef<number | null>(null);
  const at = (event: TargetedPointerEvent<SVGSVGElement>): Point => {
    const box = event.currentTarget.getBoundingClientRect();
    return [((event.clientX - box.left) * WIDTH) / box.width, ((event.clientY - box.top) * HEIGHT) / box.height];
  };
  const begin = (event: TargetedPointerEvent<SVGSVGElement>): void => {
    if (pointer.current !== null || event.button !== 0) return;
    event.preventDefault();
    pointer.current = event.pointerId;
    event.currentTarget.setPointerCapture(event.pointerId);
    current.value = [at(event)];
  };
  const draw = (event: TargetedPointerEvent<SVGSVGElement>): void => {
    if (event.pointerId === pointer.current) current.value = [...current.value, at(event)];
  };
  const end = (event: TargetedPointerEvent<SVGSVGElement>): void => {
    if (event.pointerId !== pointer.current) return;
    pointer.current = null;
    change({ strokes: [...(flow.peek()?.strokes ?? []), current.value] });
    current.value = [];
  };
  return (
    <>
      <svg
        class="pad"
        direction="ltr"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={t(strokes.length ? "campus.signature.has" : "campus.signature.pad")}
        onPointerDown={begin}
        onPointerMove={draw}
        onPointerUp={end}
        onPointerCancel={end}
      >
        <line x1="30" x2={WIDTH - 30} y1={HEIGHT - 45} y2={HEIGHT - 45} class="rule" />
        <path d={pathOf(current.value.length ? [...strokes, current.value] : strokes)} class="ink" />
      </svg>
      <div class="row">
        <button type="button" class="primary" disabled={!strokes.length} onClick={() => use(pathOf(strokes))}>
          {t("campus.signature.use")}
        </button>
        <button type="button" disabled={!strokes.length} onClick={() => change({ strokes: strokes.slice(0, -1) })}>
          {t("campus.signature.undo")}
        </button>
        <button type="button" disabled={!strokes.length} onClick={() => change({ strokes: [] })}>
          {t("campus.signature.clear")}
        </button>
      </div>
    </>
  );
}

/** Write a name into a canvas, as a hand would. */
function write(canvas: HTMLCanvasElement | null, name: string): void {
  const context = canvas?.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, WIDTH, HEIGHT);
  context.font = `italic 64px "Segoe Script", "Snell Roundhand", "Noto Nastaliq Urdu", cursive`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(name, WIDTH / 2, HEIGHT / 2, WIDTH - 40);
}

function Typed(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const typed = flow.value?.typed ?? "";
  useEffect(() => write(canvas.current, typed), [typed]);
  return (
    <form
      class="form"
      aria-label={t("campus.signature.typed")}
      onSubmit={(event) => {
        event.preventDefault();
        const name = flow.peek()?.typed ?? "";
        if (!name.trim() || !canvas.current) return;
        write(canvas.current, name); // Enter may come before the effect of the last letter
        use(canvas.current.toDataURL("image/png"));
      }}
    >
      <div class="field">
        <label for="typed-name">{t("campus.signature.name")}</label>
        <input id="typed-name" dir="auto" value={typed} maxLength={60} placeholder={me().name} autocomplete="name" onInput={(event) => change({ typed: event.currentTarget.value })} />
        <p class="hint">{t("campus.signature.name_hint")}</p>
      </div>
      <canvas ref={canvas} class="pad" width={WIDTH} height={HEIGHT} aria-hidden="true" />
      <button type="submit" class="primary" disabled={!typed.trim()}>
        {t("campus.signature.use")}
      </button>
    </form>
  );
}
