import { useRef, type ChangeEvent } from 'react';
import type { Employee } from '../api/api.ts';
import { formatList } from '../language/format.ts';
import { texts, useTexts } from '../language/language.ts';
import { DOCUMENT_TYPES } from '../documents/DocumentsPanel.tsx';
import { Icon } from '../ui/Icon.tsx';

const PICTURE_TYPES = '.png,.jpg,.jpeg,.webp,.tif,.tiff,image/png,image/jpeg,image/webp,image/tiff';

/** Picks files for the conversation, of all kinds. */
export function AttachButton({ onPick }: { onPick: (files: File[]) => void }) {
  const { chat } = useTexts();
  const picker = useRef<HTMLInputElement>(null);

  function pick({ target }: ChangeEvent<HTMLInputElement>) {
    if (target.files?.length) onPick([...target.files]);
    // Without this, picking the same file again fires no event.
    target.value = '';
  }

  return (
    <>
      <button type="button" className="button icon-only attach-button" aria-label={chat.attach} title={chat.attachHint}
        onClick={() => picker.current?.click()} data-testid="attach">
        <Icon name="attach" />
      </button>
      <input ref={picker} type="file" hidden multiple accept={`${PICTURE_TYPES},${DOCUMENT_TYPES}`} onChange={pick} data-testid="picture-picker" />
    </>
  );
}

/** True for a file that goes with the next message: a picture, or a scan for an employee who reads pictures. Others become documents. */
export function isPicture({ type }: File, employee: Employee | undefined): boolean {
  return type.startsWith('image/') || (type === 'application/pdf' && employee?.reads_pictures === true);
}

/** Explains that an employee reads no pictures, and names those that do. */
export function noPicturesText(employee: Employee, employees: Employee[]): string {
  const { chat } = texts();
  const others = employees.filter(({ reads_pictures: readsPictures }) => readsPictures).map(({ title }) => title);
  const hint = others.length > 0 ? ` ${chat.askInstead(formatList(others, 'disjunction'))}` : '';
  return chat.noPictures(employee.title) + hint;
}
