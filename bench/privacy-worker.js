// A Worker that looks for personal data with the engine that is named, as often as it is told.

/** @param {Record<string, (text: string) => ArrayLike<number>>} engines each gives starts and ends */
export const serve = (engines) => ({
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const find = engines[searchParams.get('engine')];
    if (!find) return new Response('ok');
    const texts = await request.json();
    let found = 0;
    for (let round = 0; round < Number(searchParams.get('rounds')); round += 1) {
      found = 0;
      for (const text of texts) found += find(text).length / 2;
    }
    return new Response(String(found));
  },
});
