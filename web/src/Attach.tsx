import { useRef, type ChangeEvent } from 'react';
import type { Employee } from './api.ts';
import { Icon } from './Icon.tsx';

/** What employees that read pictures take: scans too. */
const KINDS = '.png,.jpg,.jpeg,.webp,.tif,.tiff,.pdf,image/png,image/jpeg,image/webp,image/tiff,application/pdf';

interface Props {
  reader: Employee | undefined;
  onPick: (files: Iterable<File>) => void;
  /** Pictures are wanted of somebody who reads none. */
  onUnread: () => void;
}

/** Picks pictures for the next message. */
export function Attach({ reader, onPick, onUnread }: Props) {
  const picker = useRef<HTMLInputElement>(null);

  function pick({ target }: ChangeEvent<HTMLInputElement>) {
    if (target.files?.length) onPick(target.files);
    // The same file may be picked again.
    target.value = '';
  }

  return (
    <>
      <button type="button" className="button icon-only attach" aria-label="Attach a picture" title="Attach a picture or a scanned PDF"
        onClick={() => (reader && !reader.reads_pictures ? onUnread() : picker.current?.click())} data-testid="attach">
        <Icon name="attach" />
      </button>
      <input ref={picker} type="file" hidden multiple accept={KINDS} onChange={pick} data-testid="picture-picker" />
    </>
  );
}

/** Says that somebody reads no pictures, and who does. */
export function unreadBy(reader: Employee, employees: Employee[]): string {
  const others = employees.filter((employee) => employee.reads_pictures).map(({ title }) => title);
  const hint = others.length > 0 ? ` Ask ${new Intl.ListFormat('en', { type: 'disjunction' }).format(others)}.` : '';
  return `Pictures are not read by ${reader.title}.${hint}`;
}
