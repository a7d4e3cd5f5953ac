// Names as people type them: a part of what the platform's searches do (chalicelib/folding.py), for a list in the page.

/** Letters that have no parts, and those that keyboards of Arabic, Persian and Urdu exchange. */
const LETTERS: Readonly<Record<string, string>> = { ø: "o", ł: "l", đ: "d", ı: "i", æ: "ae", œ: "oe", ß: "ss", ى: "ي", ی: "ي", ک: "ك", ہ: "ه", ە: "ه" };
/** Words that mean the same between two others. */
const ANDS: ReadonlySet<string> = new Set(["and", "n", "اور", "و"]);

/** The words of a text without case, accents and punctuation. */
function wordsOf(text: string): string[] {
  const plain = text.normalize("NFKD").toLowerCase().replace(/[\p{M}\p{Cf}ـ'’ʼ]/gu, "");
  return plain
    .replace(/[øłđıæœßىیکہە]/gu, (letter) => LETTERS[letter] ?? letter)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/** Whether a text has words that begin as each of the typed ones; an *and* between two words may have any spelling. */
export function isFound(text: string, typed: string): boolean {
  const mine = wordsOf(text);
  const wanted = wordsOf(typed);
  const whole = wanted.join("");
  const counts = wanted.filter((word, place) => place === 0 || place === wanted.length - 1 || !ANDS.has(word));
  return counts.every((word) => mine.some((each) => each.startsWith(word))) || mine.some((_, place) => mine.slice(place).join("").startsWith(whole));
}
