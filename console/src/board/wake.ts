// The screen of a Board stays on as long as the page is seen, where the browser allows it.

/** Keep the screen on; the returned function ends that. */
export function stayAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  let ended = false;
  const ask = async (): Promise<void> => {
    if (ended || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    try {
      lock = await navigator.wakeLock.request("screen");
      if (ended) await lock.release();
    } catch {
      // a low battery, or a setting: the screen follows the system
    }
  };
  const again = (): void => void ask();
  // The browser takes the lock away from a page that is hidden.
  document.addEventListener("visibilitychange", again);
  void ask();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", again);
    void lock?.release().catch(() => undefined);
  };
}
