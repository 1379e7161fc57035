/** Thoughts of the model before its answer, folded. They are not stored: a reload shows the answer alone. */
export function Thoughts({ text, isStreaming }: { text: string, isStreaming: boolean }) {
  return (
    <details className="thoughts" data-testid="thoughts">
      <summary>{isStreaming ? 'Thinking …' : 'Thoughts'}</summary>
      <p>{text}</p>
    </details>
  );
}
