import { useState } from 'react';
import { useTexts } from '../language/language.ts';

/** Milliseconds for which the button shows the result. */
const RESULT_SHOWN_FOR = 1500;

export function CopyButton({ text }: { text: string }) {
  const { common } = useTexts();
  const [result, setResult] = useState<'copied' | 'copyFailed'>();

  async function copy() {
    await navigator.clipboard.writeText(text).then(() => setResult('copied'), () => setResult('copyFailed'));
    setTimeout(() => setResult(undefined), RESULT_SHOWN_FOR);
  }

  return <button type="button" className="text-button" aria-live="polite" onClick={() => void copy()}>{common[result ?? 'copy']}</button>;
}
