import { useRef, type ChangeEvent } from 'react';
import type { Employee } from './api.ts';
import { Icon } from './Icon.tsx';

/** File types that an employee who reads pictures accepts; scans are PDFs. */
const ACCEPTED_TYPES = '.png,.jpg,.jpeg,.webp,.tif,.tiff,.pdf,image/png,image/jpeg,image/webp,image/tiff,application/pdf';

interface Props {
  /** Employee that the message is for; undefined while unknown. */
  employee: Employee | undefined;
  onPick: (files: Iterable<File>) => void;
  /** Called instead of the file picker if the employee reads no pictures. */
  onUnsupported: () => void;
}

/** Picks pictures for the next message. */
export function AttachButton({ employee, onPick, onUnsupported }: Props) {
  const picker = useRef<HTMLInputElement>(null);

  function pick({ target }: ChangeEvent<HTMLInputElement>) {
    if (target.files?.length) onPick(target.files);
    // Without this, picking the same file again fires no event.
    target.value = '';
  }

  return (
    <>
      <button type="button" className="button icon-only attach-button" aria-label="Attach a picture" title="Attach a picture or a scanned PDF"
        onClick={() => (employee && !employee.reads_pictures ? onUnsupported() : picker.current?.click())} data-testid="attach">
        <Icon name="attach" />
      </button>
      <input ref={picker} type="file" hidden multiple accept={ACCEPTED_TYPES} onChange={pick} data-testid="picture-picker" />
    </>
  );
}

/** Explains that an employee reads no pictures, and names those that do. */
export function noPicturesText(employee: Employee, employees: Employee[]): string {
  const others = employees.filter(({ reads_pictures: readsPictures }) => readsPictures).map(({ title }) => title);
  const hint = others.length > 0 ? ` Ask ${new Intl.ListFormat('en', { type: 'disjunction' }).format(others)}.` : '';
  return `${employee.title} does not read pictures.${hint}`;
}
