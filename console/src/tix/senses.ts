// A verdict that is heard and felt, where the browser allows it: only after the page was touched once.
let sound: AudioContext | null = null;

function tone(context: AudioContext, pitch: number, from: number, seconds: number): void {
  const source = context.createOscillator();
  const volume = context.createGain();
  source.frequency.value = pitch;
  volume.gain.setValueAtTime(0.15, context.currentTime + from);
  volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + from + seconds);
  source.connect(volume).connect(context.destination);
  source.start(context.currentTime + from);
  source.stop(context.currentTime + from + seconds);
}

/** One high tone for a good ticket; two low ones and a longer vibration for any other. */
export function signalVerdict(good: boolean): void {
  if (!navigator.userActivation?.hasBeenActive) return;
  try {
    navigator.vibrate?.(good ? 60 : [120, 60, 120]);
    sound ??= new AudioContext();
    if (good) tone(sound, 880, 0, 0.15);
    else for (const from of [0, 0.22]) tone(sound, 220, from, 0.18);
  } catch {
    // no sound here: the verdict is seen
  }
}
