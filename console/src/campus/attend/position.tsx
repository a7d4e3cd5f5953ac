// The second step: the position, asked for with its reason, and a way on without it.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { count } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";

import { change, flow, goOn, sendPieces } from "./flow.ts";

const LONGEST_WAIT = 15_000;
type Trouble = "" | "denied" | "unavailable" | "slow";

/** Ask the device where it is. Raises one of the words of Trouble. */
export function locate(): Promise<GeolocationCoordinates> {
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve(coords),
      ({ code }) => reject(new Error(code === 1 ? "denied" : code === 3 ? "slow" : "unavailable")),
      { enableHighAccuracy: true, timeout: LONGEST_WAIT, maximumAge: 0 },
    );
  });
}

export function PositionStep(): JSX.Element {
  const trouble = useSignal<Trouble>("");
  const busy = useSignal(false);
  const place = flow.value?.position ?? null;

  const measure = async (): Promise<void> => {
    busy.value = true;
    trouble.value = "";
    try {
      const { latitude, longitude, accuracy } = await locate();
      change({ position: { latitude, longitude, accuracy, checked: null, sentFor: null } });
      await sendPieces().catch(() => undefined); // kept; the view says why it was not sent
    } catch (error) {
      const { message } = error as Error;
      trouble.value = message === "denied" || message === "slow" ? message : "unavailable"; // also where there is no such API
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="card">
      <p>{t("campus.position.what")}</p>
      <p class="quiet">{t("campus.position.kept")}</p>
      <div role="status">{place ? <Found accuracy={place.accuracy} checked={place.checked} /> : null}</div>
      <div role="alert" class={trouble.value ? "failure" : ""}>
        {trouble.value ? (
          <>
            <p>{t(`campus.position.${trouble.value}`)}</p>
            <p>{t("campus.position.without_what")}</p>
          </>
        ) : null}
      </div>
      <div class="row">
        {place ? (
          <button type="button" class="primary" onClick={goOn}>
            {t("campus.go_on")}
          </button>
        ) : null}
        <button type="button" class={place ? "" : "primary"} aria-busy={busy.value} onClick={() => void measure()}>
          {busy.value ? t("campus.position.looking") : t(place ? "campus.position.again" : "campus.position.share")}
        </button>
        {trouble.value && !place ? (
          <button type="button" onClick={goOn}>
            {t("campus.position.without")}
          </button>
        ) : null}
      </div>
    </section>
  );
}

function Found({ accuracy, checked }: { accuracy: number; checked: { location_verified: boolean; distance_m: number; radius_m: number } | null }): JSX.Element {
  const said = { accuracy: count(Math.round(accuracy)) };
  if (checked === null) return <p>{t("campus.position.found", said)}</p>;
  const distance = { distance: count(Math.round(checked.distance_m)), radius: count(checked.radius_m) };
  return (
    <>
      <p class={checked.location_verified ? "good" : "warn"}>
        <strong>{t(checked.location_verified ? "campus.position.here" : "campus.position.away")}</strong>
      </p>
      <p>{t("campus.position.numbers", { ...said, ...distance })}</p>
      {checked.location_verified ? null : <p>{t("campus.position.away_what")}</p>}
    </>
  );
}
