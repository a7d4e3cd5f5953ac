// Reads something again: until it is over, such as a long work of the platform, or as long as its page is looked at.
import { useEffect, useRef } from "preact/hooks";

import { isFinal, Refused } from "./api/client.ts";

const EVERY = 1000;
const LONGEST_PAUSE = 15_000;

export interface Repeated<T> {
  read(): Promise<T>;
  isOver(found: T): boolean;
  take(found: T): void;
  /** Take why a reading failed. The next one comes by itself, unless the platform refuses it for good. */
  fail(problem: unknown): void;
  /** Milliseconds between two readings. */
  every?: number;
}

/** Read until it is over: after a lost answer too, with pauses that grow. Returns what stops it. */
export function readUntil<T>({ read, isOver, take, fail, every = EVERY }: Repeated<T>): () => void {
  let stopped = false;
  let wake = 0;
  let lost = 0;
  const later = (pause: number): void => {
    wake = setTimeout(() => void turn(), pause);
  };
  const turn = async (): Promise<void> => {
    let found: T;
    try {
      found = await read();
    } catch (problem) {
      if (stopped) return;
      fail(problem);
      lost += 1;
      const asked = problem instanceof Refused ? (problem.retryAfter ?? 0) * 1000 : 0;
      if (!isFinal(problem)) later(Math.max(asked, Math.min(LONGEST_PAUSE, every * 2 ** lost)));
      return;
    }
    if (stopped) return;
    lost = 0;
    take(found);
    if (!isOver(found)) later(every);
  };
  void turn();
  return () => {
    stopped = true;
    clearTimeout(wake);
  };
}

/** Do something whenever the page is looked at once more, and, given `every`, so many milliseconds apart while it is. */
export function useAgain(again: () => void, every = 0): void {
  const present = useRef(again);
  present.current = again;
  useEffect(() => {
    const turn = (): void => {
      if (document.visibilityState === "visible") present.current();
    };
    const wake = every ? setInterval(turn, every) : 0;
    document.addEventListener("visibilitychange", turn);
    return () => {
      clearInterval(wake);
      document.removeEventListener("visibilitychange", turn);
    };
  }, [every]);
}
