import { useTexts } from '../language/language.ts';

/** Thoughts of the model before its answer, folded. They are not stored: a reload shows the answer alone. */
export function Thoughts({ text, isStreaming }: { text: string, isStreaming: boolean }) {
  const { answer: texts } = useTexts();
  return (
    <details className="thoughts" data-testid="thoughts">
      <summary>{isStreaming ? texts.thinking : texts.thoughts}</summary>
      <p>{text}</p>
    </details>
  );
}
