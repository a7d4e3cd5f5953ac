// The camera, and the codes in its pictures. The decoder is WebAssembly of our own origin, fetched when first needed.
import type { ReaderOptions } from "zxing-wasm/reader";

declare const ZXING_WASM: string;

export interface Seen {
  text: string;
  format: string;
  /** When its picture was taken, by the page's clock. */
  at: number;
}
export interface Camera {
  stop(): void;
  /** Whether the lamp is lit afterwards; false where there is none. */
  torch(lit: boolean): Promise<boolean>;
}

const OPTIONS: ReaderOptions = { formats: ["QRCode", "Aztec", "DataMatrix", "Code128"], tryHarder: true, maxNumberOfSymbols: 1 };
// Pixels of the longer side that are searched: a code at arm's length fills a fifth of them.
const SEARCHED = 960;
// A code that no picture showed for so long was taken away; shorter gaps are a shaking hand.
const GONE_MS = 1000;

async function decoder(): Promise<(picture: ImageData) => Promise<Omit<Seen, "at"> | null>> {
  const { prepareZXingModule, readBarcodes } = await import("zxing-wasm/reader");
  await prepareZXingModule({ overrides: { locateFile: () => ZXING_WASM }, fireImmediately: true });
  return async (picture) => {
    const [found] = await readBarcodes(picture, OPTIONS);
    return found?.isValid ? { text: found.text, format: found.format } : null;
  };
}

/**
 * Show the camera in `video` and report each code that comes into sight. The same code is reported again after it was
 * out of sight, or after `again` milliseconds. Raises DOMException where the camera is refused or missing.
 */
export async function watch(video: HTMLVideoElement, seen: (code: Seen) => void, again = 3000): Promise<Camera> {
  const decoding = decoder();
  decoding.catch(() => undefined); // said where it is awaited
  const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } } });
  const end = (): void => {
    for (const each of stream.getTracks()) each.stop();
    video.srcObject = null;
  };
  video.srcObject = stream;
  video.muted = true;
  video.playsInline = true;
  const decode = await video
    .play()
    .then(() => decoding)
    .catch((problem: unknown) => {
      end(); // nobody else can stop a camera that was not handed over
      throw problem;
    });
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("this browser gives no canvas");
  let stopped = false;
  let before: { text: string; at: number; lastSeen: number } | null = null;

  const look = async (): Promise<void> => {
    const scale = Math.min(1, SEARCHED / Math.max(video.videoWidth, video.videoHeight, 1));
    canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
    canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
    const at = performance.now();
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const found = await decode(context.getImageData(0, 0, canvas.width, canvas.height));
    if (stopped) return;
    const now = performance.now();
    if (found === null) {
      if (before !== null && now - before.lastSeen > GONE_MS) before = null;
      return;
    }
    if (before?.text === found.text && now - before.at < again) {
      before.lastSeen = now;
      return;
    }
    before = { text: found.text, at: now, lastSeen: now };
    seen({ ...found, at });
  };
  const turn = async (): Promise<void> => {
    if (stopped) return;
    // A bad frame must not end the watch.
    if (video.videoWidth > 0) await look().catch(() => undefined);
    if (!stopped) requestAnimationFrame(() => void turn());
  };
  void turn();
  const [track] = stream.getVideoTracks();
  return {
    stop() {
      stopped = true;
      end();
    },
    async torch(lit) {
      const capabilities = track?.getCapabilities() as { torch?: boolean } | undefined;
      if (!capabilities?.torch) return false;
      await track?.applyConstraints({ advanced: [{ torch: lit } as MediaTrackConstraintSet] });
      return lit;
    },
  };
}
