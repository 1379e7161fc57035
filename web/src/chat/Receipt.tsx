import type { ReceiptData } from '../api/rows.ts';
import { formatNumber } from '../language/format.ts';
import { lookUp, useTexts } from '../language/language.ts';
import type { Lookups } from './lookups.ts';
import type { SourceDocument } from './messages.ts';
import { Sources } from './Sources.tsx';

interface Props {
  receipt: ReceiptData;
  /** Documents with a passage in the prompt. */
  documents: SourceDocument[];
  loadPassages: Lookups['passages'];
}

/** Contents of an answer's prompt, by section. */
export function Receipt({ receipt: { budget, counted, prefix, billed, cached, sections }, documents, loadPassages }: Props) {
  const { receipt: texts, common } = useTexts();
  const totals = [
    texts.of(formatNumber(counted), formatNumber(budget)),
    prefix > 0 && texts.same(formatNumber(prefix)),
    billed !== undefined && texts.billed(formatNumber(billed)),
    cached !== undefined && cached > 0 && texts.cached(formatNumber(cached)),
  ].filter(Boolean);
  return (
    <details className="receipt" data-testid="receipt">
      <summary>
        {texts.title}
        <span className="receipt-bar" aria-hidden="true">
          {sections.filter(({ tokens }) => tokens > 0).map(({ name, tokens }) => (
            <span key={name} data-section={name} title={`${lookUp(texts.sections, name) ?? name}: ${common.tokens(formatNumber(tokens))}`}
              style={{ inlineSize: `${(100 * tokens) / Math.max(budget, counted)}%` }} />
          ))}
        </span>
      </summary>
      <table>
        <thead><tr><th scope="col">{texts.part}</th><th scope="col">{texts.items}</th><th scope="col">{texts.tokens}</th><th scope="col">{texts.leftOut}</th></tr></thead>
        <tbody>
          {sections.filter(({ kept, dropped = [] }) => kept > 0 || dropped.length > 0).map(({ name, tokens, kept, dropped = [] }) => (
            <tr key={name}>
              <th scope="row">{lookUp(texts.sections, name) ?? name}</th>
              <td>{formatNumber(kept)}</td>
              <td>{formatNumber(tokens)}</td>
              <td>{dropped.map(({ reason, count }) => `${formatNumber(count)} ${lookUp(texts.reasons, reason) ?? reason}`).join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>{totals.join(' · ')}</p>
      {documents.length > 0 && <p>{texts.documents}</p>}
      <Sources label={texts.documents} testId="receipt-documents" sources={documents} loadPassages={loadPassages} />
    </details>
  );
}
