/** Pieces of a body of text between separators. What follows the last separator is left out: it was cut off. */
export async function* splitBody(response: Response, separator: string): AsyncGenerator<string, void, undefined> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = (rest + decoder.decode(value, { stream: true })).split(separator);
      rest = pieces.pop() ?? '';
      yield* pieces;
    }
  } finally {
    // Also for a reader that stops early. The turn goes on without it.
    await reader.cancel().catch(() => undefined);
  }
}
