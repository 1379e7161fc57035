// Variables that a page may set on <frontdesk-chat> begin with --frontdesk-.
/** Colours of the light theme. */
export const LIGHT = '--paper:#faf9f6;--raised:#fff;--ink:#21211d;--soft:#63625a;--line:#e3e0d7;--accent:#1f6b58;--tint:#e4efea;--on-accent:#fff;--danger:#9b3022';
/** Colours of the dark theme. */
export const DARK = '--paper:#191a18;--raised:#222320;--ink:#ecebe4;--soft:#a3a298;--line:#34352f;--accent:#6cc3a8;--tint:#21352e;--on-accent:#0d211b;--danger:#f0a08f';

/** Rules for a chat, inside of a root that has the colours. */
export const CHAT_RULES = `
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.chat {
  --a: var(--frontdesk-accent, var(--accent)); --on-a: var(--frontdesk-on-accent, var(--on-accent));
  --bg: var(--frontdesk-background, var(--paper)); --fg: var(--frontdesk-text, var(--ink)); --r: var(--frontdesk-radius, .75rem);
  display: flex; flex-direction: column; block-size: 100%; overflow: hidden; background: var(--bg); color: var(--fg);
  border: 1px solid var(--line); border-radius: var(--r);
}
header { display: flex; align-items: center; gap: .5rem; padding: .6rem .5rem .6rem 1rem; border-block-end: 1px solid var(--line); }
header strong { flex: 1; min-inline-size: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.messages { flex: 1; overflow: auto; padding: 1rem; display: flex; flex-direction: column; gap: .75rem; overflow-wrap: anywhere; }
.messages p, .messages ul, .messages ol, .messages pre { margin: 0; }
.messages ul, .messages ol { padding-inline-start: 1.4rem; }
.messages pre { overflow: auto; padding: .6rem; border-radius: calc(var(--r) / 2); background: color-mix(in srgb, var(--fg) 7%, transparent); }
.messages code { font: .875em/1.5 ui-monospace, monospace; }
.messages a { color: var(--a); }
.user { align-self: end; max-inline-size: 85%; padding: .5rem .75rem; border-radius: var(--r); background: var(--tint); white-space: pre-wrap; }
.assistant { display: flex; flex-direction: column; gap: .6rem; }
.soft { color: var(--soft); font-size: .875rem; }
.card { padding: .75rem; border: 1px solid var(--line); border-radius: var(--r); background: var(--raised); display: grid; gap: .5rem; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; }
.error { color: var(--danger); }
.note { margin: 0; padding: .5rem 1rem; }
form { display: flex; align-items: end; gap: .5rem; padding: .75rem; border-block-start: 1px solid var(--line); }
textarea { flex: 1; min-inline-size: 0; max-block-size: 8rem; resize: none; field-sizing: content; padding: .5rem .75rem; font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: var(--r); }
button { font: inherit; padding: .45rem .9rem; border: 1px solid var(--line); border-radius: var(--r); background: var(--raised); color: inherit; cursor: pointer; }
button.main { background: var(--a); color: var(--on-a); border-color: transparent; }
button.plain { border-color: transparent; background: none; padding: .35rem .6rem; }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--a, var(--frontdesk-accent, var(--accent))); outline-offset: 2px; }
.hidden { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;

export const STYLES = `
:host { ${LIGHT}; color-scheme: light; display: block; block-size: 32rem; font: 1rem/1.5 var(--frontdesk-font, system-ui, sans-serif); }
@media (prefers-color-scheme: dark) { :host(:not([theme=light])) { ${DARK}; color-scheme: dark; } }
:host([theme=dark]) { ${DARK}; color-scheme: dark; }
:host([hidden]) { display: none; }
:host([floating]) { position: fixed; inset: auto 1rem 1rem auto; z-index: 2147483000; block-size: auto; }
${CHAT_RULES}
:host([floating]) .chat { inline-size: min(24rem, calc(100vw - 2rem)); block-size: min(36rem, calc(100vh - 6rem)); margin-block-end: .75rem; box-shadow: 0 8px 30px rgb(0 0 0 / 22%); }
.launcher { display: block; margin-inline-start: auto; padding: .7rem 1.2rem; border-radius: 99rem; background: var(--frontdesk-accent, var(--accent)); color: var(--frontdesk-on-accent, var(--on-accent)); border-color: transparent; box-shadow: 0 4px 16px rgb(0 0 0 / 22%); }
`;
