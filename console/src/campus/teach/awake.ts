// The screen stays on while a view is shown that people look at without touching it.
import { useEffect } from "preact/hooks";

/** Keep the screen awake where the browser can. The lock ends with each change of tab, so it is taken again. */
export function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let isGone = false;
    const take = async (): Promise<void> => {
      if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
      const taken = await navigator.wakeLock.request("screen").catch(() => null); // low battery: the screen may sleep
      if (isGone) await taken?.release();
      else lock = taken;
    };
    const again = (): void => void take();
    document.addEventListener("visibilitychange", again);
    void take();
    return () => {
      isGone = true;
      document.removeEventListener("visibilitychange", again);
      void lock?.release();
    };
  }, []);
}
