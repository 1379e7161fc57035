// Accessibility of a page in a browser.
import assert from 'node:assert/strict';
import axe from 'axe-core';

/** Fails on what axe calls serious or critical. */
export async function check(page, where) {
  await page.evaluate(axe.source);
  // Colours are measured at the end of their transitions.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const violations = await page.evaluate(async () => {
    const found = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(' | ')}`);
  });
  assert.deepEqual(violations, [], where);
}
