// The module that workerd loads: exports what the compiled Worker offers, and goes on with a new instance of it after a trap.
//
// A panic aborts (`panic = "abort"`), and with it ends the instance: the memory that all calls in the isolate share. Nothing of it will
// settle a promise or end a stream, so calls in flight are rejected here, and the Durable Object of the trap is reset, which ends its
// streams. The next call must find a new instance, and every Durable Object a new object in it: wasm-bindgen's guard starts the
// instance, this module the objects. `dev/build/worker.mjs` adds the exports of the Durable Objects' classes.
import { WorkerEntrypoint } from 'cloudflare:workers';
import * as compiled from './index.js';

/** Methods of wasm-bindgen's classes that are no events of a Durable Object. */
const OWN_METHODS = ['constructor', 'free', '__destroy_into_raw'];

Error.stackTraceLimit = 100;

// The crate `worker` keeps this object: its panic hook sets `criticalError`, each instance that starts raises `instanceId`.
const state = compiled.__worker_init_state();
let knownInstance = state.instanceId;

/** Rejections of the calls in flight. @type {Set<(error: unknown) => void>} */
const rejections = new Set();

/** Contexts of the Durable Objects in this isolate. @type {Set<WeakRef<DurableObjectState>>} */
const contexts = new Set();
const collected = new FinalizationRegistry((reference) => contexts.delete(reference));

// A trap outside of the calls below: in a future that is polled later.
addEventListener('error', ({ error }) => noteTrap(error));

/** @param {unknown} error */
function noteTrap(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  console.error('Critical', error);
  state.criticalError = true;
  for (const reject of rejections) reject(error);
  rejections.clear();
  for (const context of contexts) abort(context.deref());
}

/**
 * Resets a Durable Object if the trap happened in it: workerd allows it for no other. What it had not confirmed as stored is lost, as in
 * any crash.
 * @param {DurableObjectState | undefined} context
 */
function abort(context) {
  try {
    context?.abort('The instance of WebAssembly trapped.');
  } catch {
    // The trap happened elsewhere. The object gets its new instance with its next event.
  }
}

/**
 * Starts a new instance if the last one trapped. Must come before anything of an instance is touched: the guard inside of a call
 * would start the new one, and then use the address of an object of the old.
 * @returns {number} the id of the instance that runs
 */
function currentInstance() {
  // Any export runs the guard; this one does nothing else.
  compiled.__worker_init_state();
  if (state.criticalError) {
    // A guard has been here before, perhaps since: a second start would end what runs by now.
    if (state.instanceId === knownInstance) compiled.__wbg_reset_state();
    state.criticalError = false;
    console.log('The Worker goes on in a new instance');
  }
  knownInstance = state.instanceId;
  return knownInstance;
}

/**
 * Calls into the instance. A promise that it returns is rejected by a trap, wherever in the isolate that happens.
 * @template Result
 * @param {() => Result} call
 */
function notingTraps(call) {
  try {
    const result = call();
    if (!(result instanceof Promise)) return result;
    return new Promise((resolve, reject) => {
      rejections.add(reject);
      result.then(resolve, reject).finally(() => rejections.delete(reject));
    });
  } catch (error) {
    noteTrap(error);
    throw error;
  }
}

export default class extends WorkerEntrypoint {
  /** @param {Request} request */
  fetch(request) {
    currentInstance();
    return notingTraps(() => compiled.fetch(request, this.env, this.ctx));
  }
}

/**
 * A class for workerd whose object is made anew in each new instance.
 * @param {new (ctx: DurableObjectState, env: object) => object} Compiled
 */
export function durableObject(Compiled) {
  return class DurableObject {
    #ctx;
    #env;
    #instance = 0;
    #object;

    static {
      const events = Object.getOwnPropertyNames(Compiled.prototype).filter((method) => !OWN_METHODS.includes(method));
      for (const event of events) {
        DurableObject.prototype[event] = function callEvent(...values) {
          const object = this.#current();
          return notingTraps(() => object[event](...values));
        };
      }
    }

    constructor(ctx, env) {
      this.#ctx = ctx;
      this.#env = env;
      const context = new WeakRef(ctx);
      contexts.add(context);
      collected.register(ctx, context);
      this.#current();
    }

    #current() {
      const instance = currentInstance();
      if (this.#instance !== instance) {
        this.#object = notingTraps(() => new Compiled(this.#ctx, this.#env));
        this.#instance = instance;
      }
      return this.#object;
    }
  };
}
