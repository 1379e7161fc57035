// Makes one PGlite safe for several socket clients.
//
// pglite-socket queues the protocol's messages, not queries, and holds a client's turn only inside an explicit
// transaction. A query sent as Parse, Bind, Execute, Sync can so be cut in two by another client's Parse, and answers
// with the other one's rows. Here the turn lasts until Sync.

const PARSE = 'P'.charCodeAt(0);
const BIND = 'B'.charCodeAt(0);
const DESCRIBE = 'D'.charCodeAt(0);
const EXECUTE = 'E'.charCodeAt(0);
const CLOSE = 'C'.charCodeAt(0);
const FLUSH = 'H'.charCodeAt(0);
const UNFINISHED = new Set([PARSE, BIND, DESCRIBE, EXECUTE, CLOSE, FLUSH]);
const SYNC = Uint8Array.of('S'.charCodeAt(0), 0, 0, 0, 4);

/**
 * @param {import('@electric-sql/pglite').PGlite} database
 * @param {(error: Error) => void} onCrash the engine itself failed, as opposed to a statement
 * @returns {import('@electric-sql/pglite').PGlite} what PGLiteSocketServer uses of it, with the longer turns
 */
export function oneClientAtATime(database, onCrash) {
  let unfinished = false;
  const overrides = {
    isInTransaction: () => unfinished || database.isInTransaction(),

    /** @type {typeof database.execProtocolRawStream} */
    async execProtocolRawStream(message, options) {
      unfinished = UNFINISHED.has(message[0]);
      // A failed call leaves pglite-socket's queue locked for ever, so nothing could be saved by going on.
      return database.execProtocolRawStream(message, options).catch(onCrash);
    },

    /** Called with ROLLBACK when a client leaves in the middle of its turn. @type {typeof database.exec} */
    async exec(sql, options) {
      if (unfinished) {
        await database.execProtocolRaw(SYNC);
        unfinished = false;
      }
      return database.exec(sql, options);
    },
  };
  return new Proxy(database, {
    get(target, name) {
      if (name in overrides) return overrides[/** @type {keyof typeof overrides} */ (name)];
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
