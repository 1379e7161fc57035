import { useEffect, useState, type KeyboardEvent } from 'react';
import type { Employee } from './api.ts';
import { nameBegun } from './mention.ts';

const LIST = 'mentions';

export interface Mentions {
  found: Employee[];
  active: number;
  pick: (employee: Employee) => void;
  onKeyDown: (event: KeyboardEvent) => void;
  /** What the field says of its list to screen readers. */
  aria: { 'aria-autocomplete': 'list'; 'aria-haspopup': 'listbox'; 'aria-controls'?: string; 'aria-activedescendant'?: string };
}

/** Whom a message that begins with `@` may be for: picked with the arrows and Enter or Tab; Escape leaves it as it is written. */
export function useMentions(employees: Employee[], value: string, onChange: (value: string) => void): Mentions {
  const begun = nameBegun(value);
  const [place, setPlace] = useState(0);
  const [left, setLeft] = useState<string>();

  useEffect(() => setPlace(0), [begun]);

  const found = begun === undefined || left === value ? [] : employees.filter(({ slug, title }) => (
    slug.startsWith(begun) || title.toLowerCase().split(/\s+/).some((word) => word.startsWith(begun))));
  const active = Math.min(place, found.length - 1);
  const pick = ({ slug }: Employee) => onChange(`@${slug} `);

  function onKeyDown(event: KeyboardEvent) {
    const chosen = found[active];
    if (!chosen || event.nativeEvent.isComposing || event.shiftKey) return;
    if (event.key === 'ArrowDown') setPlace((active + 1) % found.length);
    else if (event.key === 'ArrowUp') setPlace((active + found.length - 1) % found.length);
    else if (event.key === 'Enter' || event.key === 'Tab') pick(chosen);
    else if (event.key === 'Escape') setLeft(value);
    else return;
    event.preventDefault();
  }

  const isOpen = found.length > 0;
  return {
    found, active, pick, onKeyDown,
    aria: {
      'aria-autocomplete': 'list', 'aria-haspopup': 'listbox',
      ...(isOpen && { 'aria-controls': LIST, 'aria-activedescendant': optionId(active) }),
    },
  };
}

/** The list itself. The focus stays in the field. */
export function MentionList({ found, active, pick }: Mentions) {
  return (
    <>
      <span className="for-ears" role="status">{found.length > 0 && `${found.length} to choose from`}</span>
      {found.length > 0 && (
        <ul id={LIST} className="mentions" role="listbox" aria-label="Employees" data-testid="mentions">
          {found.map((employee, place) => (
            <li key={employee.slug} id={optionId(place)} role="option" aria-selected={place === active}
              // Before the field loses the focus.
              onPointerDown={(event) => { event.preventDefault(); pick(employee); }}>
              <span className="mention-title">{employee.title}</span>
              <span className="quiet">@{employee.slug}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function optionId(place: number): string {
  return `${LIST}-${place}`;
}
