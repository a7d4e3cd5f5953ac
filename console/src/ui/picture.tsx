// Few numbers as a picture: SVG for those who see it, a table for those who do not.
import type { JSX } from "preact";

import { count } from "./format.tsx";
import { t } from "./i18n.ts";

export interface Point {
  label: string;
  value: number;
  /** How the value is said, such as an amount; its number by default. */
  text?: string;
}

/** Horizontal bars, one a point, with a label and value in text: readable without the bars. */
export function Bars({ title, points }: { title: string; points: readonly Point[] }): JSX.Element {
  const most = Math.max(1, ...points.map(({ value }) => value));
  return (
    <figure class="bars">
      <figcaption>{title}</figcaption>
      {points.length ? null : <p class="quiet">{t("ui.nothing")}</p>}
      <dl>
        {points.map(({ label, value, text }) => (
          <div key={label}>
            <dt>
              <bdi>{label}</bdi>
            </dt>
            <dd>
              <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect width="100" height="4" class="track" />
                <rect width={(100 * Math.max(0, value)) / most} height="4" class="fill" />
              </svg>
              <bdi class="num">{text ?? count(value)}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </figure>
  );
}

// Few columns are no blocks.
const WIDEST = 12;

/** Columns over time; the values stand in a table that opens. */
export function Columns({ title, points }: { title: string; points: readonly Point[] }): JSX.Element {
  const most = Math.max(1, ...points.map(({ value }) => value));
  const step = 100 / Math.max(1, points.length);
  const width = Math.min(step * 0.8, WIDEST);
  return (
    <figure class="columns">
      <figcaption>{title}</figcaption>
      {points.length ? (
        <svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label={title} direction="ltr">
          {points.map(({ label, value }, place) => {
            const height = (40 * Math.max(0, value)) / most;
            return <rect key={label} class="fill" x={place * step + (step - width) / 2} y={40 - height} width={width} height={height} />;
          })}
        </svg>
      ) : (
        <p class="quiet">{t("ui.nothing")}</p>
      )}
      {points.length ? (
        <p class="ends" aria-hidden="true">
          <bdi class="num">{points[0]?.label}</bdi>
          {points.length > 1 ? <bdi class="num">{points.at(-1)?.label}</bdi> : null}
        </p>
      ) : null}
      <details>
        <summary>{t("ui.values")}</summary>
        <table>
          <tbody>
            {points.map(({ label, value, text }) => (
              <tr key={label}>
                <th scope="row">
                  <bdi>{label}</bdi>
                </th>
                <td>
                  <bdi class="num">{text ?? count(value)}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
