/** Code and formulas, in the order in which they are tried: what is inside of code is no formula. */
const MARKS = new RegExp([
  // A fenced block, also one that has not ended yet.
  /^[ \t]*(?<fence>`{3,}|~{3,})[\s\S]*?(?:^[ \t]*\k<fence>[`~]*[ \t]*$|$(?![\s\S]))/,
  /(?<!`)(?<ticks>`+)(?!`)[\s\S]*?(?<!`)\k<ticks>(?!`)/,
  /\$\$[\s\S]*?\$\$/,
  /(?<!\\)\\\[(?<block>[\s\S]+?)\\\]/,
  /(?<!\\)\\\((?<inline>[^\n]+?)\\\)/,
  // One dollar sign as in Pandoc: no blank inside of it, no digit after it, so that prices stay text.
  /(?<![\\$\w])\$(?![\s$])(?<dollar>(?:[^$\n\\]|\\.)*?)(?<=[^\s\\])\$(?![\d$])/,
].map(({ source }) => source).join('|'), 'gm');

/** Two dollar signs. Written so, since `$$` in a replacement is one. */
const MARK = '$'.repeat(2);

/** Writes the marks of formulas that models use, `\(…\)`, `\[…\]` and `$…$`, in the one form that the Markdown parser takes. */
export function unifyMathMarks(markdown: string): string {
  if (!/[$\\]/.test(markdown)) return markdown;
  return markdown.replace(MARKS, (whole: string, ...rest: unknown[]) => {
    const { block, inline, dollar } = rest.at(-1) as Record<'block' | 'inline' | 'dollar', string | undefined>;
    if (block !== undefined) return `\n${MARK}\n${block.trim()}\n${MARK}\n`;
    const formula = inline ?? dollar;
    return formula === undefined ? whole : MARK + formula.trim() + MARK;
  });
}
