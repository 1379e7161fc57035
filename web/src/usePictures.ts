import { useCallback, useState } from 'react';
import type { Api } from './api.ts';

/** A picture that was picked for the next message. */
export interface Picture {
  key: string;
  file: File;
  /** `asked`: its user is told what becomes of it, and has not agreed yet. */
  state: 'asked' | 'sending' | 'ready';
  /** Once the server has it. */
  id?: string;
  /** Why the server did not take it. */
  error?: unknown;
}

export interface Pictures {
  list: Picture[];
  pick: (files: Iterable<File>) => void;
  /** Its user has read what becomes of it. */
  send: (key: string) => void;
  drop: (key: string) => void;
  /** Takes those that are ready out of the list, for the message that they go with. */
  take: () => Picture[];
  putBack: (pictures: Picture[]) => void;
}

export function usePictures(api: Api): Pictures {
  const [list, setList] = useState<Picture[]>([]);

  const change = useCallback((key: string, fields: Partial<Picture>) => {
    setList((pictures) => pictures.map((picture) => (picture.key === key ? { ...picture, ...fields } : picture)));
  }, []);

  function send(key: string) {
    const picture = list.find((one) => one.key === key);
    if (!picture) return;
    change(key, { state: 'sending', error: undefined });
    api.addFile(picture.file).then(
      ({ id }) => change(key, { state: 'ready', id }),
      (error: unknown) => change(key, { state: 'asked', error }),
    );
  }

  function take(): Picture[] {
    const ready = list.filter(({ state }) => state === 'ready');
    setList(list.filter(({ state }) => state !== 'ready'));
    return ready;
  }

  return {
    list, send, take,
    pick: (files) => {
      const picked = [...files].map((file): Picture => ({ key: crypto.randomUUID(), file, state: 'asked' }));
      setList((pictures) => [...pictures, ...picked]);
    },
    drop: (key) => setList((pictures) => pictures.filter((picture) => picture.key !== key)),
    putBack: (pictures) => setList((later) => [...pictures, ...later]),
  };
}
