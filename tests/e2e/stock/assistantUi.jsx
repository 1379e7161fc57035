// A page with assistant-ui's primitives over its runtime for the AI SDK, as its documentation has them.
import { AssistantRuntimeProvider, ComposerPrimitive, MessagePrimitive, ThreadPrimitive } from '@assistant-ui/react';
import { AssistantChatTransport, useChatRuntime } from '@assistant-ui/react-ai-sdk';
import { createRoot } from 'react-dom/client';

const { api, token } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

const UserMessage = () => <MessagePrimitive.Root data-testid="user"><MessagePrimitive.Parts /></MessagePrimitive.Root>;
const AssistantMessage = () => (
  <MessagePrimitive.Root data-testid="assistant">
    <MessagePrimitive.Parts />
    <MessagePrimitive.Error><p data-testid="error">failed</p></MessagePrimitive.Error>
  </MessagePrimitive.Root>
);

function App() {
  const runtime = useChatRuntime({
    transport: new AssistantChatTransport({ api: `${api}/api/chat`, headers: { authorization: `Bearer ${token}` } }),
  });
  return (
    <AssistantRuntimeProvider runtime={runtime}>
      <ThreadPrimitive.Root>
        <ThreadPrimitive.Viewport>
          <ThreadPrimitive.Messages components={{ UserMessage, AssistantMessage }} />
        </ThreadPrimitive.Viewport>
        <ComposerPrimitive.Root>
          <ComposerPrimitive.Input aria-label="Message" />
          <ComposerPrimitive.Send>Send</ComposerPrimitive.Send>
          <ComposerPrimitive.Cancel>Stop</ComposerPrimitive.Cancel>
        </ComposerPrimitive.Root>
      </ThreadPrimitive.Root>
    </AssistantRuntimeProvider>
  );
}

createRoot(document.body.appendChild(document.createElement('div'))).render(<App />);
