import { focusComposer } from './Composer.tsx';
import { ErrorNote } from './ErrorNote.tsx';
import { Icon } from './Icon.tsx';
import { explain } from './problem.ts';
import type { Picture, Pictures } from './usePictures.ts';

/** The pictures of the next message: each is agreed to before it leaves this device. */
export function PictureTray({ pictures: { list, send, drop } }: { pictures: Pictures }) {
  if (list.length === 0) return null;

  function leave(then: () => void) {
    // The button that had the focus goes.
    focusComposer();
    then();
  }

  return (
    <ul className="pictures" aria-label="Pictures for your message" aria-live="polite">
      {list.map((picture) => (
        <li key={picture.key} className="picture" data-testid="picture" data-state={picture.state}>
          <div className="picture-head">
            <Icon name="attach" />
            <bdi className="picture-name" title={picture.file.name}>{picture.file.name}</bdi>
            {picture.state === 'sending' && <span className="quiet">Sending…</span>}
            {picture.state !== 'sending' && (
              <button type="button" className="quiet-button" aria-label={`Remove ${picture.file.name}`} title="Remove"
                onClick={() => leave(() => drop(picture.key))}>
                <Icon name="close" />
              </button>
            )}
          </div>
          {picture.state === 'asked' && <Notice picture={picture} onAgree={() => leave(() => send(picture.key))} />}
        </li>
      ))}
    </ul>
  );
}

/** What becomes of a picture, said before it is sent. */
function Notice({ picture: { error }, onAgree }: { picture: Picture; onAgree: () => void }) {
  return (
    <>
      <p className="quiet">
        A picture cannot be masked before the model sees it. It is kept sealed for a day; its text is kept masked.
      </p>
      <button type="button" className="button small" onClick={onAgree} data-testid="attach-picture">
        {error === undefined ? 'Attach it' : 'Try again'}
      </button>
      {error !== undefined && <ErrorNote text={explain(error)} />}
    </>
  );
}
