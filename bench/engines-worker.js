// A Worker that runs a named engine over the texts of a request, for a number of rounds.

/**
 * @param {Record<string, () => ((text: string) => number) | Promise<(text: string) => number>>} engines
 *   factories by name; an engine is created on first use, and returns its number of findings in a text
 */
export function serve(engines) {
  const created = {};
  return {
    async fetch(request) {
      const { searchParams } = new URL(request.url);
      const name = searchParams.get('engine');
      if (!engines[name]) return new Response('ok');
      const texts = await request.json();
      const rounds = Number(searchParams.get('rounds'));
      let found = 0;
      for (let round = 0; round < rounds; round += 1) {
        created[name] ??= await engines[name]();
        found = 0;
        for (const text of texts) found += created[name](text);
      }
      return new Response(String(found));
    },
  };
}
