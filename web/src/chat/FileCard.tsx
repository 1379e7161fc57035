import { useState } from 'react';
import { openDownload } from '../ui/download.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { formatNumber } from '../language/format.ts';
import { useTexts } from '../language/language.ts';
import type { ExportedFile } from './exportedFile.ts';
import { Icon } from '../ui/Icon.tsx';
import type { Lookups } from './lookups.ts';

interface Props {
  file: ExportedFile;
  fileLink: Lookups['fileLink'];
}

/** A file that an answer made, with a download button. */
export function FileCard({ file: { id, name, rows, format }, fileLink }: Props) {
  const { answer, common } = useTexts();
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string>();
  const info = [rows !== undefined && answer.rows(rows, formatNumber(rows)), format?.toUpperCase()].filter(Boolean);

  async function download() {
    setIsBusy(true);
    setError(undefined);
    try {
      openDownload(await fileLink(id), name);
    } catch (failure) {
      setError(describeError(failure));
    }
    setIsBusy(false);
  }

  return (
    <div className="file-card" role="group" aria-label={name} data-testid="file">
      <Icon name="table" />
      <span className="file-info">
        <bdi className="file-name" title={name}>{name}</bdi>
        {info.length > 0 && <span className="muted">{info.join(' · ')}</span>}
      </span>
      <button type="button" className="button small" aria-disabled={isBusy} onClick={() => !isBusy && void download()}
        data-testid="download">{common.download}</button>
      {error && <ErrorNote text={error} />}
    </div>
  );
}
