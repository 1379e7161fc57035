import { readError } from './error.ts';

export interface Options {
  /** Address of the Worker. Default: the origin of the page. */
  url?: string;
  /**
   * Access token of the user. It is asked for before each request; after a 401 once more, with the token that was refused.
   */
  token?: (refused?: string) => string | null | undefined | Promise<string | null | undefined>;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
  /** Milliseconds before the first attempt to resume an answer; each further one waits twice as long. Default: 250. */
  retryDelay?: number;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Values of a query; those that are undefined are left out. */
export type Query = Record<string, string | number | boolean | null | undefined>;

export interface Call {
  query?: Query;
  json?: unknown;
  body?: Exclude<RequestInit['body'], null | undefined>;
  type?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** True for a request that outlives its page. */
  keepalive?: boolean;
}

/** Sends a request. Rejects with a `FrontdeskError` for an error response, and as `fetch` does where there is none. */
export type Send = (method: Method, path: string, call?: Call) => Promise<Response>;

/**
 * `fetch` with the access token of the user. Rejects with a `FrontdeskError` for an error response, and as `fetch` does where there is
 * none. For clients of others, such as a transport of the AI SDK.
 */
export function createFetch({ token, fetch: send = fetch }: Options): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const attempt = (access: string | null | undefined) => send(url, access ? withToken(init, access) : init);
    const access = await token?.();
    let response = await attempt(access);
    // A stream can be sent only once.
    if (response.status === 401 && token && access && !(init.body instanceof ReadableStream)) {
      const renewed = await token(access);
      if (renewed && renewed !== access) response = await attempt(renewed);
    }
    // 304: the caller has the body.
    if (!response.ok && response.status !== 304) throw await readError(response);
    return response;
  };
}

function withToken(init: RequestInit, access: string): RequestInit {
  return { ...init, headers: { ...Object.fromEntries(new Headers(init.headers)), authorization: `Bearer ${access}` } };
}

export function createSend(options: Options): Send {
  const base = (options.url ?? '').replace(/\/+$/, '');
  const send = createFetch(options);
  return (method, path, call = {}) => send(base + path + queryOf(call.query), requestOf(method, call));
}

function requestOf(method: Method, call: Call): RequestInit {
  const { json, body = json === undefined ? null : JSON.stringify(json), signal = null, keepalive = false } = call;
  const headers = { ...call.headers };
  const type = json === undefined ? call.type : 'application/json';
  if (type) headers['content-type'] = type;
  const init: RequestInit & { duplex?: 'half' } = { method, headers, body, signal, keepalive };
  if (body instanceof ReadableStream) init.duplex = 'half';
  return init;
}

function queryOf(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}
