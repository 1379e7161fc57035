// A Worker that lets the engine that is named work through texts, as often as it is told.

/**
 * @param {Record<string, () => ((text: string) => number) | Promise<(text: string) => number>>} engines each is made when
 *   it is first asked for, and then counts what it finds in a text
 */
export function serve(engines) {
  const made = {};
  return {
    async fetch(request) {
      const { searchParams } = new URL(request.url);
      const name = searchParams.get('engine');
      if (!engines[name]) return new Response('ok');
      const texts = await request.json();
      const rounds = Number(searchParams.get('rounds'));
      let found = 0;
      for (let round = 0; round < rounds; round += 1) {
        made[name] ??= await engines[name]();
        found = 0;
        for (const text of texts) found += made[name](text);
      }
      return new Response(String(found));
    },
  };
}
