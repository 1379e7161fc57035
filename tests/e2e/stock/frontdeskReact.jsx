// A page with the components of @frontdesk/react, as it is published.
import { Chat, FrontdeskProvider, SessionList } from '@frontdesk/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const { api, token, chat } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

function App() {
  const [session, setSession] = useState(chat || undefined);
  const [version, setVersion] = useState(0);
  const open = (id) => {
    setSession(id);
    const settings = new URLSearchParams({ api, token, chat: id ?? '' });
    history.replaceState(null, '', `#${settings}`);
  };
  return (
    <FrontdeskProvider url={api} token={() => token}>
      <div style={{ display: 'flex', blockSize: '30rem' }}>
        <SessionList current={session} onSelect={open} version={version} />
        <Chat heading="The desk" session={session} onSession={open} onFinish={() => setTimeout(() => setVersion((n) => n + 1), 500)} />
      </div>
    </FrontdeskProvider>
  );
}

createRoot(document.body.appendChild(document.createElement('div'))).render(<StrictMode><App /></StrictMode>);
