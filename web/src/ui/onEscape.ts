import type { KeyboardEvent } from 'react';

/** Closes one thing on Escape. What is around it, such as a dialog, stays open. */
export function onEscape(close: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    // During input-method composition Escape drops the candidates.
    if (event.key !== 'Escape' || event.nativeEvent.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
}
