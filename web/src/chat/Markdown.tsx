import { memo, useMemo, useState } from 'react';
import ReactMarkdown, { type Components, type ExtraProps, type Options } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import remarkMath from 'remark-math';
import { useTexts } from '../language/language.ts';
import { Code } from './Code.tsx';
import { Formula } from './Formula.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { download } from '../ui/download.ts';
import { MaskedValue } from './MaskedValue.tsx';
import { MASKED_ELEMENT, rehypeMasked, type Splitter } from './maskedValues.ts';
import { markdownBlocks } from './markdownBlocks.ts';
import { unifyMathMarks } from './mathMarks.ts';

/** A component for an element that no HTML has. */
type Component = (props: ExtraProps & { children?: React.ReactNode }) => React.ReactNode;

type Element = NonNullable<ExtraProps['node']>;

const PLUGINS = [remarkGfm, [remarkMath, { singleDollarTextMath: false }]] satisfies Options['remarkPlugins'];

/** Language that the parser gives to formulas. */
const MATH = 'math';

const COMPONENTS: Components & Record<typeof MASKED_ELEMENT, Component> = {
  a: ({ href, children }) => <Link href={href}>{children}</Link>,
  // An image loads without a click: a prompt injection could make the model put private text into its URL. A link needs a click.
  img: ({ src, alt }) => <Link href={src}>{alt || src}</Link>,
  pre: ({ node }) => {
    const language = languageOf(node);
    return language === MATH ? <Formula source={nodeText(node)} isBlock /> : <CodeBlock language={language} text={nodeText(node)} />;
  },
  code: ({ node, children }) => (classesOf(node).includes(`language-${MATH}`) ? <Formula source={nodeText(node)} isBlock={false} /> : <code>{children}</code>),
  [MASKED_ELEMENT]: ({ node, children }) => (
    <MaskedValue placeholders={String(node?.properties['placeholders']).split(' ')} isRepeated={Boolean(node?.properties['isRepeated'])}>{children}</MaskedValue>
  ),
  table: ({ children }) => <div className="table-scroller" tabIndex={0}><table>{children}</table></div>,
};

/** Renders the Markdown of an answer. Raw HTML stays text. */
export function Markdown({ text, split }: { text: string; split: Splitter | undefined }) {
  const plugins = useMemo(() => split && [rehypeMasked(split)], [split]);
  return markdownBlocks(unifyMathMarks(text)).map((block, index) => <Block key={index} text={block} plugins={plugins} />);
}

/** Memoized: of an arriving answer, only the last block is parsed again. */
const Block = memo(function Block({ text, plugins }: { text: string; plugins: Options['rehypePlugins'] }) {
  return <ReactMarkdown remarkPlugins={PLUGINS} rehypePlugins={plugins} components={COMPONENTS}>{text}</ReactMarkdown>;
});

/** A link to another site, in a tab of its own. Any other one would open this page a second time: it stays text. */
function Link({ href, children }: { href: unknown; children: React.ReactNode }) {
  const isElsewhere = typeof href === 'string' && /^(?:https?|mailto|tel):/i.test(href);
  return isElsewhere ? <a href={href} target="_blank" rel="noopener noreferrer">{children}</a> : <span>{children}</span>;
}

function CodeBlock({ language, text }: { language: string; text: string }) {
  const { answer, common } = useTexts();
  const [isWrapped, setIsWrapped] = useState(false);
  return (
    <div className="code-block" dir="ltr">
      <div className="code-header">
        <span>{language}</span>
        <span>
          <button type="button" className="text-button" aria-pressed={isWrapped} onClick={() => setIsWrapped(!isWrapped)}>{answer.wrap}</button>
          <button type="button" className="text-button" onClick={() => download(new Blob([text], { type: 'text/plain' }), `code.${language || 'txt'}`)}>
            {common.download}
          </button>
          <CopyButton text={text} />
        </span>
      </div>
      <pre tabIndex={0} className={isWrapped ? 'wrapped' : undefined}><Code text={text} language={language} /></pre>
    </div>
  );
}

/** Language of a code block, which react-markdown keeps as a class of the `code` element. */
function languageOf(pre: Element | undefined): string {
  return classesOf(pre?.children.find((child) => child.type === 'element'))[0]?.replace('language-', '') ?? '';
}

function classesOf(node: Element | undefined): string[] {
  const classes = node?.properties['className'];
  return Array.isArray(classes) ? classes.map(String) : [];
}

function nodeText(node: Element | Element['children'][number] | undefined): string {
  if (!node) return '';
  if ('children' in node) return node.children.map(nodeText).join('');
  return node.type === 'text' ? node.value : '';
}
