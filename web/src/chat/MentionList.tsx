import { useEffect, useState, type KeyboardEvent } from 'react';
import type { Employee } from '../api/api.ts';
import { useTexts } from '../language/language.ts';
import { mentionPrefix } from './mentions.ts';

const LIST_ID = 'mentions';

export interface MentionListState {
  matches: Employee[];
  /** Index of the selected match. */
  selected: number;
  pick: (employee: Employee) => void;
  onKeyDown: (event: KeyboardEvent) => void;
  /** Attributes that connect the text field with the list for screen readers. */
  aria: { 'aria-autocomplete': 'list'; 'aria-haspopup': 'listbox'; 'aria-controls'?: string; 'aria-activedescendant'?: string };
}

/** Completes a leading `@name`: the arrow keys select, Enter or Tab picks, Escape closes the list. */
export function useMentionList(employees: Employee[], value: string, onChange: (value: string) => void): MentionListState {
  const prefix = mentionPrefix(value);
  const [index, setIndex] = useState(0);
  /** Text for which the user closed the list. */
  const [dismissed, setDismissed] = useState<string>();

  useEffect(() => setIndex(0), [prefix]);

  const matches = prefix === undefined || dismissed === value ? [] : employees.filter(({ slug, title }) => (
    slug.startsWith(prefix) || title.toLowerCase().split(/\s+/).some((word) => word.startsWith(prefix))));
  const selected = Math.min(index, matches.length - 1);
  const pick = ({ slug }: Employee) => onChange(`@${slug} `);

  function onKeyDown(event: KeyboardEvent) {
    const match = matches[selected];
    if (!match || event.nativeEvent.isComposing || event.shiftKey) return;
    if (event.key === 'ArrowDown') setIndex((selected + 1) % matches.length);
    else if (event.key === 'ArrowUp') setIndex((selected + matches.length - 1) % matches.length);
    else if (event.key === 'Enter' || event.key === 'Tab') pick(match);
    else if (event.key === 'Escape') setDismissed(value);
    else return;
    event.preventDefault();
  }

  const isOpen = matches.length > 0;
  return {
    matches, selected, pick, onKeyDown,
    aria: {
      'aria-autocomplete': 'list', 'aria-haspopup': 'listbox',
      ...(isOpen && { 'aria-controls': LIST_ID, 'aria-activedescendant': optionId(selected) }),
    },
  };
}

/** Employees that match a mention. The focus stays in the text field. */
export function MentionList({ matches, selected, pick }: MentionListState) {
  const { chat: texts } = useTexts();
  return (
    <>
      <span className="visually-hidden" role="status">{matches.length > 0 && texts.choices(matches.length)}</span>
      {matches.length > 0 && (
        <ul id={LIST_ID} className="mentions" role="listbox" aria-label={texts.employees} data-testid="mentions">
          {matches.map((employee, index) => (
            <li key={employee.slug} id={optionId(index)} role="option" aria-selected={index === selected}
              // Not `onClick`: by then the field would have lost the focus.
              onPointerDown={(event) => { event.preventDefault(); pick(employee); }}>
              <span className="mention-title">{employee.title}</span>
              <span className="muted">@{employee.slug}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function optionId(index: number): string {
  return `${LIST_ID}-${index}`;
}
