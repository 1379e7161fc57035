import type { ReceiptData } from '../api/rows.ts';

const SECTIONS: Record<string, string> = {
  persona: 'Persona', tools: 'Tools', summary: 'Earlier in this conversation', recent: 'Recent messages',
  facts: 'Facts about you', memories: 'Earlier conversations and documents', message: 'Your message',
  values: 'Personal values in place of placeholders',
};

const REASONS: Record<string, string> = {
  budget: 'without room', duplicate: 'already there', empty: 'without text', other_branch: 'of another version',
  unavailable: 'unavailable in time',
};

/** Contents of an answer's prompt, by section. */
export function Receipt({ receipt: { budget, counted, prefix, billed, cached, sections } }: { receipt: ReceiptData }) {
  const totals = [
    `${number(counted)} of ${number(budget)} tokens`,
    prefix > 0 && `${number(prefix)} same as in the prompt before`,
    billed !== undefined && `${number(billed)} billed`,
    cached !== undefined && cached > 0 && `${number(cached)} of them from the cache`,
  ].filter(Boolean);
  return (
    <details className="receipt" data-testid="receipt">
      <summary>
        What the model read
        <span className="receipt-bar" aria-hidden="true">
          {sections.filter(({ tokens }) => tokens > 0).map(({ name, tokens }) => (
            <span key={name} data-section={name} title={`${SECTIONS[name] ?? name}: ${number(tokens)} tokens`}
              style={{ inlineSize: `${(100 * tokens) / Math.max(budget, counted)}%` }} />
          ))}
        </span>
      </summary>
      <table>
        <thead><tr><th scope="col">Part</th><th scope="col">Items</th><th scope="col">Tokens</th><th scope="col">Left out</th></tr></thead>
        <tbody>
          {sections.filter(({ kept, dropped = [] }) => kept > 0 || dropped.length > 0).map(({ name, tokens, kept, dropped = [] }) => (
            <tr key={name}>
              <th scope="row">{SECTIONS[name] ?? name}</th>
              <td>{number(kept)}</td>
              <td>{number(tokens)}</td>
              <td>{dropped.map(({ reason, count }) => `${number(count)} ${REASONS[reason] ?? reason}`).join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>{totals.join(' · ')}</p>
    </details>
  );
}

function number(value: number): string {
  return value.toLocaleString('en');
}
