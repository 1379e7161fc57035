import { useState, type FormEvent } from 'react';
import type { Rating as Rated } from '../api/rows.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { useTexts } from '../language/language.ts';
import { Icon } from '../ui/Icon.tsx';
import { onEscape } from '../ui/onEscape.ts';
import type { Lookups } from './lookups.ts';

interface Props extends Pick<Lookups, 'rate' | 'unrate'> {
  /** Id of the rated answer. */
  message: string;
  /** The stored rating. */
  stored: Rated | undefined;
}

/** Rates an answer, with a comment if the user has one. A second click takes the rating back. */
export function Rating({ message, stored, rate, unrate }: Props) {
  const { answer: texts } = useTexts();
  const [rating, setRating] = useState(stored);
  const [comment, setComment] = useState<string>();
  const [error, setError] = useState<string>();

  async function change(next: Rated | undefined) {
    const before = rating;
    setRating(next);
    setError(undefined);
    try {
      await (next ? rate(message, next) : unrate(message));
      // A bad answer is worth a question, a good one is not.
      setComment(next?.rating === 'down' && !next.comment ? '' : undefined);
    } catch (failure) {
      setRating(before);
      setError(describeError(failure));
    }
  }

  function sendComment(event: FormEvent) {
    event.preventDefault();
    if (rating && comment?.trim()) void change({ ...rating, comment: comment.trim() });
    else setComment(undefined);
  }

  return (
    <>
      {(['up', 'down'] as const).map((value) => (
        <button key={value} type="button" className="text-button rating" aria-pressed={rating?.rating === value} aria-label={texts.ratings[value]}
          title={texts.ratings[value]} data-testid={`rate-${value}`}
          onClick={() => void change(rating?.rating === value ? undefined : { rating: value })}>
          <Icon name={value === 'up' ? 'thumbUp' : 'thumbDown'} />
        </button>
      ))}
      {comment !== undefined && (
        <form className="rating-comment" onSubmit={sendComment} onKeyDown={onEscape(() => setComment(undefined))}>
          <input value={comment} maxLength={2000} autoFocus dir={comment ? 'auto' : undefined} placeholder={texts.optional} aria-label={texts.whatWasWrong}
            data-testid="rating-comment" onChange={(event) => setComment(event.target.value)} />
          <button className="button small">{comment.trim() ? texts.sendComment : texts.skip}</button>
        </form>
      )}
      {error && <ErrorNote text={error} />}
    </>
  );
}
