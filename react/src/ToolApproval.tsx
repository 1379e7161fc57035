import { getToolName, type ToolUIPart, type DynamicToolUIPart } from 'ai';
import { useState } from 'react';

export interface ToolApprovalProps {
  /** A call that waits for its user. */
  part: ToolUIPart | DynamicToolUIPart;
  onDecide: (approval: string, isAllowed: boolean) => void;
}

/** Asks the user whether a call may run, with its arguments. Nothing but the two buttons decides. */
export function ToolApproval({ part, onDecide }: ToolApprovalProps) {
  const [isDecided, setIsDecided] = useState(false);
  const name = getToolName(part);
  if (part.state !== 'approval-requested') return null;
  const { id } = part.approval;
  const decide = (isAllowed: boolean) => {
    setIsDecided(true);
    onDecide(id, isAllowed);
  };
  return (
    <div className="card" role="group" aria-label={`Permission for ${name}`}>
      <p>May <strong>{name}</strong> run?</p>
      <details><summary>Details</summary><pre tabIndex={0}><code>{JSON.stringify(part.input, null, 2)}</code></pre></details>
      <div className="row">
        <button type="button" className="main" disabled={isDecided} onClick={() => decide(true)}>Allow</button>
        <button type="button" disabled={isDecided} onClick={() => decide(false)}>Deny</button>
      </div>
    </div>
  );
}
