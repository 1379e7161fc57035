// `<script src="https://worker/widget.js" data-employee="…">`: defines <frontdesk-chat>, and adds a floating one to the page if the script
// names an employee or has `data-floating`.
import { ChatElement } from './chatElement.ts';
import type { SupabaseClient, TokenCallback } from './signIn.ts';

const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : undefined;
if (script) ChatElement.defaultUrl = new URL(script.src).origin;
if (!customElements.get('frontdesk-chat')) customElements.define('frontdesk-chat', ChatElement);

const options = script?.dataset ?? {};
if (options['employee'] !== undefined || options['floating'] !== undefined) {
  if (document.body) addChat();
  else document.addEventListener('DOMContentLoaded', addChat);
}

function addChat(): void {
  const chat = document.createElement('frontdesk-chat') as ChatElement;
  chat.setAttribute('floating', '');
  for (const name of ['employee', 'heading', 'placeholder', 'theme']) {
    const value = options[name];
    if (value) chat.setAttribute(name, value);
  }
  document.body.append(chat);
  // The page may define them after this script.
  if (!connect(chat) && document.readyState !== 'complete') addEventListener('load', () => connect(chat), { once: true });
}

/** Gives the element the token callback or the Supabase client that the script names as global variables. Returns false if there is none. */
function connect(chat: ChatElement): boolean {
  const token = global(options['token']);
  const client = global(options['supabase']) ?? (token ? undefined : global('supabase'));
  if (typeof token === 'function') chat.token = token as TokenCallback;
  else if (isSupabaseClient(client)) chat.supabase = client;
  else return false;
  return true;
}

function global(name: string | undefined): unknown {
  return name === undefined ? undefined : Reflect.get(globalThis, name);
}

/** The global `supabase` may also be the library, which has no `auth`. */
function isSupabaseClient(value: unknown): value is SupabaseClient {
  return typeof value === 'object' && value !== null && 'auth' in value;
}
