import { useTexts } from '../language/language.ts';
import { Icon } from '../ui/Icon.tsx';
import { onEscape } from '../ui/onEscape.ts';

const FIELD_ID = 'search';

export function focusSearch(): void {
  document.getElementById(FIELD_ID)?.focus();
}

export function isSearchVisible(): boolean {
  return document.getElementById(FIELD_ID)?.checkVisibility() ?? false;
}

/** Searches conversations. Escape empties it first. */
export function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { sidebar } = useTexts();
  return (
    <label className="search-field">
      <Icon name="search" />
      <input id={FIELD_ID} type="search" value={value} placeholder={sidebar.search} aria-label={sidebar.searchLabel}
        aria-keyshortcuts="Control+K Meta+K" maxLength={200} dir={value ? 'auto' : undefined} data-testid="search"
        onChange={(event) => onChange(event.target.value)} onKeyDown={value ? onEscape(() => onChange('')) : undefined} />
    </label>
  );
}
