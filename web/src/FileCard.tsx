import { useState } from 'react';
import { ErrorNote } from './ErrorNote.tsx';
import type { MadeFile } from './file.ts';
import { Icon } from './Icon.tsx';
import type { Lookups } from './lookups.ts';
import { explain } from './problem.ts';

interface Props {
  file: MadeFile;
  linkOf: Lookups['linkOf'];
}

/** A file that was made in an answer. */
export function FileCard({ file: { id, name, rows, format }, linkOf }: Props) {
  const [isBusy, setIsBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const facts = [rows !== undefined && `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`, format?.toUpperCase()].filter(Boolean);

  async function download() {
    setIsBusy(true);
    setRefusal(undefined);
    try {
      follow(await linkOf(id), name);
    } catch (failure) {
      setRefusal(explain(failure));
    }
    setIsBusy(false);
  }

  return (
    <div className="file-card" role="group" aria-label={name} data-testid="file">
      <Icon name="table" />
      <span className="file-about">
        <bdi className="file-name" title={name}>{name}</bdi>
        {facts.length > 0 && <span className="quiet">{facts.join(' · ')}</span>}
      </span>
      <button type="button" className="button small" aria-disabled={isBusy} onClick={() => !isBusy && void download()}
        data-testid="download">Download</button>
      {refusal && <ErrorNote text={refusal} />}
    </div>
  );
}

/** Where the link leads elsewhere, the browser may show the file instead of keeping it: not in the place of this page. */
function follow(href: string, name: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.rel = 'noopener noreferrer';
  if (link.origin !== location.origin) link.target = '_blank';
  link.click();
}
