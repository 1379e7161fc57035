import { useCallback, useState } from 'react';
import type { Api } from '../api/api.ts';

/** A picture that was picked for the next message. */
export interface Picture {
  key: string;
  file: File;
  /** `unconfirmed`: the privacy notice is shown, and the user has not agreed yet. */
  state: 'unconfirmed' | 'uploading' | 'ready';
  /** The server's id of an uploaded picture. */
  id?: string;
  /** Error of the last upload. */
  error?: unknown;
}

export interface Pictures {
  list: Picture[];
  pick: (files: Iterable<File>) => void;
  /** Uploads a picture after the user has agreed to the notice. */
  upload: (key: string) => void;
  remove: (key: string) => void;
  /** Removes the uploaded pictures from the list and returns them for a message. */
  takeReady: () => Picture[];
  putBack: (pictures: Picture[]) => void;
}

export function usePictures(api: Api): Pictures {
  const [list, setList] = useState<Picture[]>([]);

  const update = useCallback((key: string, fields: Partial<Picture>) => {
    setList((pictures) => pictures.map((picture) => (picture.key === key ? { ...picture, ...fields } : picture)));
  }, []);

  function upload(key: string) {
    const picture = list.find((one) => one.key === key);
    if (!picture) return;
    update(key, { state: 'uploading', error: undefined });
    api.uploadFile(picture.file).then(
      ({ id }) => update(key, { state: 'ready', id }),
      (error: unknown) => update(key, { state: 'unconfirmed', error }),
    );
  }

  function takeReady(): Picture[] {
    const ready = list.filter(({ state }) => state === 'ready');
    setList(list.filter(({ state }) => state !== 'ready'));
    return ready;
  }

  return {
    list, upload, takeReady,
    pick: (files) => {
      const picked = [...files].map((file): Picture => ({ key: crypto.randomUUID(), file, state: 'unconfirmed' }));
      setList((pictures) => [...pictures, ...picked]);
    },
    remove: (key) => setList((pictures) => pictures.filter((picture) => picture.key !== key)),
    putBack: (pictures) => setList((later) => [...pictures, ...later]),
  };
}
