/**
 * Keeps the keyboard's place when the focused element goes away: a dialog that is open gets the focus, otherwise what `fallback`
 * finds. Without this, the next Tab would begin at the top of the page. Returns a function that ends it.
 */
export function keepFocus(fallback: () => HTMLElement | null): () => void {
  let last: Element | null = null;
  const remember = ({ target }: FocusEvent) => { last = target instanceof Element ? target : null; };
  const restore = () => {
    if (document.activeElement !== document.body || !last || canHaveFocus(last)) return;
    last = null;
    const dialog = [...document.querySelectorAll<HTMLElement>('dialog:modal')].at(-1);
    (dialog ? dialog.querySelector<HTMLElement>('button, input, textarea, [tabindex="0"]') : fallback())?.focus();
  };
  // In the next frame: the component that took the element away may place the focus itself.
  const observer = new MutationObserver(() => last && document.activeElement === document.body && requestAnimationFrame(restore));
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ['disabled', 'open', 'hidden'] });
  document.addEventListener('focusin', remember);
  return () => {
    observer.disconnect();
    document.removeEventListener('focusin', remember);
  };
}

function canHaveFocus(element: Element): boolean {
  return element.isConnected && element.checkVisibility() && !element.matches(':disabled');
}
