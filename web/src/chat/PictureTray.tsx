import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { Icon } from '../ui/Icon.tsx';
import type { Picture, Pictures } from './usePictures.ts';

interface Props {
  pictures: Pictures;
  /** Moves the focus away from a button that is about to disappear. */
  onLeave: () => void;
}

/** Pictures of the next message. Each is uploaded only after the user has agreed to the privacy notice. */
export function PictureTray({ pictures: { list, upload, remove }, onLeave }: Props) {
  if (list.length === 0) return null;

  function leaveAnd(action: () => void) {
    onLeave();
    action();
  }

  return (
    <ul className="pictures" aria-label="Pictures for your message" aria-live="polite">
      {list.map((picture) => (
        <li key={picture.key} className="picture" data-testid="picture" data-state={picture.state}>
          <div className="picture-header">
            <Icon name="attach" />
            <bdi className="picture-name" title={picture.file.name}>{picture.file.name}</bdi>
            {picture.state === 'uploading' && <span className="muted">Sending…</span>}
            {picture.state !== 'uploading' && (
              <button type="button" className="text-button" aria-label={`Remove ${picture.file.name}`} title="Remove"
                onClick={() => leaveAnd(() => remove(picture.key))}>
                <Icon name="close" />
              </button>
            )}
          </div>
          {picture.state === 'unconfirmed' && <PrivacyNotice picture={picture} onAgree={() => leaveAnd(() => upload(picture.key))} />}
        </li>
      ))}
    </ul>
  );
}

function PrivacyNotice({ picture: { error }, onAgree }: { picture: Picture; onAgree: () => void }) {
  return (
    <>
      <p className="muted">
        A picture cannot be masked before the model sees it. It is kept encrypted for a day; its text is kept masked.
      </p>
      <button type="button" className="button small" onClick={onAgree} data-testid="attach-picture">
        {error === undefined ? 'Attach it' : 'Try again'}
      </button>
      {error !== undefined && <ErrorNote text={describeError(error)} />}
    </>
  );
}
