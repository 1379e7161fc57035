import { Conversation } from './conversation.ts';
import { h } from './dom.ts';
import { renderEntry } from './entryView.ts';
import { tokenOf, type SupabaseClient, type TokenCallback } from './signIn.ts';
import { STYLES } from './styles.ts';

/** Pixels from the end within which a reader follows new text. */
const NEAR_END = 80;

/**
 * `<frontdesk-chat>`: a conversation in a shadow root. Attributes: `url`, `employee`, `heading`, `placeholder`, `theme` (`light`, `dark`),
 * `floating` (a button that opens it). Properties: `token` (a callback) or `supabase` (the page's client).
 */
export class ChatElement extends HTMLElement {
  /** Address of the Worker that served the script. */
  static defaultUrl = '';

  #token: TokenCallback | undefined;
  #conversation: Conversation | undefined;
  #unsubscribe: (() => void) | undefined;
  #frame = 0;
  #isQueued = false;
  readonly #messages = h('div', { class: 'messages', role: 'log', 'aria-live': 'polite', 'aria-label': 'Messages', tabindex: '0', part: 'messages' });
  readonly #note = h('p', { class: 'note error', role: 'alert', hidden: true });
  readonly #field = h('textarea', { rows: '1', 'aria-label': 'Message', onkeydown: (event) => this.#onKey(event as KeyboardEvent) });
  readonly #button = h('button', { class: 'main' }, 'Send');
  readonly #title = h('strong', {});
  readonly #form = h('form', { onsubmit: (event) => this.#onSubmit(event) }, this.#field, this.#button);
  readonly #panel = h('section', { class: 'chat', part: 'chat' },
    h('header', { part: 'header' }, this.#title,
      h('button', { type: 'button', class: 'plain', onclick: () => this.#conversation?.startNew() }, 'New chat'),
      h('button', { type: 'button', class: 'plain close', 'aria-label': 'Close', onclick: () => this.#toggle(false) }, '✕')),
    this.#messages, this.#note, this.#form);
  readonly #launcher = h('button', { type: 'button', class: 'launcher', part: 'launcher', 'aria-expanded': 'false', onclick: () => this.#toggle(this.#panel.hidden === true) }, 'Chat');

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
    root.adoptedStyleSheets = [sheet];
    root.append(this.#panel, this.#launcher);
    root.addEventListener('keydown', (event) => {
      if ((event as KeyboardEvent).key === 'Escape' && this.hasAttribute('floating')) this.#toggle(false);
    });
  }

  /** Returns the access token of the user. */
  set token(token: TokenCallback | undefined) {
    this.#unsubscribe?.();
    this.#token = token;
    if (this.isConnected) this.#open();
  }

  /** The page's Supabase client: signing in and out there does so here. */
  set supabase(client: SupabaseClient) {
    this.token = tokenOf(client);
    const listened = client.auth.onAuthStateChange?.((event) => {
      // Not while the client calls: it would wait for itself.
      if (event === 'SIGNED_IN' || event === 'SIGNED_OUT') setTimeout(() => this.refresh());
    });
    this.#unsubscribe = () => listened?.data.subscription.unsubscribe();
  }

  connectedCallback(): void {
    // A property that was set before the element was defined hides its setter.
    for (const name of ['token', 'supabase'] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value = Reflect.get(this, name);
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    const isFloating = this.hasAttribute('floating');
    this.#launcher.hidden = !isFloating;
    this.#panel.hidden = isFloating;
    this.#panel.querySelector<HTMLElement>('.close')!.hidden = !isFloating;
    this.#title.textContent = this.getAttribute('heading') ?? 'Chat';
    this.#launcher.textContent = this.getAttribute('heading') ?? 'Chat';
    this.#panel.setAttribute('aria-label', this.getAttribute('heading') ?? 'Chat');
    this.#field.placeholder = this.getAttribute('placeholder') ?? 'Write a message';
    this.#open();
  }

  disconnectedCallback(): void {
    this.#conversation?.leave();
  }

  /** Asks for the token again: call it after the user has signed in or out. */
  refresh(): void {
    if (this.isConnected) this.#open();
  }

  #open(): void {
    this.#conversation?.leave();
    const url = this.getAttribute('url') ?? ChatElement.defaultUrl;
    const settings = { url, employee: this.getAttribute('employee') ?? undefined, token: this.#token };
    const conversation = new Conversation(settings, () => { if (this.#conversation === conversation) this.#changed(); });
    this.#conversation = conversation;
    this.#changed();
    void conversation.open();
  }

  /** Renders once a frame, however many events come. */
  #changed(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.#isQueued = false;
      this.#render();
    });
  }

  #render(): void {
    const conversation = this.#conversation;
    if (!conversation) return;
    const { state, error, entries } = conversation;
    const list = this.#messages;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END;
    // Messages before the last two do not change while an answer runs: their elements stay, and with them a selection of the reader.
    const rendered = entries.map((entry, n) => {
      const shown = n < entries.length - 2 ? this.#shown.get(entry) : undefined;
      return shown ?? renderEntry(entry, conversation);
    });
    this.#shown = new Map(entries.map((entry, n) => [entry, rendered[n]!]));
    list.replaceChildren(...rendered, ...(state === 'signed-out' ? [h('p', { class: 'soft' }, 'Sign in to this page to chat.')] : []));
    list.setAttribute('aria-busy', String(state === 'loading' || state === 'running'));
    if (isAtEnd) list.scrollTop = list.scrollHeight;
    this.#note.hidden = error === undefined;
    this.#note.textContent = error ?? '';
    this.#form.hidden = state === 'signed-out';
    this.#button.textContent = state === 'running' ? 'Stop' : 'Send';
    this.#button.disabled = state === 'loading';
  }

  #shown = new Map<Conversation['entries'][number], HTMLElement>();

  #onKey(event: KeyboardEvent): void {
    // A composing input method takes Enter for itself.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (this.#conversation?.state !== 'running') this.#form.requestSubmit();
  }

  async #onSubmit(event: Event): Promise<void> {
    event.preventDefault();
    const conversation = this.#conversation;
    if (conversation?.state === 'running') return conversation.stop();
    const text = this.#field.value.trim();
    if (!conversation || conversation.state !== 'ready' || !text) return;
    this.#field.value = '';
    const isAccepted = await conversation.send(text);
    if (!isAccepted && this.#field.value === '') this.#field.value = text;
  }

  #toggle(isOpen: boolean): void {
    this.#panel.hidden = !isOpen;
    this.#launcher.setAttribute('aria-expanded', String(isOpen));
    (isOpen ? this.#field : this.#launcher).focus();
  }
}
