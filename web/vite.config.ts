import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const worker = `http://127.0.0.1:${process.env['FRONTDESK_PORT'] ?? 8787}`;

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    // The browsers the page is built for preload modules themselves.
    modulePreload: { polyfill: false },
    // Swagger UI, which /docs alone loads.
    chunkSizeWarningLimit: 1700,
    rolldownOptions: {
      input: {
        page: `${import.meta.dirname}/index.html`, docs: `${import.meta.dirname}/docs.html`, admin: `${import.meta.dirname}/admin.html`,
      },
      output: {
        // Apart from the page, so that a new version of the page leaves it in the browser's cache.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            // What every part of the page needs, in one file instead of twenty.
            { name: 'base', test: /web\/src\/(api|ui(?!\/(Dialog|InlineEditor|JsonView|CopyButton))|language\/(en|language|format))|client\/src/ },
          ],
        },
      },
    },
  },
  // `vite web` serves the page with hot reload and leaves the rest to the running stack.
  server: { proxy: { '/api': worker, '/config.json': worker } },
});
