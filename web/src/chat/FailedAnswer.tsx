import { useState } from 'react';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { useTexts } from '../language/language.ts';
import type { MessageMetadata } from './messages.ts';

interface Props {
  status: MessageMetadata['status'];
  /** Error that just ended the stream, if any. */
  error: Error | undefined;
  onCheck: () => Promise<void>;
  onRegenerate: () => void;
}

/** Explains an incomplete last answer and offers the next steps. */
export function FailedAnswer({ status, error, onCheck, onRegenerate }: Props) {
  const { answer: texts } = useTexts();
  const [checkError, setCheckError] = useState<string>();
  const askAgain = { label: texts.askAgain, run: onRegenerate };

  if (status === 'disconnected') {
    // The server finishes and stores the answer without a connection.
    const check = () => void onCheck().catch((failure: unknown) => setCheckError(describeError(failure)));
    const text = checkError ?? texts.disconnected;
    return <ErrorNote text={text} actions={[{ label: texts.checkAgain, run: check }, askAgain]} />;
  }
  if (error) return <ErrorNote text={describeError(error)} actions={[askAgain]} />;
  return <button type="button" className="button small" onClick={onRegenerate}>{askAgain.label}</button>;
}
