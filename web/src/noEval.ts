// Zod, which the AI SDK validates with, tries `new Function` for speed. The Content-Security-Policy forbids that, and the browser
// would report the attempt on every visit. This module must be imported first: Zod reads the setting while it loads.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
