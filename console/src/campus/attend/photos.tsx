// The third step: a photo of each camera, taken here or chosen; either can be taken again.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useMemo, useRef } from "preact/hooks";

import { t } from "../../ui/i18n.ts";
import { useSaid, type Saying } from "../../ui/said.ts";

import { change, flow, goOn, sendPieces, type Side } from "./flow.ts";
import { drawn, shrunk } from "./shrink.ts";

export function PhotosStep(): JSX.Element {
  const now = flow.value;
  const isWhole = Boolean(now?.front && now.back);
  return (
    <>
      <p>{t("campus.photos.what")}</p>
      <div class="two">
        <Shot side="front" />
        <Shot side="back" />
      </div>
      <div class="row">
        <button type="button" class={isWhole ? "primary" : ""} onClick={goOn}>
          {t(isWhole ? "campus.go_on" : "campus.photos.without")}
        </button>
        {isWhole ? null : <p class="quiet">{t("campus.photos.without_what")}</p>}
      </div>
    </>
  );
}

function Shot({ side }: { side: Side }): JSX.Element {
  const photo = flow.value?.[side] ?? null;
  const heading = useId();
  const isOpen = useSignal(false);
  const problem = useSaid();
  const keep = (blob: Blob): void => {
    isOpen.value = false;
    change({ [side]: { blob, sentFor: null } });
    void sendPieces().catch(() => undefined); // kept; the view says why it was not sent
  };
  const state = photo === null ? "none" : photo.sentFor === flow.value?.verification ? "sent" : "kept";
  return (
    <section class="card shot" aria-labelledby={heading}>
      <h2 id={heading}>{t(`campus.photos.${side}`)}</h2>
      <p class="quiet">{t(`campus.photos.${side}_what`)}</p>
      {isOpen.value ? <Viewfinder side={side} taken={keep} failed={(why) => ((isOpen.value = false), (problem.value = why))} /> : null}
      {photo && !isOpen.value ? <Preview blob={photo.blob} label={t(`campus.photos.${side}`)} /> : null}
      <p role="status" class="hint">
        {state === "none" ? "" : t(`campus.photos.${state}`)}
      </p>
      <p class="problem" role="alert">
        {problem.value}
      </p>
      {isOpen.value ? null : (
        <div class="row">
          <button type="button" class={photo ? "" : "primary"} onClick={() => ((problem.value = ""), (isOpen.value = true))}>
            {t(photo ? "campus.photos.retake" : "campus.camera.open")}
          </button>
          <Chooser side={side} chosen={keep} />
        </div>
      )}
    </section>
  );
}

/** A file input: it opens the camera application of a phone, and the files of a computer. */
function Chooser({ side, chosen }: { side: Side; chosen(blob: Blob): void }): JSX.Element {
  const id = useId();
  return (
    <span class="chooser">
      <input
        id={id}
        class="unseen"
        type="file"
        accept="image/jpeg,image/png,image/webp,image/*"
        capture={side === "front" ? "user" : "environment"}
        aria-label={`${t("campus.photos.choose")}: ${t(`campus.photos.${side}`)}`}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) void shrunk(file).then(chosen);
        }}
      />
      <label for={id} class="button">
        {t("campus.photos.choose")}
      </label>
    </span>
  );
}

function Preview({ blob, label }: { blob: Blob; label: string }): JSX.Element {
  const address = useMemo(() => URL.createObjectURL(blob), [blob]);
  useEffect(() => () => URL.revokeObjectURL(address), [address]);
  return <img class="view" src={address} alt={label} />;
}

function Viewfinder({ side, taken, failed }: { side: Side; taken(blob: Blob): void; failed(why: Saying): void }): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const isReady = useSignal(false);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let isGone = false;
    const stop = (): void => stream?.getTracks().forEach((track) => track.stop());
    const begin = async (): Promise<void> => {
      const facing = side === "front" ? "user" : "environment";
      stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: facing }, width: { ideal: 1600 } } });
      if (isGone || video.current === null) return stop();
      video.current.srcObject = stream;
      await video.current.play();
      isReady.value = true;
      button.current?.focus();
    };
    begin().catch(() => {
      stop();
      if (!isGone) failed(() => t("campus.photos.denied"));
    });
    return () => {
      isGone = true;
      stop();
    };
  }, []);
  const take = async (): Promise<void> => {
    const picture = video.current;
    if (!picture?.videoWidth) return;
    await drawn(picture, picture.videoWidth, picture.videoHeight).then(taken, () => failed(() => t("campus.photos.denied")));
  };
  return (
    <>
      <video ref={video} class={`view ${side === "front" ? "mirrored" : ""}`} muted playsInline aria-label={t("campus.photos.view")} />
      <button ref={button} type="button" class="primary" disabled={!isReady.value} onClick={() => void take()}>
        {t("campus.photos.take")}
      </button>
    </>
  );
}
