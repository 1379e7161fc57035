import { toJsxRuntime } from 'hast-util-to-jsx-runtime';
import { common, createLowlight } from 'lowlight';
import type { ReactNode } from 'react';
import { Fragment, jsx, jsxs } from 'react/jsx-runtime';

const lowlight = createLowlight(common);

/** Code as elements with a class for each kind of word; undefined for a language that is not known. */
export function highlight(code: string, language: string): ReactNode {
  return lowlight.registered(language) ? toJsxRuntime(lowlight.highlight(language, code), { Fragment, jsx, jsxs }) : undefined;
}
