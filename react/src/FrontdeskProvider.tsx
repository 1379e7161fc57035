import { createFrontdesk, type Frontdesk, type Options } from '@frontdesk/client';
import { createContext, useContext, useMemo, useRef, type ReactNode } from 'react';

export interface FrontdeskProviderProps {
  /** Address of the Worker. Default: the origin of the page. */
  url?: string;
  /** Access token of the user: see the options of `createFrontdesk`. It may be another function in each render. */
  token: NonNullable<Options['token']>;
  children: ReactNode;
}

interface Context {
  client: Frontdesk;
  options: Options;
}

const FrontdeskContext = createContext<Context | undefined>(undefined);

/** Gives its components and hooks a client. Give it a `key` of the user: one who signs in begins with nothing of the one before. */
export function FrontdeskProvider({ url = '', token, children }: FrontdeskProviderProps) {
  const latest = useRef(token);
  latest.current = token;
  const value = useMemo<Context>(() => {
    const options = { url, token: (refused?: string) => latest.current(refused) };
    return { client: createFrontdesk(options), options };
  }, [url]);
  return <FrontdeskContext.Provider value={value}>{children}</FrontdeskContext.Provider>;
}

/** The client of the provider around a component. */
export function useFrontdeskClient(): Frontdesk {
  return useFrontdeskContext().client;
}

export function useFrontdeskContext(): Context {
  const context = useContext(FrontdeskContext);
  if (!context) throw new Error('There is no <FrontdeskProvider> around this component.');
  return context;
}
