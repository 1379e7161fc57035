// The looks of the components: those of the widget, below one class. Variables that a page may set begin with --frontdesk-.
import { CHAT_RULES, DARK, LIGHT } from '../../widget/src/styles.ts';

export const STYLES = `
.frontdesk { ${LIGHT}; color-scheme: light; display: block; block-size: 100%; color: var(--frontdesk-text, var(--ink)); font: 1rem/1.5 var(--frontdesk-font, system-ui, sans-serif); }
@media (prefers-color-scheme: dark) { .frontdesk:not([data-theme=light]) { ${DARK}; color-scheme: dark; } }
.frontdesk[data-theme=dark] { ${DARK}; color-scheme: dark; }
.frontdesk {${CHAT_RULES}}
.frontdesk.sessions {
  --r: var(--frontdesk-radius, .75rem);
  display: flex; flex-direction: column; gap: .5rem; overflow: auto; padding: .75rem;
  ul { display: grid; gap: .25rem; margin: 0; padding: 0; list-style: none; }
  li { flex-wrap: nowrap; }
  .session { flex: 1; min-inline-size: 0; display: grid; text-align: start; overflow-wrap: anywhere; }
  .session[aria-current] { background: var(--tint); }
}
`;
