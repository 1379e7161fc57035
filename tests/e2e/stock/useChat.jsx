// A page with `useChat` as its documentation has it. `ai` and `@ai-sdk/react` are those of the version that is tested.
import { useChat } from '@ai-sdk/react';
import * as ai from 'ai';
import { createRoot } from 'react-dom/client';

const { api, token, chat } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const headers = { authorization: `Bearer ${token}` };

const textOf = ({ parts }) => parts.filter(({ type }) => type === 'text').map(({ text }) => text).join('');

function Calls({ parts, decide }) {
  return parts.filter(({ type }) => type.startsWith('tool-')).map((part) => (
    <div key={part.toolCallId} data-testid="call" data-state={part.state}>
      {part.state === 'approval-requested' && [true, false].map((approved) => (
        <button key={String(approved)} onClick={() => decide({ id: part.approval.id, approved })}>{approved ? 'Allow' : 'Deny'}</button>
      ))}
    </div>
  ));
}

function App() {
  const { messages, sendMessage, regenerate, status, error, stop, addToolApprovalResponse } = useChat({
    id: chat,
    resume: true,
    transport: new ai.DefaultChatTransport({ api: `${api}/api/chat`, headers }),
    // Version 5 has no approvals.
    sendAutomaticallyWhen: ai.lastAssistantMessageIsCompleteWithApprovalResponses,
  });
  // Closing the connection alone would not end the answer.
  const stopAnswer = async () => {
    await fetch(`${api}/api/chat/${chat}/stop`, { method: 'POST', headers });
    await stop();
  };
  const send = (event) => {
    event.preventDefault();
    sendMessage({ text: new FormData(event.target).get('text') });
  };
  return (
    <main>
      {messages.map((message) => (
        <article key={message.id} data-testid={message.role} data-employee={message.metadata?.employee}>
          <p>{textOf(message)}</p>
          <Calls parts={message.parts} decide={addToolApprovalResponse} />
        </article>
      ))}
      <form onSubmit={send}><input name="text" aria-label="Message" /><button>Send</button></form>
      <button onClick={stopAnswer}>Stop</button>
      <button onClick={() => regenerate()}>Again</button>
      <output data-testid="status">{status}</output>
      <output data-testid="error">{error?.message}</output>
    </main>
  );
}

createRoot(document.body.appendChild(document.createElement('div'))).render(<App />);
