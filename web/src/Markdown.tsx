import ReactMarkdown, { type Components, type ExtraProps } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { CopyButton } from './CopyButton.tsx';

type Element = NonNullable<ExtraProps['node']>;

const PLUGINS = [remarkGfm];

const COMPONENTS: Components = {
  a: ({ href, children }) => <a href={href} target="_blank" rel="noopener noreferrer">{children}</a>,
  // An image loads without a click: a prompt injection could make the model put private text into its URL. A link needs a click.
  img: ({ src, alt }) => <a href={src} target="_blank" rel="noopener noreferrer">{alt || src}</a>,
  pre: ({ node, children }) => (
    <div className="code-block">
      <div className="code-header">
        <span>{languageOf(node)}</span>
        <CopyButton text={nodeText(node)} />
      </div>
      <pre tabIndex={0}>{children}</pre>
    </div>
  ),
  table: ({ children }) => <div className="table-scroller" tabIndex={0}><table>{children}</table></div>,
};

/** Renders the Markdown of an answer. Raw HTML stays text. */
export default function Markdown({ text }: { text: string }) {
  return <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>{text}</ReactMarkdown>;
}

/** Language of a code block, which react-markdown keeps as a class of the `code` element. */
function languageOf(pre: Element | undefined): string {
  const code = pre?.children.find((child) => child.type === 'element');
  const classes = code?.properties['className'];
  return Array.isArray(classes) ? String(classes[0]).replace('language-', '') : '';
}

function nodeText(node: Element | Element['children'][number] | undefined): string {
  if (!node) return '';
  if ('children' in node) return node.children.map(nodeText).join('');
  return node.type === 'text' ? node.value : '';
}
