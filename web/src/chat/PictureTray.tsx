import { useTexts } from '../language/language.ts';
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
  const { chat: texts, common } = useTexts();
  if (list.length === 0) return null;

  function leaveAnd(action: () => void) {
    onLeave();
    action();
  }

  return (
    <ul className="pictures" aria-label={texts.picturesToSend} aria-live="polite">
      {list.map((picture) => (
        <li key={picture.key} className="picture" data-testid="picture" data-state={picture.state}>
          <div className="picture-header">
            <Icon name="attach" />
            <bdi className="picture-name" title={picture.file.name}>{picture.file.name}</bdi>
            {picture.state === 'uploading' && <span className="muted">{texts.sending}</span>}
            {picture.state !== 'uploading' && (
              <button type="button" className="text-button" aria-label={common.remove(picture.file.name)} title={common.remove(picture.file.name)}
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
  const { chat: texts, common } = useTexts();
  return (
    <>
      <p className="muted">
        {texts.privacyNotice}
      </p>
      <button type="button" className="button small" onClick={onAgree} data-testid="attach-picture">
        {error === undefined ? texts.attachIt : common.tryAgain}
      </button>
      {error !== undefined && <ErrorNote text={describeError(error)} />}
    </>
  );
}
