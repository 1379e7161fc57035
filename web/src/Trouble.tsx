import { useState } from 'react';
import type { Metadata } from './conversation.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { explain } from './problem.ts';

interface Props {
  status: Metadata['status'];
  /** Why the stream ended, if it ended in an error just now. */
  error: Error | undefined;
  onCheck: () => Promise<void>;
  onAskAgain: () => void;
}

/** Below the last answer, which is not whole: what happened, and the ways on. */
export function Trouble({ status, error, onCheck, onAskAgain }: Props) {
  const [notYet, setNotYet] = useState<string>();
  const askAgain = { label: 'Ask again', run: onAskAgain };

  if (status === 'disconnected') {
    // The answer does not depend on the connection: the server finishes and keeps it.
    const check = () => void onCheck().catch((failure: unknown) => setNotYet(explain(failure)));
    const text = notYet ?? 'The connection was lost. The answer is still being written and will be kept.';
    return <ErrorNote text={text} actions={[{ label: 'Check again', run: check }, askAgain]} />;
  }
  if (error) return <ErrorNote text={explain(error)} actions={[askAgain]} />;
  return <button type="button" className="button small" onClick={onAskAgain}>{askAgain.label}</button>;
}
