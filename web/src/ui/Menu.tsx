import { useId, useRef, type ReactNode, type ToggleEvent } from 'react';

/** Pixels between a menu and the edge of the window. */
const MARGIN = 8;

interface Item {
  label: string;
  isDangerous?: boolean;
  run: () => void;
}

interface Props {
  label: string;
  items: Item[];
  /** Class of the button. */
  className?: string;
  children: ReactNode;
}

/**
 * A button that opens a list of actions. The browser closes the list on Escape and on a click elsewhere, and gives the focus back to
 * the button.
 */
export function Menu({ label, items, className = 'menu-opener', children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  /** Places the list below its button, or above it where there is no room. */
  function place({ newState }: ToggleEvent) {
    if (newState !== 'open' || !button.current || !list.current) return;
    const { top, bottom, right } = button.current.getBoundingClientRect();
    const { offsetWidth, offsetHeight, style } = list.current;
    const isBelow = bottom + offsetHeight + MARGIN <= window.innerHeight;
    style.top = `${isBelow ? bottom : Math.max(MARGIN, top - offsetHeight)}px`;
    style.left = `${Math.min(Math.max(MARGIN, right - offsetWidth), window.innerWidth - offsetWidth - MARGIN)}px`;
    list.current.querySelector('button')?.focus();
  }

  function moveFocus(event: React.KeyboardEvent) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const buttons = [...event.currentTarget.querySelectorAll('button')];
    const at = buttons.findIndex((one) => one === document.activeElement);
    buttons.at((at + by) % buttons.length)?.focus();
  }

  return (
    <>
      <button ref={button} type="button" className={className} aria-label={label} title={label} popoverTarget={id}>{children}</button>
      <div ref={list} id={id} popover="auto" className="menu" role="group" aria-label={label} onToggle={place} onKeyDown={moveFocus}>
        {items.map(({ label: action, isDangerous, run }) => (
          <button key={action} type="button" className={isDangerous ? 'danger' : undefined}
            onClick={() => { list.current?.hidePopover(); run(); }}>
            {action}
          </button>
        ))}
      </div>
    </>
  );
}
