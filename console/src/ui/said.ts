// What a page has said and still shows: kept as what makes the words, so that they follow the language.
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";

/** Makes words in the language of the page. */
export type Saying = () => string;

/** Words that stay on the page. */
export class Said {
  private readonly words = signal<Saying>(() => "");

  get value(): string {
    return this.words.value();
  }

  /** Set what makes the words, or "" for none. */
  set value(next: Saying | "") {
    this.words.value = next || (() => "");
  }
}

export const useSaid = (): Said => useMemo(() => new Said(), []);
