// The clipboard: a page without TLS has none, and a browser may refuse it.

/** Copy a text; answer whether it was copied. Where it was not, the text is still there to be selected. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
