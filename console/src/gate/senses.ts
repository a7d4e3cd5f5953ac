// A verdict for ears and hands: each has its own tones and its own beat.
import { sound } from "./state.ts";
import type { Outcome } from "./store.ts";

export type Look = "admit" | "already" | "refuse" | "unknown";

/** Return how a verdict looks and sounds. */
export function lookOf({ result, undecided }: Pick<Outcome, "result" | "undecided">): Look {
  if (undecided !== undefined || result === "not_found") return "unknown";
  return result === "valid" ? "admit" : result === "already_scanned" ? "already" : "refuse";
}

/** Tones as [hertz, begin, end] in seconds. */
const TONES: Readonly<Record<Look, readonly (readonly [number, number, number])[]>> = {
  admit: [
    [880, 0, 0.09],
    [1320, 0.1, 0.24],
  ],
  already: [
    [620, 0, 0.12],
    [620, 0.18, 0.3],
  ],
  refuse: [[190, 0, 0.55]],
  unknown: [
    [440, 0, 0.08],
    [330, 0.12, 0.2],
    [260, 0.24, 0.34],
  ],
};
const SHAPES: Readonly<Record<Look, OscillatorType>> = { admit: "sine", already: "triangle", refuse: "sawtooth", unknown: "sine" };
const BEATS: Readonly<Record<Look, number[]>> = { admit: [80], already: [60, 60, 60, 60, 60], refuse: [400], unknown: [40, 120, 40] };

let audio: AudioContext | null = null;

/** Make the sound ready: browsers give none before the first touch or key. */
export function wakeSound(): void {
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") void audio.resume().catch(() => undefined);
  } catch {
    // a device without sound
  }
}

/** Sound and vibrate for a verdict. */
export function announce(outcome: Outcome): void {
  const look = lookOf(outcome);
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(BEATS[look]);
  if (!sound.peek() || audio?.state !== "running") return;
  const now = audio.currentTime;
  for (const [hertz, begin, end] of TONES[look]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.type = SHAPES[look];
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.35, now + begin);
    volume.gain.exponentialRampToValueAtTime(0.001, now + end);
    tone.connect(volume).connect(audio.destination);
    tone.start(now + begin);
    tone.stop(now + end);
  }
}
