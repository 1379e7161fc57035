import { useState } from 'react';

/** Milliseconds that the button says it has copied. */
const CONFIRMED_FOR = 1500;

export function CopyButton({ text }: { text: string }) {
  const [label, setLabel] = useState('Copy');

  async function copy() {
    await navigator.clipboard.writeText(text).then(() => setLabel('Copied'), () => setLabel('Copying is not allowed'));
    setTimeout(() => setLabel('Copy'), CONFIRMED_FOR);
  }

  return <button type="button" className="quiet-button" aria-live="polite" onClick={() => void copy()}>{label}</button>;
}
