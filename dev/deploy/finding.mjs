// What a check finds.

/**
 * `missing` stops the deployment; `warning` is told alone.
 * @typedef {{ state: 'ok' | 'warning' | 'missing', text: string }} Finding
 */

/** @typedef {{ deployment: import('./settings.mjs').Deployment, tools: import('./tools.mjs').Tools }} Context */

export const ok = (/** @type {string} */ text) => /** @type {Finding} */ ({ state: 'ok', text });
export const warning = (/** @type {string} */ text) => /** @type {Finding} */ ({ state: 'warning', text });
export const missing = (/** @type {string} */ text) => /** @type {Finding} */ ({ state: 'missing', text });
