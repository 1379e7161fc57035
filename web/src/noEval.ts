// The validator behind the AI SDK tries `new Function` for speed. The Content-Security-Policy forbids that, as it should,
// and the browser would report the attempt on every visit. Imported first: the validator reads this when it loads.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
