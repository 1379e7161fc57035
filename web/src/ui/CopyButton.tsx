import { useState } from 'react';

/** Milliseconds for which the button shows the result. */
const RESULT_SHOWN_FOR = 1500;

export function CopyButton({ text }: { text: string }) {
  const [label, setLabel] = useState('Copy');

  async function copy() {
    await navigator.clipboard.writeText(text).then(() => setLabel('Copied'), () => setLabel('Copying is not allowed'));
    setTimeout(() => setLabel('Copy'), RESULT_SHOWN_FOR);
  }

  return <button type="button" className="text-button" aria-live="polite" onClick={() => void copy()}>{label}</button>;
}
